import Deadlines
import Facts
import Glibc
import PostgresLink
import Support
import Testing

/// How sessions end, and what is learned from it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LossTests {
    /// A way for a session to end, and the SQLSTATE of the server's last words; nil if it has none.
    private struct End: Sendable {
        var name: String
        var sqlState: String?
        var user = "howdah"
        var cause: @Sendable (PostgresServer, PostgresSession) async throws -> Void
    }

    private static let ends = [
        End(name: "terminated", sqlState: "57P01") { server, session in
            let pid = try #require(await session.backendPID)
            try await server.psql("SELECT pg_terminate_backend(\(pid))")
        },
        End(name: "idle for too long", sqlState: "57P05", user: "app2") { _, _ in },
        // 57P02 comes as a warning, and then the connection closes.
        End(name: "a crash elsewhere", sqlState: "57P02") { server, _ in
            try await server.holdSessions(.init(1))
            server.child(titled: "app app")?.send(SIGKILL)
        },
        End(name: "our own backend killed", sqlState: nil) { _, session in
            try #require(await session.backendPID.flatMap { TrackedProcess(pid: $0) }).send(SIGKILL)
        },
        End(name: "a fast shutdown", sqlState: "57P01") { server, _ in try await server.stop(.fast) },
        End(name: "an immediate shutdown", sqlState: "57P01") { server, _ in try await server.stop(.immediate) },
        // A backend notices that its postmaster is gone, and says so.
        End(name: "the postmaster's death", sqlState: "57P01") { server, _ in await server.crash() },
    ]

    @Test(arguments: PostgresInstallation.majors) func anIdleSessionEnds(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await server.psql("ALTER ROLE app2 SET idle_session_timeout = '300ms'")
            for end in Self.ends {
                if server.postmaster == nil { try await server.start() }
                let conninfo = server.conninfo(user: end.user)
                let isBack = try await eventually(within: 10) { try await Link.outcome(conninfo) == .accepted }
                #expect(isBack)
                try await lose(end, on: server)
            }
        }
    }

    /// Opens a session, waits for its socket to say that it was hung up, and looks at the last words.
    private func lose(_ end: End, on server: PostgresServer) async throws {
        try await Link.open(server.conninfo(user: end.user)) { session in
            // A round trip first, and time to get back from it: a backend that is hit while it still sends its answer has
            // no last words.
            let first = await failure(of: session, "SELECT 1", within: 5)
            #expect(first == nil)
            try await Task.sleep(for: .milliseconds(50))
            let watcher = try EventWatcher()
            defer { watcher.shutdown() }
            let hangUp = HangUp()
            let socket = try #require(await session.socket)
            let watch = try watcher.watch(fd: socket, events: EventWatcher.hangUp) { hangUp.happened() }
            try await end.cause(server, session)
            #expect(await eventually(within: 8) { hangUp.count > 0 }, "\(end.name)")
            watch.cancel()
            let error = await noticedEnd(of: session)
            guard case .lost(let found, let message)? = error else {
                Issue.record("\(end.name): \(String(describing: error))")
                return
            }
            #expect(found == end.sqlState, "\(end.name): \(message)")
            let isOpen = await session.isOpen
            #expect(!isOpen)
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
                    try await eventually(within: 10) {
                        try await server.psql("SELECT state FROM pg_stat_activity WHERE pid = \(pid)") == "active"
                    }
                )
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
