import Support

extension Fault {
    static let connectionsNearFull = Fault(
        "connections-near-full",
        "nine of ten ordinary slots are taken",
        strike: { stage in
            let ordinary = try await stage.server.psql(
                """
                SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) FROM pg_settings
                WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
                """
            )
            // Howdah's own session is one of them, and one is left free.
            try await stage.server.holdSessions(.init((Int(ordinary) ?? 0) - 2))
        },
        expect: { _ in .running("primary", but: ["connections_near_full"], within: 15) },
        mend: { await $0.workspace.end("holder") },
        mended: .live("primary", within: 25)
    )
}
