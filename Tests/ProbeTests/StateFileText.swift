import Glibc
import Support

/// A state file as Howdah writes it, with a knob for each line; `Tests/SidecarTests` shows that Howdah does.
struct StateFileText {
    var magic = StateFileLayout.magic
    var bootID = StateFileText.thisBoot
    /// Seconds since its verdict was confirmed.
    var age = 0.2
    var observer = "running"
    var role = "primary"
    var probes = ["liveness": "pass", "readiness": "pass", "read_write": "pass", "read_only": "pass"]
    var reason = "because"
    var servers: [String] = []
    var extra: [String] = []
    var end = StateFileLayout.end + "\n"

    /// The kernel's name for this boot.
    static let thisBoot: String = {
        let text = (try? TextFile.read(StateFileLayout.bootIDPath)) ?? ""
        return String(text.prefix { $0 != "\n" })
    }()

    var text: String {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        var lines = [
            magic, "boot-id \(bootID)", "written-boot-ns \(now - Int64(age * 1e9))",
            "written-wall-ns 1795249302114000000", "observer \(observer)", "revision 42", "state live",
            "phase running", "role \(role)",
        ]
        lines += StateFileLayout.probes.map { "probe \($0) \(probes[$0] ?? "fail") \($0) \(reason)" }
        lines += servers.map { "server \($0)" } + extra
        return lines.joined(separator: "\n") + "\n" + end
    }

    /// Writes it as the state file of a run directory.
    func write(to folder: String) throws { try TextFile.write(text, to: "\(folder)/\(StateFileLayout.fileName)") }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
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
