import Support

extension Fault {
    static let immediateShutdown = Fault(
        "immediate-shutdown",
        "an immediate shutdown: no checkpoint, as after a crash",
        strike: { try await $0.server.stop(.immediate, within: 0) },
        expect: { _ in .dead("crashed", role: "primary").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}
