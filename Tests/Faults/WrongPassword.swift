import Support

extension Fault {
    static let wrongPassword = Fault(
        "wrong-password",
        "the server wants a password, and Howdah has another one",
        sidecar: { stage in
            var options = stage.ordinaryOptions
            options.postgres = stage.server.conninfo(extra: ["password": "outdated"])
            return options
        },
        strike: { stage in
            try await stage.lockObserverOut(hba: ["local all howdah scram-sha-256"] + PostgresServer.trustEveryone)
        },
        expect: { _ in lockedOut("28P01") },
        mend: { stage in
            try stage.server.writeHBA()
            stage.server.reload()
        },
        mended: .live("primary", within: 20)
    )

    /// The server is up and turned Howdah away; the probes keep their answers.
    static func lockedOut(_ sqlState: String) -> Expectation {
        .running("primary", but: ["observer_locked_out"], within: 15).with {
            $0.evidence = ["observer_locked_out": sqlState]
            $0.holds = 2
        }
    }
}

extension Stage {
    /// Puts other lines into `pg_hba.conf` and ends Howdah's session.
    func lockObserverOut(hba lines: [String]) async throws {
        try server.writeHBA(lines)
        server.reload()
        // The postmaster reads the file when the signal arrives; a session that comes in before would stay.
        try await Task.sleep(for: .milliseconds(100))
        try await endObserverSession()
    }
}
