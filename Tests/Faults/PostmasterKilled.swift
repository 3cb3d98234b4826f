import Support

extension Fault {
    static let postmasterKilled = Fault(
        "postmaster-killed",
        "SIGKILL to the postmaster, and nobody starts it again",
        strike: { await $0.server.crash() },
        expect: { _ in .dead("crashed", role: "primary").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}
