import Glibc
import Support

extension Fault {
    static let recoveryStalled = Fault(
        "recovery-stalled",
        "crash recovery that does not advance: its process is stopped",
        sidecar: { $0.options(policy: "recovery_stalled.window_seconds = 2") },
        prepare: { try await $0.server.writeWAL(megabytes: 100) },
        strike: { try await $0.crashIntoHeldRecovery() },
        expect: { _ in
            .notAccepting("crash_recovery", role: "primary", conditions: ["in_recovery", "recovery_stalled"])
                .with { $0.evidence = ["recovery_stalled": "T"] }
        },
        mend: { $0.server.child(titled: "startup")?.send(SIGCONT) }
    )
}
