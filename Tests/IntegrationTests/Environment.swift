import FoundationEssentials

/// What narrows the tests down.
enum Environment {
    /// A comma-separated variable; nil where it is not set or empty.
    static func list(_ name: String) -> [String]? {
        let text = ProcessInfo.processInfo.environment[name] ?? ""
        return text.isEmpty ? nil : text.split(separator: ",").map(String.init)
    }
}
