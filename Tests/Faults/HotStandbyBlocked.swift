import Support

extension Fault {
    /// More than 64 subtransactions of one open transaction do not fit the snapshot that a standby starts from.
    static let hotStandbyBlocked = Fault(
        "hot-standby-blocked",
        "a standby that cannot open: a transaction on the primary has too many subtransactions",
        on: .standby,
        prepare: { stage in
            guard let upstream = stage.upstream else { return }
            try await stage.stopServer()
            try await upstream.psql("CREATE TABLE IF NOT EXISTS many (n int)", database: "app")
            let subtransactions = """
                BEGIN; DO $$ BEGIN FOR n IN 1..100 LOOP BEGIN INSERT INTO many VALUES (n); \
                EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$
                """
            try await upstream.holdSessions(.init(1, user: "postgres", query: subtransactions), as: "subtransactions")
            try await stage.server.recopy(from: upstream)
        },
        strike: { try await $0.server.launch() },
        expect: { major in
            // Only newer servers say why; see the condition's own words.
            .notAccepting(
                "archive_recovery",
                role: "standby",
                conditions: major >= 18 ? ["in_recovery", "hot_standby_blocked"] : ["in_recovery"]
            )
        },
        mend: { stage in
            await stage.workspace.end("subtransactions")
            try await stage.upstream?.psql("DROP TABLE many; CHECKPOINT", database: "app")
        }
    )
}
