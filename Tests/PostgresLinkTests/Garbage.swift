/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Texts that nearly look like what a server and libpq write.
enum Garbage {
    private static let pieces = [
        "FATAL:  ", "ERROR:  ", "57P03", "53300", "28P01", ": ", ":", "  ", "\n", "\t", "\"", "DETAIL:  ",
        "LOCATION:  ",
        "HINT:  ", "connection to server at \"::1\", port 1 failed: ", "the database system is starting up",
        "the database system is not yet accepting connections", "too many connections for role ", "app",
        "InitProcess, ",
        "Connection refused", "äöü", "\u{0}", "\u{FFFD}", "🐘", "{}", ",", "server closed the connection unexpectedly",
    ]

    static func text(_ random: inout SplitMix) -> String {
        let count = Int.random(in: 0...30, using: &random)
        return (0..<count).map { _ in
            if Bool.random(using: &random) { return pieces.randomElement(using: &random) ?? "" }
            let bytes = (0..<Int.random(in: 0...8, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            return String(decoding: bytes, as: UTF8.self)
        }.joined()
    }
}
