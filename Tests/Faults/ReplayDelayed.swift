import Support

extension Fault {
    static let replayDelayed = Fault(
        "replay-delayed",
        "a standby that applies commits late on purpose",
        on: .standby,
        strike: { stage in
            try stage.server.configure(["recovery_min_apply_delay": "'5min'"])
            stage.server.reload()
        },
        expect: { _ in .live("standby").with { $0.conditions = ["replay_delayed_by_design"] } },
        mend: { stage in
            try stage.server.configure([:])
            stage.server.reload()
        }
    )
}
