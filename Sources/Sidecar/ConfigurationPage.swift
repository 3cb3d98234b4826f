import PostgresLink

/// The page of `howdah config`: every key with its value and where it came from, secrets masked.
public enum ConfigurationPage {
    /// The settings as aligned text.
    ///
    /// - Throws: `ConfigurationError` where a settings file is named and is not one.
    public static func text(
        flags: [SettingKey: String],
        environment: [String: String]
    ) throws(ConfigurationError) -> String {
        let rows = try Settings.resolve(flags: flags, environment: environment).map { value in
            (value.key.rawValue, shown(value), value.origin.description)
        }
        let width = rows.map(\.0.count).max() ?? 0
        let valueWidth = min(60, rows.map(\.1.count).max() ?? 0)
        func padded(_ text: String, _ width: Int) -> String {
            text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
        }
        return rows.map { "\(padded($0.0, width))  \(padded($0.1, valueWidth))  \($0.2)\n" }.joined()
    }

    private static func shown(_ value: SettingValue) -> String {
        guard let text = value.text, !text.isEmpty else { return "(not set)" }
        switch value.key {
        case .postgres: return LinkConfiguration.masked(conninfo: text)
        case .patroni, .storeEndpoints: return withoutUserinfo(text)
        default: return text
        }
    }

    /// URLs, several by comma, with what stands before their `@` masked.
    private static func withoutUserinfo(_ text: String) -> String {
        text.split(separator: ",", omittingEmptySubsequences: false).map { url in
            guard let at = url.lastIndex(of: "@") else { return String(url) }
            let scheme = url.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
            return scheme.hasSuffix(":") ? "\(scheme)//****\(url[at...])" : "****\(url[at...])"
        }.joined(separator: ",")
    }
}
