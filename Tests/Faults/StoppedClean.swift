import Support

extension Fault {
    static let stoppedClean = Fault(
        "stopped-clean",
        "a server that was stopped cleanly stays down",
        strike: { try await $0.server.stop(.fast) },
        expect: { _ in .dead("stopped", role: "primary").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}
