import Glibc
import Support

extension Fault {
    static let shutdownStuckOnSession = Fault(
        "shutdown-stuck-on-session",
        "a fast shutdown that waits for a backend which does not react",
        sidecar: { $0.options(policy: "shutdown_stuck.window_seconds = 2") },
        prepare: { try await $0.server.holdSessions(.init(1)) },
        strike: { stage in
            stage.server.child(titled: "app app")?.send(SIGSTOP)
            try await stage.server.stop(.fast, within: 0)
        },
        expect: { _ in
            .notAccepting("stopping", role: "primary", conditions: ["shutdown_stuck"])
                .with { $0.evidence = ["shutdown_stuck": "app app"] }
        },
        mend: { stage in
            stage.server.child(titled: "app app")?.send(SIGCONT)
            await stage.workspace.end("holder")
            try await stage.seesPhase("stopped")
            try await stage.startAgain()
        }
    )
}
