import Deadlines
import Facts
import Glibc
import PostgresLink
import Support
import Testing

/// Start-up attempts at real servers of every version, each in a state of its own.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AdmissionTests {
    @Test(arguments: PostgresInstallation.majors) func aRunningServerLetsUsIn(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            for overTCP in [false, true] {
                let admission = try await Link.admit(server.conninfo(overTCP: overTCP))
                #expect(admission.outcome == .accepted)
                let steps = [admission.acceptSeconds, admission.firstByteSeconds, admission.authenticationSeconds]
                for step in steps { #expect(try (0..<2).contains(#require(step))) }
            }
            #expect(try await server.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'howdah'") == "0")
        }
    }

    @Test(arguments: PostgresInstallation.majors) func nobodyListens(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            await server.crash()
            let stale = try await Link.outcome(server.conninfo())
            #expect(stale.kind == "refused")
            TextFile.remove("\(server.socketDirectory)/.s.PGSQL.\(server.port)")
            let missing = try await Link.outcome(server.conninfo())
            #expect(missing.kind == "no_socket")
            let overTCP = try await Link.outcome(server.conninfo(overTCP: true))
            #expect(overTCP.kind == "refused")
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aStoppedPostmasterIsLate(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            server.postmaster?.send(SIGSTOP)
            for overTCP in [false, true] {
                let began = ContinuousClock.now
                let admission = try await Link.admit(server.conninfo(overTCP: overTCP), within: 0.3)
                #expect(admission.outcome == .timedOut(.firstByte))
                #expect(admission.acceptSeconds != nil && admission.firstByteSeconds == nil)
                #expect(began.duration(to: .now) < .seconds(3))
            }
            // Attempts that were given up fill the backlog, until the kernel takes no more.
            var outcomes: Set<ConnectOutcome> = []
            for _ in 0..<80 { outcomes.insert(try await Link.outcome(server.conninfo(), within: 0.03)) }
            #expect(outcomes.isSubset(of: [.timedOut(.firstByte), .timedOut(.accept)]))
            #expect(try await Link.outcome(server.conninfo(), within: 0.1) == .timedOut(.accept))
            server.postmaster?.send(SIGCONT)
            #expect(try await Link.outcome(server.conninfo()) == .accepted)
        }
    }

    @Test(arguments: PostgresInstallation.majors) func slotsAreTaken(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await server.holdSessions(.init(nil), as: "app")
            #expect(try await fullness(server.conninfo()) == .reservedOnly)
            // The same, without TLS and GSSAPI in between, over TCP.
            #expect(try await fullness(server.conninfo(overTCP: true)) == .reservedOnly)
            try await server.holdSessions(.init(nil, user: "postgres"), as: "superuser")
            #expect(try await fullness(server.conninfo(user: "postgres")) == .allSlots)
            #expect(try await fullness(server.conninfo()) == .allSlots)
            // A WAL sender is let in all the same.
            #expect(try await Link.outcome(server.conninfo(), kind: .walSender) == .accepted)
        }
    }

    @Test(arguments: PostgresInstallation.majors.filter { $0 >= 16 })
    func slotsAreReservedForARole(major: Int) async throws {
        try await PostgresServer.with(major, settings: ["reserved_connections": "2"]) { server in
            try await server.holdSessions(.init(nil), as: "app")
            let outcome = try await Link.outcome(server.conninfo())
            guard case .full(.reservedOnly, let message) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(message.contains("pg_use_reserved_connections"))
            try await server.psql("GRANT pg_use_reserved_connections TO howdah", user: "postgres")
            #expect(try await Link.outcome(server.conninfo()) == .accepted)
        }
    }

    @Test(arguments: PostgresInstallation.majors) func limitsAreReached(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await server.psql("ALTER ROLE howdah CONNECTION LIMIT 0; ALTER DATABASE app CONNECTION LIMIT 0")
            #expect(try await fullness(server.conninfo()) == .role("howdah"))
            #expect(try await fullness(server.conninfo(user: "app", database: "app")) == .database("app"))
            try await server.psql("ALTER ROLE howdah CONNECTION LIMIT -1")
            try await server.holdSessions(.init(5, user: "howdah", replication: "true"), as: "senders")
            #expect(try await fullness(server.conninfo(), kind: .walSender) == .walSenders)
        }
    }

    private func fullness(_ conninfo: String, kind: SessionKind = .ordinary) async throws -> Fullness? {
        let outcome = try await Link.outcome(conninfo, kind: kind)
        if case .full(let fullness, _) = outcome { return fullness }
        Issue.record("\(outcome)")
        return nil
    }
}

