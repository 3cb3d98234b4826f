import Glibc
import Support

extension Fault {
    /// Only a WAL sender slot shows who holds the others then.
    static let allSlotsTakenObserverOut = Fault(
        "all-slots-taken-observer-out",
        "all slots are taken, and Howdah has lost its session",
        strike: { stage in
            try await stage.server.holdSessions(.init(nil))
            try await stage.server.holdSessions(.init(nil, user: "postgres", database: "postgres"), as: "superusers")
            // The holder takes the slot as soon as it is free.
            for pid in stage.server.childPIDs(titled: "howdah postgres") { TrackedProcess(pid: pid)?.send(SIGTERM) }
        },
        expect: { _ in
            .running("primary", but: ["connections_full"]).with { $0.evidence = ["connections_full": "wal_sender"] }
        },
        mend: { stage in
            await stage.workspace.end("superusers")
            await stage.workspace.end("holder")
        },
        mended: .live("primary", within: 25)
    )
}
