import Support

extension Fault {
    static let allSlotsTaken = Fault(
        "all-slots-taken",
        "all slots are taken, the superusers' too",
        strike: { stage in
            try await stage.server.holdSessions(.init(nil))
            try await stage.server.holdSessions(.init(nil, user: "postgres", database: "postgres"), as: "superusers")
        },
        expect: { _ in
            .running("primary", but: ["connections_full"]).with { $0.evidence = ["connections_full": "app@app"] }
        },
        mend: { stage in
            await stage.workspace.end("superusers")
            await stage.workspace.end("holder")
        },
        mended: .live("primary", within: 25)
    )
}
