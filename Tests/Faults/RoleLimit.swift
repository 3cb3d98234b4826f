import Support

extension Fault {
    static let roleLimit = Fault(
        "role-limit",
        "a role has used up its own connection limit",
        strike: { stage in
            try await stage.server.psql("ALTER ROLE app CONNECTION LIMIT 2")
            try await stage.server.holdSessions(.init(2))
        },
        expect: { _ in
            .running("primary", but: ["connections_full_for_role"], within: 20)
                .with { $0.evidence = ["connections_full_for_role": "2 of 2"] }
        },
        mend: { stage in
            await stage.workspace.end("holder")
            try await stage.server.psql("ALTER ROLE app CONNECTION LIMIT -1")
        },
        mended: .live("primary", within: 20)
    )
}
