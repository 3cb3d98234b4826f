public import Deadlines
public import Facts
internal import Synchronization

/// The owner of at most one libpq connection, on a thread of its own.
///
/// One call at a time: calls wait for each other, and each has a deadline that counts from when it was made. A session
/// whose query is late is dropped, never cancelled (`PQcancel` blocks); its `statement_timeout` ends the query. The
/// task's cancellation ends a wait at once. Prepared statements need a session of the server's own: a pooler between
/// that hands out sessions by transaction is not supported.
public actor PostgresSession {
    private let configuration: LinkConfiguration
    private let kind: SessionKind
    private let limits: SessionLimits
    private let executor: ThreadExecutor
    private let wake = WakeSignal()
    private let counted = Mutex(LinkUsage())
    private var connection: Connection?

    /// Where the actor runs.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// A session that is not open yet.
    ///
    /// The executor may be shared with sessions that may wait for this one.
    public init(
        _ configuration: LinkConfiguration,
        kind: SessionKind = .ordinary,
        limits: SessionLimits = SessionLimits(),
        executor: ThreadExecutor
    ) {
        self.configuration = configuration
        self.kind = kind
        self.limits = limits
        self.executor = executor
    }

    /// What has been asked of the server so far.
    public nonisolated var usage: LinkUsage { counted.withLock { $0 } }

    /// Whether a session is open, as far as we know.
    public var isOpen: Bool { connection != nil }

    /// The backend's process id (`pg_backend_pid()`); nil without a session.
    public var backendPID: Int32? { connection?.backendPID }

    /// The socket, to be watched for `EventWatcher.hangUp`; nil without a session.
    ///
    /// It stays libpq's.
    public var socket: Int32? { connection.map(\.socket) }

    // MARK: Opening and closing

    /// Opens the session; does nothing if it is open.
    public func open(until deadline: Deadline) async -> Admission {
        if connection != nil { return Admission(.accepted) }
        return await attempt(until: deadline, keeping: true)
    }

    /// Lets a session in and gives it back at once: does the server take new ones? Leaves the open session alone.
    public func admit(until deadline: Deadline) async -> Admission {
        await attempt(until: deadline, keeping: false)
    }

    /// Closes the session, if one is open.
    public func close() { connection = nil }

    private func attempt(until deadline: Deadline, keeping: Bool) async -> Admission {
        await withTaskCancellationHandler {
            counted.withLock { $0.connectionAttempts += 1 }
            if Task.isCancelled { return Admission(.cancelled) }
            let result = Connector(
                configuration: configuration,
                kind: kind,
                wake: wake,
                deadline: deadline,
                isCancelled: { Task.isCancelled }
            ).connect()
            if keeping { connection = result.connection }
            return result.admission
        } onCancel: {
            wake.raise()
        }
    }

    // MARK: Asking

    /// Runs statements in one round trip, each in a transaction of its own; their results are in the same order.
    ///
    /// The session's settings go along the first time. Throws where the session has ended or had to be dropped.
    public func pipeline(
        _ statements: [Statement],
        until deadline: Deadline
    ) async throws(PostgresError) -> [StatementResult] {
        try await ask(until: deadline) { connection, turn throws(PostgresError) in
            let isFirst = !connection.isSetUp
            let results = try connection.pipeline((isFirst ? [limits.statement] : []) + statements, turn)
            guard isFirst else { return results }
            _ = try results[0].get()
            connection.isSetUp = true
            return Array(results.dropFirst())
        }
    }

    /// Runs one statement in one round trip.
    public func query(_ statement: Statement, until deadline: Deadline) async throws(PostgresError) -> Rows {
        let results = try await pipeline([statement], until: deadline)
        guard let result = results.first else { throw .notUnderstood("no result") }
        return try result.get()
    }

    /// Runs SQL by the simple protocol, for WAL senders: one result for each statement in it.
    ///
    /// The session's settings go along the first time, as a statement of the same round trip.
    public func simpleQuery(_ sql: String, until deadline: Deadline) async throws(PostgresError) -> [Rows] {
        try await ask(until: deadline) { connection, turn throws(PostgresError) in
            guard !connection.isSetUp else { return try connection.simpleQuery(sql, turn) }
            let results = try connection.simpleQuery(limits.statement.sql + ";" + sql, turn)
            connection.isSetUp = true
            return Array(results.dropFirst())
        }
    }

    /// Looks, without asking anything, whether the server has ended the session; throws `lost` with its last words if so.
    public func noticeEnd() throws(PostgresError) {
        guard let connection else { throw .notOpen }
        do {
            try connection.noticeEnd()
        } catch {
            self.connection = nil
            throw error
        }
    }

    /// Runs `body` on the session; drops the session where the error says that it is of no more use.
    private func ask<Answer: Sendable>(
        until deadline: Deadline,
        _ body: (Connection, Turn) throws(PostgresError) -> Answer
    ) async throws(PostgresError) -> Answer {
        let result: Result<Answer, PostgresError> = await withTaskCancellationHandler {
            guard let connection else { return .failure(.notOpen) }
            // Nothing has been sent: the session is as good as it was.
            guard !Task.isCancelled else { return .failure(.abandoned) }
            guard !deadline.hasPassed else { return .failure(.timedOut) }
            let turn = Turn(deadline: deadline, wake: wake, isCancelled: { Task.isCancelled })
            let began = ContinuousClock.now
            let result = Result { () throws(PostgresError) in try body(connection, turn) }
            let seconds = began.duration(to: .now) / .seconds(1)
            counted.withLock {
                $0.roundTrips += 1
                $0.querySeconds += seconds
            }
            if case .failure(let error) = result, error.endsSession { self.connection = nil }
            return result
        } onCancel: {
            wake.raise()
        }
        return try result.get()
    }
}
