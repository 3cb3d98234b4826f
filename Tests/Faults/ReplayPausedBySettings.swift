import Support

extension Fault {
    static let replayPausedBySettings = Fault(
        "replay-paused-settings",
        "max_connections of the primary was raised, the standby's was not",
        on: .standby,
        strike: { stage in
            try stage.upstream?.configure(["max_connections": "30"])
            try await stage.upstream?.stop(.fast)
            try await stage.upstream?.start()
        },
        expect: { _ in .running("standby", but: ["replay_paused_settings"]) },
        mend: { stage in
            try stage.server.configure(["max_connections": "30"])
            try await stage.server.stop(.fast)
            try await stage.server.start()
        },
        cleanUp: { stage in
            try stage.upstream?.configure([:])
            try await stage.upstream?.stop(.fast)
            try await stage.upstream?.start()
            // It would replay the higher setting again from its last restart point.
            try await stage.rebuildStandby()
        }
    )
}
