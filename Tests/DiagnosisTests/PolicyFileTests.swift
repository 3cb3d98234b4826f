import Diagnosis
import Testing

@Suite struct PolicyFileTests {
    @Test func everyKindOfLine() throws {
        let policy = try PolicyFile.parse(
            """
            # thresholds
            connections_near_full.used_ratio = 0.8
            connections_full.severity = 'warning'
            connections_full.read_write = fail   # un-ready when full

            liveness.unresponsive_seconds = 120
            """
        )
        #expect(policy.thresholds == ["connections_near_full": ["used_ratio": 0.8]])
        #expect(policy.severities == ["connections_full": .warning])
        #expect(policy.effects == ["connections_full": [.readWrite: .fail]])
        #expect(policy.number("liveness.unresponsive_seconds") == 120)
        #expect(policy.number("read_only.max_lag_bytes") == 1_073_741_824)
    }

    @Test(arguments: [
        ("nonsense", "line 1: expected `name = value`"),
        ("\nno_such_thing.severity = info", "line 2: unknown condition `no_such_thing`"),
        ("connections_full.colour = red", "line 1: connections_full has no `colour`; it has severity"),
        ("connections_full.severity = bad", "is not one of info, warning, critical"),
        ("connections_full.read_write = maybe", "is not one of pass, fail, hold"),
        ("connections_near_full.used_ratio = 7", "`7` is not a number from 0.1 to 1"),
        ("connections_near_full.used_ratio = nan", "`nan` is not a number"),
        ("liveness = 3", "unknown name `liveness`"),
        (
            "connections_full.severity = info\nconnections_full.severity = info",
            "line 2: connections_full.severity is set twice"
        ),
    ])
    func problemsNameLineAndWhatIsAccepted(text: String, expected: String) {
        #expect {
            try PolicyFile.parse(text)
        } throws: { error in
            "\(error)".contains(expected)
        }
    }

    @Test func anythingAtAllIsAnAnswer() {
        var generator = SplitMix64(seed: 11)
        let alphabet = Array("abc_.= #'\n\t0123456789é\u{0}connections_full.severity")
        for _ in 0..<2000 {
            let text = String(
                (0..<Int.random(in: 0..<60, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                }
            )
            _ = try? PolicyFile.parse(text)
        }
    }

    @Test func everyDefaultLiesWithinItsBounds() {
        for definition in Catalogue.definitions {
            for threshold in definition.thresholds { #expect(threshold.bounds.contains(threshold.value)) }
        }
        for number in Policy.general { #expect(number.bounds.contains(number.value)) }
    }
}

/// A seeded generator, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