/// Start-up attempts at real servers that are up and not accepting, or turn us away.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RejectionTests {
    @Test(arguments: PostgresInstallation.majors) func aServerStartsUp(major: Int) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(
                major,
                in: workspace,
                settings: ["restore_command": "'sleep 3; false'"]
            )
            try TextFile.write("", to: "\(server.dataDirectory)/recovery.signal", mode: 0o600)
            try await server.launch()
            #expect(try await eventually(within: 10) { try await rejection(server) == .startingUp })
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aStandbyIsNotConsistent(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            let standby = try await server.makeStandby()
            try await standby.recopyWithoutEnd(from: server)
            try await standby.launch()
            #expect(
                try await eventually(within: 10) { try await rejection(standby) == .notYetAccepting(.notConsistent) }
            )
        }
    }

    @Test(arguments: PostgresInstallation.majors) func hotStandbyIsOff(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            let standby = try await server.makeStandby(settings: ["hot_standby": "off"])
            try await standby.launch()
            #expect(try await eventually(within: 10) { try await rejection(standby) == .hotStandbyDisabled })
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aServerShutsDown(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await server.holdSessions(.init(1))
            try await server.stop(.smart, within: 0)
            #expect(try await eventually(within: 10) { try await rejection(server) == .shuttingDown })
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aBackendCrashes(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            // One backend that does not hear of the crash keeps the state up.
            try await server.holdSessions(.init(2))
            let backends = server.childPIDs(titled: "app app").compactMap { TrackedProcess(pid: $0) }
            #expect(backends.count == 2)
            backends.first?.send(SIGSTOP)
            backends.last?.send(SIGKILL)
            #expect(try await eventually(within: 10) { try await rejection(server) == .recoveryMode })
        }
    }

    private func rejection(_ server: PostgresServer) async throws -> Rejection? {
        guard case .rejected(let rejection, _) = try await Link.outcome(server.conninfo()) else { return nil }
        return rejection
    }

    @Test(arguments: PostgresInstallation.majors) func weAreTurnedAway(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await server.psql("REVOKE CONNECT ON DATABASE app FROM PUBLIC")
            #expect(try await turnedAway(server.conninfo(user: "nobody")) == "28000")
            #expect(try await turnedAway(server.conninfo(database: "nowhere")) == "3D000")
            #expect(try await turnedAway(server.conninfo(database: "app")) == "42501")
            #expect(try await turnedAway(server.conninfo(database: "template0")) == "55000")
            // A role without REPLICATION.
            #expect(try await turnedAway(server.conninfo(user: "app"), kind: .walSender) == "42501")

            try server.writeHBA(["local all postgres trust", "local all all scram-sha-256"])
            server.reload()
            let wrong = server.conninfo(extra: ["password": "wrong"])
            #expect(try await eventually(within: 10) { try await turnedAway(wrong) == "28P01" })
            #expect(try await turnedAway(server.conninfo()) == "none", "no password supplied")
            #expect(try await turnedAway(server.conninfo(overTCP: true)) == "28000", "no line in pg_hba.conf")
            try await passwordsComeFromTheFile(server)
        }
    }

    private func passwordsComeFromTheFile(_ server: PostgresServer) async throws {
        let file = "\(server.workspace.path)/password"
        let missing = try await Link.outcome(server.conninfo(), passwordFile: file)
        #expect(missing == .notAttempted("the password file \(file) cannot be read: No such file or directory"))
        try await Link.with(server.conninfo(), passwordFile: nil) { _ in }
        let executor = ThreadExecutor(name: "test")
        defer { executor.shutdown() }
        let configuration = try LinkConfiguration(conninfo: server.conninfo(), passwordFile: file)
        let session = PostgresSession(configuration, executor: executor)
        try TextFile.write("wrong\n", to: file)
        #expect(await session.admit(until: .after(seconds: 5)).outcome.sqlState == "28P01")
        try TextFile.write("howdah\n", to: file)
        #expect(await session.admit(until: .after(seconds: 5)).outcome == .accepted)
    }

    /// The SQLSTATE that the server turned us away with; `none` where there was none, nil where it did not.
    private func turnedAway(_ conninfo: String, kind: SessionKind = .ordinary) async throws -> String? {
        guard case .notAuthenticated(let sqlState, _) = try await Link.outcome(conninfo, kind: kind) else { return nil }
        return sqlState ?? "none"
    }
}
