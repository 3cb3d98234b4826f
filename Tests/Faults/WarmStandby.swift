import Support

extension Fault {
    static let warmStandby = Fault(
        "warm-standby",
        "a standby with hot_standby off",
        on: .standby,
        prepare: { stage in
            try await stage.stopServer()
            try stage.server.configure(["hot_standby": "off"])
        },
        strike: { try await $0.server.launch() },
        expect: { _ in .notAccepting("warm_standby", role: "standby").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}
