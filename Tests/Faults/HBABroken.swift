import Support

extension Fault {
    static let hbaBroken = Fault(
        "hba-broken",
        "a start with a broken pg_hba.conf",
        prepare: { stage in
            try await stage.stopServer()
            try stage.server.writeHBA(["local all all perhaps"])
        },
        strike: { try await $0.launchInVain() },
        expect: { _ in .dead("start_failed", role: "primary").with { $0.holds = 2 } },
        mend: { try await $0.startAgain() }
    )
}
