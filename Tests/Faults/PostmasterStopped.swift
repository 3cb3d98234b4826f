import Glibc
import Support

extension Fault {
    static let postmasterStopped = Fault(
        "postmaster-stopped",
        "SIGSTOP to the postmaster: the kernel accepts, the server does not answer",
        strike: { $0.server.postmaster?.send(SIGSTOP) },
        expect: { _ in .notAccepting("unresponsive", role: "primary").with { $0.holds = 3 } },
        mend: { $0.server.postmaster?.send(SIGCONT) }
    )
}
