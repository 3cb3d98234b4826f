import Support

extension Fault {
    static let privilegeMissing = Fault(
        "privilege-missing",
        "Howdah's role is not a member of pg_monitor",
        strike: { stage in
            try await stage.server.psql("REVOKE pg_monitor FROM howdah")
            try await stage.endObserverSession()
        },
        expect: { _ in
            .running("primary", but: ["privilege_missing"], within: 15)
                .with { $0.evidence = ["privilege_missing": "false"] }
        },
        mend: { stage in
            try await stage.server.psql("GRANT pg_monitor TO howdah")
            try await stage.endObserverSession()
        },
        mended: .live("primary", within: 20)
    )
}
