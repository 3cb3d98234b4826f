/// A cluster made once per installation and copied for each server: initdb takes a second, a copy a few milliseconds.
///
/// It holds the roles `postgres` (superuser), `howdah` (LOGIN REPLICATION, pg_monitor, password `howdah`), `howdah_blind`
/// (LOGIN, nothing else), `app` and `app2` (LOGIN), and the databases `postgres` and `app`. Every connection is trusted.
enum ClusterTemplate {
    /// Copies the template of an installation to `path`, making the template first where there is none.
    static func copy(of installation: PostgresInstallation, to path: String) async throws {
        let template = try await made.path(for: installation)
        try await Command.succeed(["cp", "-a", "--reflink=auto", template, path], within: 60)
    }

    private static let made = Maker()

    /// Makes each template once per process, whoever asks first; others wait for it.
    private actor Maker {
        private var isBusy = false

        func path(for installation: PostgresInstallation) async throws -> String {
            while isBusy { try await Task.sleep(for: .milliseconds(20)) }
            isBusy = true
            defer { isBusy = false }
            let path = "\(PostgresInstallation.cache)/template-2-\(installation.major)"
            if !TextFile.exists("\(path)/PG_VERSION") { try await make(installation, at: path) }
            return path
        }

        private func make(_ installation: PostgresInstallation, at path: String) async throws {
            try TextFile.makeFolder(PostgresInstallation.cache)
            let draft = try await Command.succeed(["mktemp", "-d", "\(path).XXXXXX"]).filter { $0 != "\n" }
            defer { TextFile.remove(draft) }
            try TextFile.makeFolder(draft, mode: 0o700)
            let data = "\(draft)/data"
            try await Command.succeed(
                [
                    installation.program("initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync",
                    "--no-locale", "--encoding=UTF8",
                ],
                as: User.postgres
            )
            try await Command.succeed(
                [installation.program("postgres"), "--single", "-F", "-D", data, "postgres"],
                as: User.postgres,
                input: roles
            )
            try TextFile.write(baseSettings, to: "\(data)/postgresql.conf", mode: 0o600)
            let trust = PostgresServer.trustEveryone.joined(separator: "\n") + "\n"
            try TextFile.write(trust, to: "\(data)/pg_hba.conf", mode: 0o600)
            try TextFile.makeFolder("\(data)/conf.d", mode: 0o700)
            // Another run of the tests may have been quicker.
            _ = try await Command.run(["mv", "-T", data, path])
        }
    }

    /// One statement a line, as a single-user backend reads them.
    private static let roles = """
        CREATE ROLE howdah LOGIN REPLICATION PASSWORD 'howdah'
        GRANT pg_monitor TO howdah
        CREATE ROLE howdah_blind LOGIN
        CREATE ROLE app LOGIN
        CREATE ROLE app2 LOGIN
        CREATE DATABASE app
        CHECKPOINT

        """

    /// What every server of the tests has; `conf.d` holds what differs.
    private static let baseSettings = """
        # Nothing of a test has to survive a crash of the machine, and nothing may stay behind in /dev/shm.
        fsync = off
        dynamic_shared_memory_type = mmap
        shared_buffers = 16MB
        max_wal_size = 4GB
        checkpoint_timeout = 1h
        max_connections = 20
        wal_level = replica
        max_wal_senders = 5
        hot_standby = on
        log_line_prefix = '%m [%p] %b '
        log_checkpoints = on
        wal_retrieve_retry_interval = 500ms
        include_dir = 'conf.d'

        """
}
