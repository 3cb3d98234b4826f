internal import CLibpq

/// The outcome of one statement of a pipeline: rows, or the server's refusal of this statement alone.
public typealias StatementResult = Result<Rows, PostgresError>

extension Connection {
    /// Runs prepared statements in one round trip, each in a transaction of its own: one that is refused leaves the
    /// others alone.
    ///
    /// A statement that the session does not know yet is prepared in the same round trip; one without a name is not kept.
    /// Throws where the session has ended or must be given up; a statement's own error is in its place.
    func pipeline(_ statements: [Statement], _ turn: Turn) throws(PostgresError) -> [StatementResult] {
        try noticeEnd()
        guard unsafe PQenterPipelineMode(handle) == 1 else { throw queueingFailed() }
        for statement in statements { try queue(statement) }
        try flush(turn)
        var results: [StatementResult] = []
        for statement in statements { results.append(try takeResult(of: statement, turn)) }
        // The syncs' own end-of-results marks.
        for _ in 0..<2 where unsafe PQexitPipelineMode(handle) == 0 { _ = try nextResult(turn) }
        guard unsafe PQpipelineStatus(handle) == PQ_PIPELINE_OFF else { throw .notUnderstood(errorText) }
        return results
    }

    private func queue(_ statement: Statement) throws(PostgresError) {
        if !prepared.contains(statement.name) {
            guard unsafe PQsendPrepare(handle, statement.name, statement.sql, 0, nil) == 1 else {
                throw queueingFailed()
            }
        }
        guard unsafe PQsendQueryPrepared(handle, statement.name, 0, nil, nil, nil, 0) == 1,
            unsafe PQpipelineSync(handle) == 1
        else { throw queueingFailed() }
    }

    /// How many results, and ends of results, one statement may have: there are four.
    private static let resultLimit = 16

    /// Takes everything up to the sync that ends `statement`.
    private func takeResult(of statement: Statement, _ turn: Turn) throws(PostgresError) -> StatementResult {
        var rows = Rows.none
        var failure: PostgresError?
        for _ in 0..<Self.resultLimit {
            // Nil is the end of a command's results, not of the statement's.
            guard let result = try nextResult(turn) else { continue }
            switch result.status {
            case PGRES_PIPELINE_SYNC:
                if let failure { return .failure(failure) }
                return .success(rows)
            case PGRES_COMMAND_OK:
                // Of the preparation; the execution of a SELECT ends with tuples.
                if !statement.name.isEmpty { prepared.insert(statement.name) }
            case PGRES_TUPLES_OK: rows = try result.rows()
            case PGRES_PIPELINE_ABORTED: break
            case PGRES_FATAL_ERROR:
                listen(to: result)
                if status != CONNECTION_OK { throw endOfSession() }
                failure = failure ?? result.error
            default: throw .notUnderstood("a result of a kind that was not asked for")
            }
        }
        throw .notUnderstood("the results did not end")
    }

    /// The error where libpq did not take a command: the session has ended, or libpq's state is not what we think.
    private func queueingFailed() -> PostgresError {
        status == CONNECTION_OK ? .notUnderstood(ConnectionText.firstLine(errorText)) : endOfSession()
    }
}

extension Connection {
    /// How many results one simple query may have.
    static let simpleResultLimit = 16

    /// Runs SQL by the simple protocol, the only one that a WAL sender takes: one result for each statement in it.
    ///
    /// An error ends the query; the session lives on unless the error says otherwise.
    func simpleQuery(_ sql: String, _ turn: Turn) throws(PostgresError) -> [Rows] {
        try noticeEnd()
        guard unsafe PQsendQuery(handle, sql) == 1 else { throw queueingFailed() }
        try flush(turn)
        var results: [Rows] = []
        var failure: PostgresError?
        while let result = try nextResult(turn) {
            switch result.status {
            case PGRES_TUPLES_OK: results.append(try result.rows())
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: results.append(.none)
            case PGRES_FATAL_ERROR:
                listen(to: result)
                failure = failure ?? result.error
            default: throw .notUnderstood("a result of a kind that was not asked for")
            }
            guard results.count <= Self.simpleResultLimit else { throw .notUnderstood("too many results") }
        }
        if let failure { throw failure }
        return results
    }
}
