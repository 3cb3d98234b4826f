import Support

extension Fault {
    static let replayPaused = Fault(
        "replay-paused",
        "replay is paused on a standby",
        on: .standby,
        strike: { try await $0.server.psql("SELECT pg_wal_replay_pause()") },
        expect: { _ in .running("standby", but: ["replay_paused"]) },
        mend: { try await $0.server.psql("SELECT pg_wal_replay_resume()") }
    )
}
