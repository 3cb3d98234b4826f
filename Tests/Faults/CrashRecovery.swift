import Glibc
import Support

extension Fault {
    /// The start-up process is held as soon as it replays, so that the phase can be watched for as long as one likes.
    static let crashRecovery = Fault(
        "crash-recovery",
        "SIGKILL to the postmaster with much WAL to replay, and a new start",
        prepare: { try await $0.server.writeWAL(megabytes: 100) },
        strike: { stage in
            await stage.server.crash()
            try await stage.server.launch()
            try await stage.holdRecovery()
        },
        expect: { _ in
            .notAccepting("crash_recovery", role: "primary", conditions: ["in_recovery"]).with { $0.holds = 2 }
        },
        mend: { $0.server.child(titled: "startup")?.send(SIGCONT) }
    )
}

extension Stage {
    /// Stops the start-up process in the midst of replaying: its title has come past the first segment.
    func holdRecovery() async throws {
        var first: String?
        let isHeld = await eventually(within: 10, every: 1) {
            guard let startup = server.child(titled: "startup recovering") else { return false }
            let title = startup.title
            if first == nil { first = title }
            return title != first && startup.send(SIGSTOP)
        }
        guard isHeld else { throw TimedOut("no recovery to hold:\n\(server.lastLogLines())") }
    }
}
