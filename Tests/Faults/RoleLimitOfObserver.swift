import Support

extension Fault {
    static let roleLimitOfObserver = Fault(
        "role-limit-observer",
        "Howdah's own role has used up its connection limit",
        strike: { try await $0.server.psql("ALTER ROLE howdah CONNECTION LIMIT 1") },
        expect: { _ in
            .running("primary", but: ["connections_full_for_role"], within: 20)
        },
        mend: { try await $0.server.psql("ALTER ROLE howdah CONNECTION LIMIT -1") },
        mended: .live("primary", within: 20)
    )
}
