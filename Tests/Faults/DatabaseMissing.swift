import Support

extension Fault {
    static let databaseMissing = Fault(
        "database-missing",
        "the database that Howdah connects to does not exist",
        strike: { try await $0.renameDatabase("postgres", to: "postgres_gone") },
        expect: { _ in lockedOut("3D000") },
        mend: { try await $0.renameDatabase("postgres_gone", to: "postgres") },
        mended: .live("primary", within: 20)
    )
}

extension Stage {
    /// Renames a database from another one; nobody may be in it, so nobody is let in meanwhile.
    fileprivate func renameDatabase(_ old: String, to new: String) async throws {
        try await server.psql(
            """
            ALTER DATABASE \(old) ALLOW_CONNECTIONS false;
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(old)';
            ALTER DATABASE \(old) RENAME TO \(new);
            ALTER DATABASE \(new) ALLOW_CONNECTIONS true
            """,
            database: "app"
        )
    }
}
