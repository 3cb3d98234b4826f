import Support

extension Fault {
    static let allSlotsTaken = Fault(
        "all-slots-taken",
        "all slots are taken, the superusers' too",
        strike: { try await $0.takeAllSlots() },
        expect: { _ in
            .running("primary", but: ["connections_full"]).with { $0.evidence = ["connections_full": "app@app"] }
        },
        mend: { try await $0.giveSlotsBack() },
        mended: .live("primary", within: 25)
    )
}

extension Stage {
    /// Takes every ordinary slot, then the superusers', and each one that becomes free.
    func takeAllSlots() async throws {
        try await server.holdSessions(.init(nil))
        try await server.holdSessions(.init(nil, user: "postgres", database: "postgres"), as: "superusers")
    }

    /// Gives them back.
    func giveSlotsBack() async throws {
        await workspace.end("superusers")
        await workspace.end("holder")
    }
}
