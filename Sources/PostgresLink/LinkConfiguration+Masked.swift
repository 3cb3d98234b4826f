extension LinkConfiguration {
    /// A conninfo string or URI as `keyword=value` pairs with every password as `****`, fit to be printed.
    ///
    /// A string that cannot be read is not shown at all: any part of it may be the password.
    public static func masked(conninfo: String) -> String {
        guard let options = try? ConnectionOptions.parse(conninfo) else { return "(not understood, not shown)" }
        return options.values.sorted { $0.key < $1.key }
            .map { $0.key.contains("password") ? "\($0.key)=****" : "\($0.key)=\($0.value)" }
            .joined(separator: " ")
    }
}
