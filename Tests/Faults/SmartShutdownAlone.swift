import Support

extension Fault {
    /// A smart shutdown waits for every session: an observer that keeps its own would hold it up for ever.
    static let smartShutdownAlone = Fault(
        "smart-shutdown-alone",
        "a smart shutdown while Howdah's is the only session",
        strike: { try await $0.server.stop(.smart, within: 0) },
        expect: { _ in .dead("stopped", role: "primary") },
        mend: { try await $0.startAgain() }
    )
}
