import Glibc
import Support

extension Fault {
    /// The start-up process is held as soon as it replays, so that the phase can be watched for as long as one likes.
    static let crashRecovery = Fault(
        "crash-recovery",
        "SIGKILL to the postmaster with much WAL to replay, and a new start",
        prepare: { try await $0.server.writeWAL(megabytes: 100) },
        strike: { try await $0.crashIntoHeldRecovery() },
        expect: { _ in
            .notAccepting("crash_recovery", role: "primary", conditions: ["in_recovery"]).with { $0.holds = 2 }
        },
        mend: { $0.server.child(titled: "startup")?.send(SIGCONT) }
    )
}

extension Stage {
    /// Kills the postmaster, starts it again and stops the start-up process in the midst of replaying.
    ///
    /// A recovery that was over before it could be held is tried again with more to replay.
    func crashIntoHeldRecovery() async throws {
        for megabytes in [0, 200, 400] {
            if megabytes > 0 {
                let isWritten = await eventually(within: 30) {
                    (try? await server.writeWAL(megabytes: megabytes)) != nil
                }
                guard isWritten else { break }
            }
            await server.crash()
            try await server.launch()
            if await holdRecovery() { return }
        }
        throw TimedOut("no recovery to hold:\n\(server.lastLogLines())")
    }

    /// Stops the start-up process once its title has come past the first segment.
    private func holdRecovery() async -> Bool {
        var first: String?
        return await eventually(within: 5, every: 1) {
            guard let startup = server.child(titled: "startup recovering") else { return false }
            let title = startup.title
            if first == nil { first = title }
            return title != first && startup.send(SIGSTOP)
        }
    }
}
