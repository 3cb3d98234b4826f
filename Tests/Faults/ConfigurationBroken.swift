import Support

extension Fault {
    static let configurationBroken = Fault(
        "config-broken",
        "a start with a broken postgresql.conf",
        prepare: { stage in
            try await stage.stopServer()
            try stage.server.configure(["max_connections": "plenty"])
        },
        strike: { try await $0.launchInVain() },
        expect: { _ in .dead("start_failed", role: "primary").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}

extension Stage {
    /// Starts a server that will give up, which may be over before the call is.
    func launchInVain() async throws {
        do {
            try await server.launch()
        } catch is Command.Failed {
            // It gave up at once.
        }
    }
}
