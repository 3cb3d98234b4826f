import Support

extension Fault {
    static let preloadMissing = Fault(
        "preload-missing",
        "session_preload_libraries names a library that is not there: every new session fails",
        strike: { stage in
            try stage.server.configure(["session_preload_libraries": "'no_such_library'"])
            stage.server.reload()
        },
        expect: { _ in failing(evidence: "no_such_library") },
        mend: { stage in
            try stage.server.configure([:])
            stage.server.reload()
        }
    )

    static let socketRemoved = Fault(
        "socket-removed",
        "something cleaned the server's Unix socket away; sessions that are open live on",
        strike: { try await $0.server.moveSocket(from: "", to: ".away") },
        expect: { _ in failing(evidence: "no_socket") },
        mend: { try await $0.server.moveSocket(from: ".away", to: "") }
    )

    static let catalogLocked = Fault(
        "catalog-locked",
        "a session holds a lock on pg_authid: every new session hangs in its start-up",
        strike: { stage in
            try await stage.server.holdSessions(
                .init(1, user: "postgres", query: "BEGIN; LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE")
            )
        },
        expect: { _ in failing(evidence: "timed_out") },
        mend: { await $0.workspace.end("holder") },
        mended: .live("primary", within: 30)
    )

    /// The server runs, and nobody new gets in.
    private static func failing(evidence: String) -> Expectation {
        .running("primary", but: ["sessions_failing"], probes: "PFFF", within: 30).with {
            $0.evidence = ["sessions_failing": evidence]
            $0.holds = 1
        }
    }
}

extension PostgresServer {
    /// Renames the Unix socket: the suffixes say from what to what.
    func moveSocket(from old: String, to new: String) async throws {
        let socket = "\(socketDirectory)/.s.PGSQL.\(port)"
        try await Command.succeed(["mv", socket + old, socket + new], within: 5)
    }
}
