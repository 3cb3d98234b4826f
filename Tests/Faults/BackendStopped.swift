import Glibc
import Support

extension Fault {
    static let backendStopped = Fault(
        "backend-stopped",
        "SIGSTOP to one backend of an application: nothing that concerns the server",
        prepare: { try await $0.server.holdSessions(.init(1)) },
        strike: { $0.server.child(titled: "app app")?.send(SIGSTOP) },
        expect: { _ in .live("primary").with { $0.holds = 6 } },
        mend: { stage in
            stage.server.child(titled: "app app")?.send(SIGCONT)
            await stage.workspace.end("holder")
        }
    )
}
