import Glibc

extension PostgresServer {
    /// Copies this running server with pg_basebackup into a stopped standby that streams from it.
    ///
    /// - Parameters:
    ///   - name: The standby's name in the workspace, and its `application_name`.
    ///   - port: Its port; nil for one that is free.
    ///   - settings: Settings besides those of this server.
    public func makeStandby(
        named name: String = "standby",
        port: Int? = nil,
        settings: [String: String] = [:]
    ) async throws -> PostgresServer {
        let standby = try Self.place(installation, named: name, in: workspace, port: port)
        try await standby.recopy(from: self, settings: settings)
        return standby
    }

    /// Makes this stopped server a fresh standby of `upstream`, in the folder it has.
    public func recopy(from upstream: PostgresServer, settings: [String: String] = [:]) async throws {
        try await empty()
        try await Command.succeed(
            [
                installation.program("pg_basebackup"), "-D", dataDirectory, "-c", "fast", "-X", "stream", "--no-sync",
                "-d", upstream.conninfo(user: "postgres"),
            ],
            as: User.postgres
        )
        try settleAsStandby(of: upstream, settings: settings)
    }

    /// Makes this stopped server a standby that begins to recover and lacks the WAL to become consistent.
    ///
    /// It is a low-level backup whose end lies in a segment that was not copied, and its upstream is nowhere. With
    /// `settle(asStandbyOf:)` and a reload it finds its upstream and becomes consistent.
    public func recopyWithoutEnd(from upstream: PostgresServer) async throws {
        try await empty()
        let isOld = installation.major < 15
        let begin = isOld ? "pg_start_backup('howdah', true, false)" : "pg_backup_start('howdah', true)"
        let end = isOld ? "pg_stop_backup(false, false)" : "pg_backup_stop(false)"
        let copy = "cp -a \(upstream.dataDirectory)/. \(dataDirectory)/"
        let label = try await upstream.psql(
            """
            \\o /dev/null
            SELECT \(begin);
            \\! \(copy)
            SELECT pg_switch_wal();
            SELECT pg_create_restore_point('past the end of the copy');
            \\o
            SELECT labelfile FROM \(end);
            """
        )
        TextFile.remove("\(dataDirectory)/postmaster.pid")
        TextFile.remove("\(dataDirectory)/postmaster.opts")
        try TextFile.write(label + "\n", to: "\(dataDirectory)/backup_label", mode: 0o600)
        try settleAsStandby(of: upstream, settings: ["primary_conninfo": "'host=\(socketDirectory) port=1'"])
    }

    /// Writes the settings of a standby of `upstream`, and `standby.signal`.
    public func settleAsStandby(of upstream: PostgresServer, settings: [String: String] = [:]) throws {
        var own = settings
        own["primary_conninfo"] = own["primary_conninfo"] ?? "'\(upstream.upstreamConninfo(as: name))'"
        try settle(own)
        try configure([:])
        try TextFile.write("", to: "\(dataDirectory)/standby.signal", mode: 0o600)
    }

    /// Empties the data directory; the folder itself stays, as a mount would.
    private func empty() async throws {
        try TextFile.makeFolder(dataDirectory, mode: 0o700)
        try await Command.succeed(["find", dataDirectory, "-mindepth", "1", "-delete"])
    }

    /// The `primary_conninfo` of a standby that streams from this server.
    public func upstreamConninfo(as name: String) -> String {
        conninfo(user: "postgres", extra: ["application_name": name])
    }

    /// Waits until the standby named `name` streams from this server and has replayed what is there now.
    public func standbyHasCaughtUp(_ standby: PostgresServer, within seconds: Double = 20) async throws {
        let end = try await psql("SELECT pg_current_wal_lsn()")
        let hasCaughtUp = try await eventually(within: seconds, every: 50) {
            try await standby.tryPsql("SELECT pg_last_wal_replay_lsn() >= '\(end)'").output.hasPrefix("t")
        }
        guard hasCaughtUp else { throw TimedOut("\(standby.name) did not replay \(end):\n\(standby.lastLogLines())") }
    }

    /// Has this standby become a primary, without waiting: the file `promote` and SIGUSR1, as pg_ctl does.
    public func promote() throws {
        try TextFile.write("", to: "\(dataDirectory)/promote", mode: 0o600)
        postmaster?.send(SIGUSR1)
    }

    /// Writes WAL that a recovery has to replay: `megabytes` of rows in a table of the database `app`.
    public func writeWAL(megabytes: Int, within seconds: Double = 60) async throws {
        // 1,000 bytes a row that do not compress away, in plain storage.
        try await psql(
            """
            CREATE TABLE IF NOT EXISTS ballast (filler text);
            INSERT INTO ballast SELECT repeat(md5(n::text), 31) FROM generate_series(1, \(megabytes * 1000)) AS n
            """,
            database: "app",
            within: seconds
        )
    }
}
