import Testing

@testable import Endpoints

private let parameters = [
    Parameter("format", .choice(["json", "text"]), ""), Parameter("verbose", .flag, ""),
    Parameter("wait", .seconds(60), ""),
    Parameter("since", .whole(0...UInt64.max), ""), Parameter("lag", .bytes, ""),
    Parameter("limit", .whole(1...256), ""),
]

@Suite struct QueryTests {
    @Test func valuesAreRead() throws {
        let query = try Query("format=text&verbose&wait=0.5&since=42&lag=10MB&limit=256", accepting: parameters)
        #expect(query.word("format") == "text")
        #expect(query.flag("verbose"))
        #expect(query.number("wait") == 0.5)
        #expect(query.whole("since") == 42)
        #expect(query.number("lag") == 10_485_760)
        #expect(query.whole("limit") == 256)
    }

    @Test(
        arguments: [
            ("lag=16384", 16_384), ("lag=16kB", 16_384), ("lag=1GB", 1_073_741_824), ("lag=0", 0),
            ("lag=1.5MB", 1_572_864),
            ("lag=10+MB", 10_485_760), ("lag=10%20MB", 10_485_760), ("lag=5B", 5), ("lag=2tb", 2_199_023_255_552),
        ] as [(String, Double)]
    ) func sizes(_ text: String, _ bytes: Double) throws {
        #expect(try Query(text[...], accepting: parameters).number("lag") == bytes)
    }

    /// Each is refused with words that say what is accepted.
    @Test(arguments: [
        (
            "colour=always",
            "'colour' is not a parameter of this path; accepted here: format, verbose, wait, since, lag, limit"
        ),
        ("wait=31536000", "'wait' is '31536000'; accepted: seconds from 0 to 60"),
        ("wait=-1", "'wait' is '-1'; accepted: seconds from 0 to 60"),
        ("wait=inf", "'wait' is 'inf'; accepted: seconds from 0 to 60"),
        ("wait=1e1", "'wait' is '1e1'; accepted: seconds from 0 to 60"),
        ("wait=", "'wait' is ''; accepted: seconds from 0 to 60"),
        ("since=18446744073709551616", "'since' is '18446744073709551616'; accepted: a whole number from 0"),
        ("limit=0", "'limit' is '0'; accepted: a whole number from 1 to 256"),
        ("format=xml", "'format' is 'xml'; accepted: json, text"),
        ("format=json&format=text", "'format' is given twice"),
        ("verbose=yes", "'verbose' is 'yes'; accepted: true, false, or nothing"),
        ("lag=10PB", "'lag' is '10PB'; accepted: a size such as 16384, 64kB, 10MB or 1GB"),
        ("lag=MB", "'lag' is 'MB'; accepted: a size such as 16384, 64kB, 10MB or 1GB"),
        ("a=%zz", "'a=%zz' is not percent-encoded UTF-8"), ("a=%ff", "'a=%ff' is not percent-encoded UTF-8"),
        ("a=%2", "'a=%2' is not percent-encoded UTF-8"),
    ]) func refusals(_ text: String, _ detail: String) {
        #expect(throws: Query.Unacceptable(detail)) { try Query(text[...], accepting: parameters) }
    }

    @Test func parametersAreBounded() {
        let text = String(repeating: "a&", count: 33)
        #expect(throws: Query.Unacceptable.self) { try Query(text[...], accepting: parameters) }
    }

    /// No bytes of a query make it fail in any other way.
    @Test(arguments: 0..<200) func anythingIsReadOrRefused(_ seed: Int) {
        var state = UInt64(seed) &+ 1
        let alphabet = Array("abwaitsince=&&%%25+0123456789.é \u{0}format")
        let text = String(
            (0..<40).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return alphabet[Int(state >> 33) % alphabet.count]
            }
        )
        _ = try? Query(text[...], accepting: parameters)
    }
}
