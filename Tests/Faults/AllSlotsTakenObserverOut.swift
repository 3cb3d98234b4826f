import Glibc
import Support

extension Fault {
    /// Only a WAL sender slot shows who holds the others then.
    static let allSlotsTakenObserverOut = Fault(
        "all-slots-taken-observer-out",
        "all slots are taken, and Howdah has lost its session",
        strike: { stage in
            try await stage.takeAllSlots()
            // Howdah is held while its slot goes to whoever waits for one.
            stage.sidecar.process?.send(SIGSTOP)
            for pid in stage.server.childPIDs(titled: "howdah postgres") { TrackedProcess(pid: pid)?.send(SIGTERM) }
            let isOut = await eventually(within: 5) { stage.server.childPIDs(titled: "howdah postgres").isEmpty }
            try await Task.sleep(for: .milliseconds(500))
            stage.sidecar.process?.send(SIGCONT)
            guard isOut else { throw TimedOut("Howdah's session did not end") }
        },
        expect: { _ in
            .running("primary", but: ["connections_full"]).with { $0.evidence = ["connections_full": "wal_sender"] }
        },
        mend: { try await $0.giveSlotsBack() },
        mended: .live("primary", within: 25)
    )
}
