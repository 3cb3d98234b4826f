import Deadlines
import Facts
import Glibc
import PostgresLink
import Support
import Testing

/// How sessions end, and what is learned from it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LossTests {
    @Test(arguments: PostgresInstallation.majors) func terminatedWhileIdle(major: Int) async throws {
        try await lost(on: major, with: "57P01") { server, session in
            let pid = try #require(await session.backendPID)
            try await server.psql("SELECT pg_terminate_backend(\(pid))")
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aFastShutdownWhileIdle(major: Int) async throws {
        try await lost(on: major, with: "57P01") { server, _ in try await server.stop(.fast) }
    }

    @Test(arguments: PostgresInstallation.majors) func anImmediateShutdownWhileIdle(major: Int) async throws {
        try await lost(on: major, with: "57P01") { server, _ in try await server.stop(.immediate) }
    }

    // 57P02 comes as a warning, and then the connection closes.
    @Test(arguments: PostgresInstallation.majors) func aCrashElsewhereWhileIdle(major: Int) async throws {
        try await lost(on: major, with: "57P02") { server, _ in
            try await server.holdSessions(.init(1))
            server.child(titled: "app app")?.send(SIGKILL)
        }
    }

    // A backend notices that its postmaster is gone, and says so.
    @Test(arguments: PostgresInstallation.majors) func theDeathOfThePostmasterWhileIdle(major: Int) async throws {
        try await lost(on: major, with: "57P01") { server, _ in await server.crash() }
    }

    @Test(arguments: PostgresInstallation.majors) func ourOwnBackendIsKilled(major: Int) async throws {
        try await lost(on: major, with: nil) { _, session in
            try #require(await session.backendPID.flatMap { TrackedProcess(pid: $0) }).send(SIGKILL)
        }
    }

    @Test(arguments: PostgresInstallation.majors) func anIdleSessionTimesOut(major: Int) async throws {
        try await lost(on: major, with: "57P05") { server, _ in
            try server.configure(["idle_session_timeout": "'200ms'"])
            server.reload()
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Opens a session, waits for its socket to say that it was hung up, and looks at the last words.
    private func lost(
        on major: Int, with sqlState: String?, _ end: (PostgresServer, PostgresSession) async throws -> Void
    ) async throws {
        try await PostgresServer.with(major) { server in
            try await Link.open(server.conninfo()) { session in
                // A round trip first, so that the backend waits for the next one.
                let first = await failure(of: session, "SELECT 1", within: 5)
                #expect(first == nil)
                let watcher = try EventWatcher()
                defer { watcher.shutdown() }
                let hangUp = HangUp()
                let socket = try #require(await session.socket)
                let watch = try watcher.watch(fd: socket, events: EventWatcher.hangUp) { hangUp.happened() }
                try await end(server, session)
                #expect(await eventually(within: 8) { hangUp.count > 0 })
                watch.cancel()
                let error = await noticedEnd(of: session)
                guard case .lost(let found, let message)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(found == sqlState, "\(message)")
                let isOpen = await session.isOpen
                #expect(!isOpen)
            }
        }
    }

    private func noticedEnd(of session: PostgresSession) async -> PostgresError? {
        do throws(PostgresError) {
            try await session.noticeEnd()
            return nil
        } catch {
            return error
        }
    }

    // The same words while a query runs, and when the next query finds the connection gone.
    @Test(arguments: PostgresInstallation.majors) func duringAndBeforeAQuery(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await Link.open(server.conninfo()) { session in
                let pid = try #require(await session.backendPID)
                async let error = failure(of: session, "SELECT pg_sleep(10)", within: 4)
                #expect(
                    try await eventually(within: 3) {
                        try await server.psql("SELECT state FROM pg_stat_activity WHERE pid = \(pid)") == "active"
                    })
                try await server.psql("SELECT pg_terminate_backend(\(pid))")
                #expect(await error?.sqlState == "57P01")
            }
            try await Link.open(server.conninfo()) { session in
                let pid = try #require(await session.backendPID)
                try await server.psql("SELECT pg_terminate_backend(\(pid), 2000)")
                let error = await failure(of: session, "SELECT 1", within: 4)
                #expect(error?.sqlState == "57P01")
            }
        }
    }
}
