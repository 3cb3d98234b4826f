import Glibc
import Support
import Testing

/// The fallback against real servers of every version.
@Suite(.serialized) struct RealServerTests {
    /// What PostgreSQL is asked through: the environment of a database container.
    private func ask(
        _ probe: String,
        _ server: PostgresServer,
        _ more: [String: String] = [:]
    ) async throws -> ProbeBinary.Run {
        let own = ["PGHOST": server.socketDirectory, "PGPORT": "\(server.port)"]
        return try await ProbeBinary.run(
            [probe, "--run-directory", "/nonexistent"],
            environment: own.merging(more) { $1 }
        )
    }

    @Test(arguments: PostgresInstallation.majors) func followsAServerThroughItsLife(major: Int) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace)
            let stopped = try await ask("readiness", server)
            #expect(stopped.exitCode == 1)
            #expect(stopped.line.contains("no server"))

            try await server.start()
            for probe in ["liveness", "readiness", "read-write", "read-only"] {
                #expect(try await ask(probe, server).exitCode == 0)
            }
            #expect(try await ask("read-write", server).line.contains("primary by its own word"))
            #expect(try await ask("readiness", server, ["PGUSER": "nobody"]).line.contains("answers with 28000"))
            #expect(try await ask("readiness", server, ["PGDATABASE": "none"]).line.contains("answers with 3D000"))
            let overTCP = try await ask("read-only", server, ["PGHOST": "127.0.0.1"])
            #expect(overTCP.exitCode == 0)
            #expect(overTCP.line.contains("127.0.0.1:\(server.port) lets sessions in"))

            try server.writeHBA(["local all all scram-sha-256"])
            server.reload()
            let password = try await ask("read-write", server, ["PGUSER": "howdah", "PGDATA": server.dataDirectory])
            #expect(password.exitCode == 0)
            #expect(!server.lastLogLines(200).contains("could not send data to client"))
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aFullServerIsNotDown(major: Int) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace)
            try await server.start()
            try await server.holdSessions(.init(nil, user: "postgres"))
            for probe in ["readiness", "read-write", "read-only"] {
                let run = try await ask(probe, server)
                #expect(run.exitCode == 0)
                #expect(run.line.contains("is full, which is not down: sorry, too many clients already"))
            }
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aStoppedPostmasterFailsInTime(major: Int) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace)
            try await server.start()
            let postmaster = try #require(server.postmaster)
            postmaster.send(SIGSTOP)
            var seconds: [Double] = []
            for _ in 0..<5 {
                let run = try await ask("readiness", server)
                #expect(run.exitCode == 1)
                #expect(run.line.contains("the server does not answer"))
                seconds.append(run.seconds)
            }
            #expect(seconds.sorted()[2] < ProbeBinary.longestSeconds)
            #expect(try await ask("liveness", server).exitCode == 0)
            postmaster.send(SIGCONT)
            #expect(try await ask("readiness", server).exitCode == 0)
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aStandbyIsForReading(major: Int) async throws {
        try await Workspace.with { workspace in
            let primary = try await PostgresServer.make(major, in: workspace)
            try await primary.start()
            let standby = try await primary.makeStandby()
            try await standby.start()
            // `ready` in postmaster.pid comes a moment before the first session gets in.
            #expect(try await eventually(within: 10) { try await ask("read-only", standby).exitCode == 0 })
            let write = try await ask("read-write", standby)
            #expect(write.exitCode == 1)
            #expect(write.line.contains("but it is a standby by its own word"))
            try standby.promote()
            #expect(try await eventually(within: 10) { try await ask("read-write", standby).exitCode == 0 })
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aShutdownThatWaitsFails(major: Int) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace)
            try await server.start()
            try await server.holdSessions(.init(1))
            try await server.stop(.smart, within: 0)
            var run = try await ask("readiness", server)
            _ = try await eventually(within: 10) {
                run = try await ask("readiness", server)
                return run.exitCode == 1
            }
            #expect(run.exitCode == 1)
            #expect(run.line.contains("says: the database system is shutting down"))
        }
    }
}
