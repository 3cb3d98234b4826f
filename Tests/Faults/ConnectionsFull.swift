import Support

extension Fault {
    static let connectionsFull = Fault(
        "connections-full",
        "all ordinary slots are taken; superusers still get in",
        strike: { try await $0.server.holdSessions(.init(nil)) },
        expect: { _ in
            .running("primary", but: ["connections_full", "connections_reserved_only"])
                .with { $0.evidence = ["connections_full": "app@app"] }
        },
        mend: { await $0.workspace.end("holder") },
        mended: .live("primary", within: 25)
    )
}
