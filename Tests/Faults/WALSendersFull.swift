import Support

extension Fault {
    static let walSendersFull = Fault(
        "wal-senders-full",
        "every WAL sender slot is taken",
        strike: {
            try await $0.server.holdSessions(.init(nil, user: "postgres", database: "postgres", replication: "true"))
        },
        expect: { _ in .running("primary", but: ["wal_senders_full"]) },
        mend: { await $0.workspace.end("holder") }
    )
}
