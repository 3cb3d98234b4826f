extension PostgresServer {
    /// A libpq connection string for this server.
    ///
    /// - Parameters:
    ///   - user: The role.
    ///   - database: The database.
    ///   - overTCP: 127.0.0.1 instead of the Unix socket.
    ///   - extra: More keywords, such as `password`.
    public func conninfo(
        user: String = "howdah",
        database: String = "postgres",
        overTCP: Bool = false,
        extra: [String: String] = [:]
    ) -> String {
        var words = ["host=\(overTCP ? "127.0.0.1" : socketDirectory)", "port=\(port)", "user=\(user)"]
        words.append("dbname=\(database)")
        for (keyword, value) in extra.sorted(by: { $0.key < $1.key }) { words.append("\(keyword)=\(value)") }
        return words.joined(separator: " ")
    }

    /// Runs SQL with psql and gives back what it printed, unaligned and without headers; an error is thrown.
    @discardableResult
    public func psql(
        _ sql: String,
        user: String = "postgres",
        database: String = "postgres",
        within seconds: Double = 30
    ) async throws -> String {
        let output = try await Command.succeed(
            psqlArguments(user: user, database: database),
            input: sql,
            within: seconds
        )
        return String(output.last == "\n" ? output.dropLast() : output[...])
    }

    /// Tries to run SQL with psql and gives back what came of it; `error` has the server's own words and SQLSTATE.
    public func tryPsql(
        _ sql: String = "SELECT 1",
        user: String = "postgres",
        database: String = "postgres",
        within seconds: Double = 10
    ) async throws -> Command.Result {
        try await Command.run(psqlArguments(user: user, database: database), input: sql, within: seconds)
    }

    private func psqlArguments(user: String, database: String) -> [String] {
        [
            installation.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
            "-d", conninfo(user: user, database: database),
        ]
    }

    /// Sessions for `holdSessions`.
    public struct Held: Sendable {
        /// How many; nil for as many as the server lets in, and then for each slot that becomes free.
        public var count: Int?
        /// The role.
        public var user: String
        /// The database.
        public var database: String
        /// The value of the `replication` parameter, such as `true`, for WAL sender slots.
        public var replication: String?
        /// SQL that each session runs after it was let in, such as `BEGIN`.
        public var query: String?

        /// Describes sessions to hold.
        public init(
            _ count: Int?,
            user: String = "app",
            database: String = "app",
            replication: String? = nil,
            query: String? = nil
        ) {
            self.count = count
            self.user = user
            self.database = database
            self.replication = replication
            self.query = query
        }
    }

    /// Holds sessions open from one small process until it is ended.
    ///
    /// - Parameters:
    ///   - sessions: Which, and how many.
    ///   - name: What the process is known by in the workspace: `end(name)` gives the slots back.
    /// - Returns: The process, when `count` sessions are in, or when the server turned the first one away.
    @discardableResult
    public func holdSessions(_ sessions: Held, as name: String = "holder") async throws -> TrackedProcess {
        var arguments = [
            "python3", "-I", "\(Project.root)/Tests/Support/hold-sessions",
            "--socket", "\(socketDirectory)/.s.PGSQL.\(port)", "--user", sessions.user, "--database", sessions.database,
        ]
        if let count = sessions.count { arguments += ["--count", "\(count)"] }
        if let replication = sessions.replication { arguments += ["--replication", replication] }
        if let query = sessions.query { arguments += ["--query", query] }
        let report = "\(workspace.path)/\(name).ready"
        TextFile.remove(report)
        // It runs as the present user: the script may lie where the user postgres cannot read.
        let process = try await workspace.start(name, arguments + ["--report", report], as: nil)
        guard await eventually(within: 20, { TextFile.exists(report) || !process.isAlive }), process.isAlive else {
            let said = (try? TextFile.read(workspace.logFile(of: name))) ?? ""
            throw TimedOut("\(name) could not hold its sessions on \(self.name): \(said)")
        }
        return process
    }
}
