import Support

extension Fault {
    /// The receiver takes WAL and confirms none, so that the WAL sender never has everything confirmed.
    static let shutdownStuckOnWALSender = Fault(
        "shutdown-stuck-on-wal-sender",
        "a fast shutdown that waits for a WAL receiver which confirms nothing",
        sidecar: { $0.options(policy: "shutdown_stuck.window_seconds = 2") },
        prepare: { stage in
            let position = try await stage.server.psql("SELECT pg_current_wal_lsn()")
            try await stage.server.holdSessions(
                .init(1, user: "postgres", replication: "true", query: "START_REPLICATION \(position)")
            )
            try await stage.server.writeWAL(megabytes: 1)
        },
        strike: { try await $0.server.stop(.fast, within: 0) },
        expect: { _ in
            .notAccepting("stopping", role: "primary", conditions: ["shutdown_stuck"])
                .with { $0.evidence = ["shutdown_stuck": "walsender"] }
        },
        mend: { stage in
            await stage.workspace.end("holder")
            try await stage.seesPhase("stopped")
            try await stage.startAgain()
        }
    )
}
