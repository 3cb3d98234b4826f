import Support

extension Fault {
    static let smartShutdown = Fault(
        "smart-shutdown",
        "a smart shutdown while a session stays",
        prepare: { try await $0.server.holdSessions(.init(1)) },
        strike: { try await $0.server.stop(.smart, within: 0) },
        expect: { _ in .notAccepting("stopping", role: "primary").with { $0.holds = 2 } },
        mend: { stage in
            await stage.workspace.end("holder")
            try await stage.seesPhase("stopped")
            try await stage.startAgain()
        }
    )
}
