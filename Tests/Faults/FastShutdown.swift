import Support

extension Fault {
    static let fastShutdown = Fault(
        "fast-shutdown",
        "a fast shutdown with something to write back",
        prepare: { try await $0.server.writeWAL(megabytes: 50) },
        strike: { try await $0.server.stop(.fast, within: 0) },
        expect: { _ in .dead("stopped", role: "primary").with { $0.seen = ["stopping"] } },
        mend: { try await $0.startAgain() }
    )
}
