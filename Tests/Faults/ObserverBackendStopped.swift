import Glibc
import Support

extension Fault {
    static let observerBackendStopped = Fault(
        "observer-backend-stopped",
        "SIGSTOP to the backend of Howdah's own session: the server is fine",
        strike: { stage in
            guard let backend = stage.server.child(titled: "howdah postgres") else {
                throw TimedOut("Howdah holds no session")
            }
            backend.send(SIGSTOP)
            try stage.workspace.remember(backend, as: "stopped-backend")
        },
        expect: { _ in .live("primary").with { $0.holds = 8 } },
        mend: { $0.workspace.process("stopped-backend")?.send(SIGCONT) }
    )
}
