public import Facts

/// What a PostgreSQL process says of itself in its title (`set_ps_display`, `src/backend/utils/misc/ps_status.c`):
/// `postgres: [CLUSTER_NAME: ]KIND[ ACTIVITY]`, or `postgres: [CLUSTER_NAME: ]USER DATABASE HOST(PORT) ACTIVITY`.
///
/// The kinds are those of `pg_stat_activity.backend_type`. User and database are a client's own words, written before it
/// authenticates; they are always followed by its address, by which such a title is told from the server's own.
/// With `update_process_title = off` the activity is missing.
public struct ProcessTitle: Sendable, Hashable {
    /// The kind of process: `checkpointer`, `client backend`, ….
    public var kind: String
    /// The title without `postgres: ` and, where the kind is one of the server's own, without the cluster's name; without
    /// control characters; at most 200 characters.
    public var text: String
    /// The segment in a start-up process's title: `recovering …` or `waiting for …`.
    public var segment: WALSegment?

    /// The most characters of a title that are kept.
    public static let textLimit = 200

    /// Reads the contents of `/proc/PID/cmdline`.
    ///
    /// - Parameters:
    ///   - commandLine: The bytes; a process that has not set its title yet still shows its parent's command line.
    public init(commandLine: [UInt8]) {
        let line = Self.clean(commandLine)
        guard line.hasPrefix(Self.prefix) else {
            self.init(kind: line.isEmpty ? "other" : "starting", text: line)
            return
        }
        let rest = line.dropFirst(Self.prefix.count)
        for candidate in Self.withoutClusterName(rest) {
            if let kind = Self.ownKind(candidate) {
                self.init(kind: kind, text: String(candidate))
                if kind == "startup" { segment = Self.segment(candidate) }
                return
            }
        }
        self.init(kind: Self.hasClientAddress(rest) ? "client backend" : "background worker", text: String(rest))
    }

    private init(kind: String, text: String) {
        self.kind = kind
        self.text = String(text.prefix(Self.textLimit))
    }

    private static let prefix = "postgres: "

    /// The kinds that name themselves; what follows the name is the activity.
    private static let ownKinds = [
        "archiver", "autovacuum launcher", "autovacuum worker", "background writer", "checkpointer", "io worker",
        "logger", "logical replication apply worker", "logical replication launcher",
        "logical replication parallel apply worker", "logical replication tablesync worker",
        "logical replication worker", "parallel worker", "slotsync worker", "startup", "stats collector",
        "walreceiver", "walsender", "walsummarizer", "walwriter",
    ]

    /// The server's own kind that a title begins with; nil for a client's and for an extension's worker.
    private static func ownKind(_ title: Substring) -> String? {
        guard let kind = ownKinds.first(where: { title == $0 || title.hasPrefix($0 + " ") }) else { return nil }
        // Only a WAL sender has a client; any other title with an address is a client whose role has such a name.
        return kind == "walsender" || !hasClientAddress(title) ? kind : nil
    }

    /// The title, and the title less what could be a cluster's name: up to each `: ` in the first 66 characters.
    private static func withoutClusterName(_ title: Substring) -> [Substring] {
        var candidates = [title]
        var index = title.startIndex
        let end = title.index(index, offsetBy: 66, limitedBy: title.endIndex) ?? title.endIndex
        while let colon = title[index..<end].firstIndex(of: ":") {
            index = title.index(after: colon)
            if title[index...].hasPrefix(" ") { candidates.append(title[title.index(after: index)...]) }
        }
        return candidates
    }

    /// Whether a word is `[local]` or `HOST(PORT)`.
    private static func hasClientAddress(_ title: Substring) -> Bool {
        title.split(separator: " ").contains { word in
            if word == "[local]" { return true }
            guard word.last == ")", let open = word.lastIndex(of: "("), open != word.startIndex else { return false }
            let port = word[word.index(after: open)...].dropLast()
            return !port.isEmpty && port.count <= 5 && port.allSatisfy { $0.isASCII && $0.isNumber }
        }
    }

    private static func segment(_ title: Substring) -> WALSegment? {
        let words = title.split(separator: " ")
        guard words.count == 3 && words[1] == "recovering" || words.count == 4 && words[1] == "waiting" else {
            return nil
        }
        return words.last.flatMap { WALSegment($0) }
    }

    /// The bytes as one line: arguments are separated by NUL, an old title's end is padded with NUL or spaces.
    private static func clean(_ bytes: [UInt8]) -> String {
        var line = bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        while line.last == UInt8(ascii: " ") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
