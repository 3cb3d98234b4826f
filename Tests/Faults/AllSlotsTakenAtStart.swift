import Support

extension Fault {
    /// Howdah never had a session, so that it knows neither the server's settings nor its own privileges.
    static let allSlotsTakenAtStart = Fault(
        "all-slots-taken-at-start",
        "Howdah starts while all slots are taken",
        strike: { stage in
            await stage.sidecar.stop()
            try await stage.takeAllSlots()
            try await stage.sidecar.start(stage.ordinaryOptions)
        },
        expect: { _ in
            .running("primary", but: ["connections_full"]).with { $0.evidence = ["connections_full": "app@app"] }
        },
        mend: { try await $0.giveSlotsBack() },
        mended: .live("primary", within: 25)
    )
}
