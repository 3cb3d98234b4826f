import Deadlines
import Facts
import PostgresLink
import Support

/// A session object of a test, on a thread that ends with the test.
struct Link {
    let session: PostgresSession
    private let executor: ThreadExecutor

    /// Hands a session object to `body`, not open yet.
    static func with<Value>(
        _ conninfo: String,
        passwordFile: String? = nil,
        kind: SessionKind = .ordinary,
        limits: SessionLimits = SessionLimits(),
        _ body: (PostgresSession) async throws -> Value
    ) async throws -> Value {
        let executor = ThreadExecutor(name: "test")
        defer { executor.shutdown() }
        let configuration = try LinkConfiguration(conninfo: conninfo, passwordFile: passwordFile)
        let session = PostgresSession(configuration, kind: kind, limits: limits, executor: executor)
        let value = try await body(session)
        await session.close()
        return value
    }

    /// Hands an open session to `body`.
    static func open<Value>(
        _ conninfo: String,
        kind: SessionKind = .ordinary,
        limits: SessionLimits = SessionLimits(),
        _ body: (PostgresSession) async throws -> Value
    ) async throws -> Value {
        try await with(conninfo, kind: kind, limits: limits) { session in
            let admission = await session.open(until: .after(seconds: 5))
            guard admission.outcome == .accepted else { throw NotLetIn(outcome: admission.outcome) }
            return try await body(session)
        }
    }

    /// One start-up attempt.
    static func admit(
        _ conninfo: String,
        passwordFile: String? = nil,
        kind: SessionKind = .ordinary,
        within seconds: Double = 5
    ) async throws -> Admission {
        try await with(conninfo, passwordFile: passwordFile, kind: kind) { session in
            await session.admit(until: .after(seconds: seconds))
        }
    }

    /// One start-up attempt's outcome.
    static func outcome(
        _ conninfo: String,
        passwordFile: String? = nil,
        kind: SessionKind = .ordinary,
        within seconds: Double = 5
    ) async throws -> ConnectOutcome {
        try await admit(conninfo, passwordFile: passwordFile, kind: kind, within: seconds).outcome
    }

    /// One start-up attempt's kind of outcome.
    static func kind(_ conninfo: String) async throws -> String { try await outcome(conninfo).kind }

    /// A session that a test needs was not let in.
    struct NotLetIn: Error {
        var outcome: ConnectOutcome
    }
}

extension PostgresServer {
    /// Makes and starts a server in a workspace of its own, and ends it after `body`.
    static func with<Value>(
        _ major: Int,
        settings: [String: String] = [:],
        _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value {
        try await Workspace.with { workspace in
            let server = try await make(major, in: workspace, settings: settings)
            try await server.start()
            return try await body(server)
        }
    }
}
