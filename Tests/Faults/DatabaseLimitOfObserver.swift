import Support

extension Fault {
    static let databaseLimitOfObserver = Fault(
        "database-limit-observer",
        "the database that Howdah connects to has used up its connection limit",
        strike: { try await $0.server.psql("ALTER DATABASE postgres CONNECTION LIMIT 1", database: "app") },
        expect: { _ in .running("primary", but: ["connections_full_for_database"], within: 20) },
        mend: { try await $0.server.psql("ALTER DATABASE postgres CONNECTION LIMIT -1", database: "app") },
        mended: .live("primary", within: 20)
    )
}
