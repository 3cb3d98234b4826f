import Deadlines
import Facts
import Glibc
import PostgresLink
import Support
import Testing

/// Queries on sessions of real servers.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SessionTests {
    private static func soon() -> Deadline { .after(seconds: 5) }

    private func settings(_ session: PostgresSession) async throws -> [String] {
        let names = ["default_transaction_read_only", "statement_timeout", "lock_timeout", "application_name"]
        let sql = "SELECT " + names.map { "current_setting('\($0)') AS \($0)" }.joined(separator: ", ")
        let rows = try await session.query(Statement(name: "settings", sql: sql), until: Self.soon())
        return names.map { rows.first?[$0] ?? "" }
    }

    @Test(arguments: PostgresInstallation.majors) func aSessionIsSetUpAndAnswers(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await Link.open(server.conninfo()) { session in
                let found = try await settings(session)
                #expect(found == ["on", "5s", "100ms", "howdah"])
                // Prepared once, executed twice; no other round trips.
                let again = try await settings(session)
                #expect(again == found)
                let prepared = try await session.query(
                    Statement(name: "", sql: "SELECT name FROM pg_prepared_statements WHERE name <> ''"),
                    until: Self.soon()
                )
                #expect(prepared.all.map { $0["name"] } == ["settings"])
                #expect(session.usage.roundTrips == 3)
                #expect(session.usage.connectionAttempts == 1)
                #expect(session.usage.querySeconds > 0)
                let pid = await session.backendPID
                #expect(
                    try await server.psql("SELECT pid FROM pg_stat_activity WHERE usename = 'howdah'")
                        == pid.map { "\($0)" }
                )
            }
        }
    }

    @Test func aNameOfTheUsersOwnIsKept() async throws {
        try await PostgresServer.with(15) { server in
            let conninfo = server.conninfo(extra: ["application_name": "observer"])
            let found = try await Link.open(conninfo) { try await settings($0) }
            #expect(found.last == "observer")
        }
    }

    // One refused statement leaves the others alone: a future version that lacks a column.
    @Test(arguments: PostgresInstallation.majors) func eachStatementStandsAlone(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await Link.open(server.conninfo()) { session in
                let statements = [
                    Statement(name: "one", sql: "SELECT 1 AS n"),
                    Statement(name: "gone", sql: "SELECT no_such_column FROM pg_stat_activity"),
                    Statement(name: "", sql: "SELECT 1 / 0"),
                    Statement(name: "", sql: "CREATE TABLE t (i int)"),
                    Statement(name: "two", sql: "SELECT 2 AS n, NULL AS nothing, '' AS empty"),
                ]
                for _ in 0..<2 {
                    let results = try await session.pipeline(statements, until: Self.soon())
                    #expect(results.map { Self.state(of: $0) } == ["", "42703", "22012", "25006", ""])
                    let last = try results[4].get().first
                    #expect(last?.integer("n") == 2 && last?["nothing"] == nil && last?["empty"] == "")
                    #expect(last?["missing"] == nil)
                }
                let isOpen = await session.isOpen
                #expect(isOpen)
            }
        }
    }

    private static func state(of result: StatementResult) -> String {
        switch result {
        case .success: ""
        case .failure(let error): error.sqlState ?? "none"
        }
    }

    @Test func aSlowQueryIsLate() async throws {
        try await PostgresServer.with(15) { server in
            try await Link.open(server.conninfo()) { session in
                let began = ContinuousClock.now
                let error = await failure(of: session, "SELECT pg_sleep(10)", within: 0.3)
                #expect(error == .timedOut)
                #expect(began.duration(to: .now) < .seconds(3))
                let next = await failure(of: session, "SELECT 1", within: 1)
                #expect(next == .notOpen)
            }
            // The server ends the query by itself, soon after.
            var limits = SessionLimits()
            limits.statementSeconds = 0.2
            try await Link.open(server.conninfo(), limits: limits) { session in
                let error = await failure(of: session, "SELECT pg_sleep(10)", within: 5)
                #expect(error == .cancelled("canceling statement due to statement timeout"))
                let next = await failure(of: session, "SELECT 1", within: 5)
                #expect(next == nil)
            }
        }
    }

    @Test func aStoppedBackendIsLate() async throws {
        try await PostgresServer.with(16) { server in
            try await Link.open(server.conninfo()) { session in
                let first = await failure(of: session, "SELECT 1", within: 5)
                #expect(first == nil)
                let backend = try #require(await session.backendPID.flatMap { TrackedProcess(pid: $0) })
                backend.send(SIGSTOP)
                let error = await failure(of: session, "SELECT 1", within: 0.3)
                #expect(error == .timedOut)
                backend.send(SIGCONT)
            }
        }
    }

    // A query waits for the one before it; its deadline does not.
    @Test func waitingCountsAgainstTheDeadline() async throws {
        try await PostgresServer.with(15) { server in
            try await Link.open(server.conninfo()) { session in
                async let slow = failure(of: session, "SELECT pg_sleep(0.5)", within: 5)
                try await Task.sleep(for: .milliseconds(100))
                let late = await failure(of: session, "SELECT 1", within: 0.1)
                #expect(late == .timedOut)
                #expect(await slow == nil)
                // Nothing was sent, so the session lives.
                let next = await failure(of: session, "SELECT 1", within: 5)
                #expect(next == nil)
            }
        }
    }

    @Test func aCancelledTaskDoesNotWait() async throws {
        try await PostgresServer.with(15) { server in
            try await Link.open(server.conninfo()) { session in
                let took = try await ContinuousClock().measure {
                    try await withThrowingTaskGroup(of: PostgresError?.self) { group in
                        group.addTask { await failure(of: session, "SELECT pg_sleep(10)", within: 8) }
                        try await Task.sleep(for: .milliseconds(200))
                        group.cancelAll()
                        let error = try await group.next()
                        #expect(error == .abandoned)
                    }
                }
                #expect(took < .seconds(5))
            }
        }
    }

    @Test func anAttemptThatIsCancelledSaysSo() async throws {
        try await PostgresServer.with(15) { server in
            server.postmaster?.send(SIGSTOP)
            try await Link.with(server.conninfo()) { session in
                await withTaskGroup(of: ConnectOutcome.self) { group in
                    group.addTask { await session.admit(until: .after(seconds: 8)).outcome }
                    try? await Task.sleep(for: .milliseconds(100))
                    group.cancelAll()
                    let outcome = await group.next()
                    #expect(outcome == .cancelled)
                }
            }
        }
    }

    @Test func tooManyRowsAreNotTaken() async throws {
        try await PostgresServer.with(15) { server in
            try await Link.open(server.conninfo()) { session in
                let sql = "SELECT generate_series(1, \(Rows.rowLimit + 1))"
                let error = await failure(of: session, sql, within: 5)
                guard case .notUnderstood? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    // A database in SQL_ASCII may hold any bytes.
    @Test func bytesThatAreNoTextAreReplaced() async throws {
        try await PostgresServer.with(15) { server in
            try await server.psql("CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0")
            try await Link.open(server.conninfo(database: "raw")) { session in
                let rows = try await session.query(
                    Statement(name: "", sql: "SELECT E'a\\377b' AS bytes"),
                    until: Self.soon()
                )
                #expect(rows.first?["bytes"] == "a\u{FFFD}b")
            }
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aWALSenderAnswersSimpleQueries(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            try await Link.open(server.conninfo(), kind: .walSender) { session in
                let results = try await session.simpleQuery(
                    "SELECT 1 AS n; SELECT current_setting('statement_timeout') AS t",
                    until: Self.soon()
                )
                #expect(results.map(\.count) == [1, 1])
                #expect(results.last?.first?["t"] == "5s")
                await #expect(throws: PostgresError.server(sqlState: "22012", message: "division by zero")) {
                    try await session.simpleQuery("SELECT 1 / 0", until: Self.soon())
                }
            }
        }
    }
}

/// The error of a query; nil if it has none.
func failure(of session: PostgresSession, _ sql: String, within seconds: Double) async -> PostgresError? {
    do throws(PostgresError) {
        _ = try await session.query(Statement(name: "", sql: sql), until: .after(seconds: seconds))
        return nil
    } catch {
        return error
    }
}
