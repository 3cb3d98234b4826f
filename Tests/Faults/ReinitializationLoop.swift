import Support

extension Fault {
    static let reinitializationLoop = Fault(
        "reinitialization-loop",
        "SIGKILL to a backend three times within the window",
        sidecar: { $0.options(policy: "reinitialization_loop.window_seconds = 12") },
        strike: { stage in
            for _ in 1...3 {
                let began = ContinuousClock.now
                try await stage.server.holdSessions(.init(1))
                try stage.killHolder()
                // The next crash must be another one to the sidecar too.
                _ = await stage.feed.first(after: began, within: 10) { $0.phase == "reinitializing" }
                try await stage.seesPhase("running")
            }
        },
        expect: { _ in .running("primary", but: ["reinitialization_loop"]) },
        mend: { await $0.workspace.end("holder") },
        mended: .live("primary", within: 25)
    )
}
