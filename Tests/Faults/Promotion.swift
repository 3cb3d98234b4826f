import Support

extension Fault {
    static let promotion = Fault(
        "promotion",
        "a standby is promoted",
        on: .standby,
        strike: { try $0.server.promote() },
        expect: { _ in .live("primary") },
        mend: { try await $0.rebuildStandby() }
    )
}
