import Support

extension Fault {
    static let cleanStart = Fault(
        "clean-start",
        "a server that was stopped cleanly is started",
        prepare: { try await $0.stopServer() },
        strike: { try await $0.server.launch() },
        expect: { _ in .live("primary") }
    )
}
