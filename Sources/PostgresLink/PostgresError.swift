public import Facts

/// Why a query has no result.
///
/// All but `server` and `cancelled` end the session.
public enum PostgresError: Error, Sendable, Hashable {
    /// There is no session.
    case notOpen
    /// The deadline passed; the session was dropped, because its answer may still come.
    case timedOut
    /// Howdah gave the query up because it is stopping; the session was dropped.
    case abandoned
    /// The connection was lost, with the SQLSTATE of the server's last words if it had any.
    case lost(sqlState: String?, message: String)
    /// 57014: the server cancelled the query, by `statement_timeout`, a recovery conflict or `pg_cancel_backend()`.
    case cancelled(String)
    /// The server refused the query.
    case server(sqlState: String, message: String)
    /// The answer was not what the protocol or the statement promises.
    case notUnderstood(String)

    /// Whether the session is gone.
    public var endsSession: Bool {
        switch self {
        case .server, .cancelled: false
        case .notOpen, .timedOut, .abandoned, .lost, .notUnderstood: true
        }
    }

    /// The SQLSTATE that the server gave, if it gave one.
    public var sqlState: String? {
        switch self {
        case .lost(let sqlState, _): sqlState
        case .server(let sqlState, _): sqlState
        case .cancelled: "57014"
        case .notOpen, .timedOut, .abandoned, .notUnderstood: nil
        }
    }

    /// One sentence for people; the server's own words where it had any.
    public var message: String {
        switch self {
        case .notOpen: "no session is open"
        case .timedOut: "the query did not finish in time"
        case .abandoned: "given up, Howdah is stopping"
        case .lost(_, let message), .cancelled(let message), .server(_, let message), .notUnderstood(let message):
            message
        }
    }

    /// The error as a sensor's failure.
    public var asFailure: Failure {
        let kind: Failure.Kind =
            switch self {
            case .notOpen, .abandoned, .lost: .lost
            case .timedOut, .cancelled: .timedOut
            case .server(let state, _): state == "42501" ? .notPermitted : .refused
            case .notUnderstood: .notUnderstood
            }
        return Failure(kind, message, sqlState: sqlState)
    }
}
