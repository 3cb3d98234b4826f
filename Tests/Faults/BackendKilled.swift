import Glibc
import Support

extension Fault {
    static let backendKilled = Fault(
        "backend-killed",
        "SIGKILL to one backend: the postmaster restarts everything under it",
        prepare: { try await $0.server.holdSessions(.init(1)) },
        strike: { try $0.killHolder() },
        expect: { _ in .live("primary").with { $0.seen = ["reinitializing"] } },
        mend: { await $0.workspace.end("holder") }
    )
}

extension Stage {
    /// Kills the backend of the session that the holder holds.
    func killHolder() throws {
        guard let backend = server.child(titled: "app app") else { throw TimedOut("no backend of app to kill") }
        backend.send(SIGKILL)
    }
}
