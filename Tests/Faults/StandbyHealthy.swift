import Support

extension Fault {
    static let standbyHealthy = Fault(
        "standby-healthy",
        "a standby is restarted and streams from its primary",
        on: .standby,
        prepare: { try await $0.stopServer() },
        strike: { try await $0.server.launch() },
        expect: { _ in .live("standby") }
    )
}
