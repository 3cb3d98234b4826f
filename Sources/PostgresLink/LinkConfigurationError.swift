/// A connection string that cannot be used.
public struct LinkConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with it, in one sentence without secrets.
    public var message: String

    /// Describes what is wrong.
    init(_ message: String) { self.message = message }

    /// The message.
    public var description: String { message }

    /// Makes libpq's complaint about `conninfo` fit to be printed.
    ///
    /// libpq quotes what it could not read, and that may be part of a password. Only the name of an unknown option is
    /// kept, and only where the string holds no password it could be part of.
    init(libpq complaint: String, about conninfo: String) {
        let line = complaint.split(separator: "\n").first.map(String.init) ?? "not understood"
        let mayHoldPassword = conninfo.contains("pass") || conninfo.contains("@")
        if line.hasPrefix("invalid connection option"), !mayHoldPassword {
            message = line
            return
        }
        // Up to the first quote it is libpq's own words.
        let plain = line.prefix { $0 != "\"" }
        let words = plain.split(separator: " ").joined(separator: " ")
        message = words.count == line.count ? words : "\(words) … (not shown: it may hold a password)"
    }
}
