/// Catches a server in the act of starting: right after a configuration file was opened, its reader is among the newest
/// processes.
///
/// Works where we share the server's pid namespace; elsewhere it finds nobody, and nobody is what it says.
struct StartingServer {
    var table: ProcessTable
    /// The data directory that it would start on.
    var directory: FileIdentity?

    /// How many of the newest process ids are looked at.
    static let reach: Int32 = 24

    /// Who among the newest processes reads a configuration: a server, a tool, or nobody that we can see.
    func find() -> DirectoryHistory.Reader {
        guard let newest = table.newestPID(), newest > 0 else { return .unknown }
        for pid in stride(from: newest, to: max(0, newest - Self.reach), by: -1) {
            guard let entry = table.entry(pid), entry.isPostgres, !entry.isZombie else { continue }
            let words = table.commandLine(pid).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            // A title, not a command line: a process of a server that runs, be it another one.
            guard let program = words.first, !program.hasPrefix("postgres: ") else { continue }
            guard startsHere(pid, words) else { continue }
            return Self.isTool(words.dropFirst()) ? .tool : .server
        }
        return .unknown
    }

    /// Whether a command is meant for our data directory: by `-D`, or by `PGDATA` where we may see it.
    ///
    /// Others start, too.
    private func startsHere(_ pid: Int32, _ words: [String]) -> Bool {
        guard let directory, let path = Self.dataDirectory(words) ?? table.environment(pid, "PGDATA") else {
            return false
        }
        let absolute = path.hasPrefix("/") ? path : "\(table.root)/\(pid)/cwd/\(path)"
        guard let named = try? FileIdentity(absolute) else { return false }
        return named.isSameFile(as: directory)
    }

    /// The argument of `-D`.
    static func dataDirectory(_ words: [String]) -> String? {
        guard let index = words.firstIndex(where: { $0.hasPrefix("-D") }) else { return nil }
        return words[index] == "-D" ? words[(index + 1)...].first : String(words[index].dropFirst(2))
    }

    /// Whether the arguments make `postgres` print something and end, or serve a single user.
    static func isTool(_ arguments: ArraySlice<String>) -> Bool {
        arguments.contains { argument in
            argument == "-C" || argument.hasPrefix("-C") && argument.count > 2
                || ["--single", "--boot", "--check", "--describe-config", "--version", "-V", "--help", "-?"].contains(
                    argument
                )
        }
    }
}
