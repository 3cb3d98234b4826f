/// What a start-up attempt found out: does the server let a new session in, and if not, why not.
///
/// Sources: libpq's connection state, the SQLSTATE and the texts of the server's ErrorResponse
/// (`src/backend/postmaster/postmaster.c`, `src/backend/utils/init/postinit.c`, `src/backend/storage/lmgr/proc.c`).
public enum ConnectOutcome: Sendable, Hashable {
    /// A session was let in, up to ReadyForQuery.
    case accepted
    /// Nobody listens at the address: ECONNREFUSED.
    case refused(String)
    /// The Unix socket file is not there: ENOENT.
    case noSocket(String)
    /// The host cannot be reached or its name cannot be resolved.
    case unreachable(String)
    /// The deadline passed in `stage`.
    case timedOut(ConnectStage)
    /// 57P03: the server lives and is not accepting sessions.
    case rejected(Rejection, message: String)
    /// 53300: there is no slot for this session.
    case full(Fullness, message: String)
    /// The server is up and its authentication or authorisation turned us away (class 28, 3D000, 42501, 55000), or
    /// it does not take the parameters that Howdah starts a session with (42704, 22023, 0A000, 08P01).
    case notAuthenticated(sqlState: String?, message: String)
    /// The postmaster could not fork a process for the connection; it says so without a SQLSTATE.
    case cannotFork(String)
    /// The connection broke during start-up, with the server's last words if it had any.
    case lost(sqlState: String?, message: String)
    /// Howdah itself gave the attempt up, because it is stopping.
    case cancelled
    /// An error with a SQLSTATE that is none of the above.
    case failed(sqlState: String, message: String)
    /// The answer was not the PostgreSQL protocol.
    case notUnderstood(String)
    /// The attempt could not be made: bad conninfo, unreadable password file or certificate.
    case notAttempted(String)
}

/// How far a start-up attempt had come when its deadline passed.
public enum ConnectStage: String, Sendable, Hashable, CaseIterable {
    /// Before the kernel accepted the connection: dropped packets, or a full backlog.
    case accept
    /// Accepted by the kernel, not one byte from the server: the postmaster does not run, or the new process hangs before
    /// it has said a word.
    case firstByte = "first_byte"
    /// The server answered and did not finish the authentication.
    case authentication
    /// Authenticated, and a query did not finish.
    case query
}

/// The variants of 57P03 `cannot_connect_now`; the texts differ by server version.
public enum Rejection: Sendable, Hashable {
    /// `the database system is starting up`.
    case startingUp
    /// `the database system is not yet accepting connections` (14 and later).
    case notYetAccepting(NotYetAcceptingDetail)
    /// `the database system is not accepting connections`, DETAIL `Hot standby mode is disabled.` (14 and later).
    case hotStandbyDisabled
    /// `the database system is shutting down`.
    case shuttingDown
    /// `the database system is in recovery mode`: a backend crashed and everything under the postmaster restarts.
    case recoveryMode
    /// 57P03 with a text that is not known, for example in another language; the message says which.
    case other
}

/// The DETAIL of `not yet accepting connections`.
public enum NotYetAcceptingDetail: Sendable, Hashable {
    /// `Consistent recovery state has not been yet reached.` On a crashed primary as well as on a standby.
    case notConsistent
    /// `Recovery snapshot is not yet ready for hot standby.` Too many subtransactions on the primary.
    case snapshotNotReady
    /// Another text, or none.
    case other
}

/// The variants of 53300 `too_many_connections`.
public enum Fullness: Sendable, Hashable {
    /// `sorry, too many clients already`: every slot is taken, the reserved ones too.
    case allSlots
    /// `remaining connection slots are reserved for …`: only reserved slots are left.
    case reservedOnly
    /// `too many connections for role "…"`.
    case role(String)
    /// `too many connections for database "…"`.
    case database(String)
    /// `number of requested standby connections exceeds "max_wal_senders"`.
    case walSenders
    /// 53300 with a text that is not known.
    case other
}

/// One admission check: the outcome and how long each step took.
public struct Admission: Sendable, Hashable {
    /// What came of it.
    public var outcome: ConnectOutcome
    /// Seconds until the kernel accepted the connection; nil if that did not happen.
    public var acceptSeconds: Double?
    /// Seconds from then to the server's first byte; nil if none came.
    public var firstByteSeconds: Double?
    /// Seconds from then to the end of authentication (ReadyForQuery); nil if it did not end well.
    public var authenticationSeconds: Double?
    /// How many checks in a row, this one included, ended with an outcome of this kind.
    public var consecutive: Int
    /// How many checks in a row, this one included, came to nothing: neither let in nor turned away for a named reason
    /// (rejected, full, not authenticated).
    public var failuresInARow = 0

    /// Records the outcome of a check.
    public init(
        _ outcome: ConnectOutcome,
        acceptSeconds: Double? = nil,
        firstByteSeconds: Double? = nil,
        authenticationSeconds: Double? = nil,
        consecutive: Int = 1
    ) {
        self.outcome = outcome
        self.acceptSeconds = acceptSeconds
        self.firstByteSeconds = firstByteSeconds
        self.authenticationSeconds = authenticationSeconds
        self.consecutive = consecutive
    }
}

extension ConnectOutcome {
    /// A short stable name of the kind of outcome: `accepted`, `refused`, `timed_out`, `full`, ….
    public var kind: String {
        switch self {
        case .accepted: "accepted"
        case .refused: "refused"
        case .noSocket: "no_socket"
        case .unreachable: "unreachable"
        case .timedOut: "timed_out"
        case .rejected: "rejected"
        case .full: "full"
        case .notAuthenticated: "not_authenticated"
        case .cannotFork: "cannot_fork"
        case .lost: "lost"
        case .cancelled: "cancelled"
        case .failed: "failed"
        case .notUnderstood: "not_understood"
        case .notAttempted: "not_attempted"
        }
    }

    /// The SQLSTATE that the server gave, if it gave one.
    public var sqlState: String? {
        switch self {
        case .rejected: "57P03"
        case .full: "53300"
        case .notAuthenticated(let sqlState, _), .lost(let sqlState, _): sqlState
        case .failed(let sqlState, _): sqlState
        default: nil
        }
    }

    /// The server let the session in or turned it away for a reason that has a name of its own.
    public var isNamedAnswer: Bool {
        switch self {
        case .accepted, .rejected, .full, .notAuthenticated: true
        default: false
        }
    }

    /// One sentence for people; the server's own words where it had any.
    public var message: String {
        switch self {
        case .accepted: "a new session was let in"
        case .refused(let text), .noSocket(let text), .unreachable(let text), .cannotFork(let text),
            .notUnderstood(let text), .notAttempted(let text):
            text
        case .timedOut(.accept): "the connection was not accepted in time"
        case .timedOut(.firstByte): "the kernel accepted the connection, the server did not answer"
        case .timedOut(.authentication): "the server answered and did not finish the authentication in time"
        case .timedOut(.query): "the query did not finish in time"
        case .rejected(_, let message), .full(_, let message), .notAuthenticated(_, let message),
            .lost(_, let message), .failed(_, let message):
            message
        case .cancelled: "given up, Howdah is stopping"
        }
    }

    /// The outcome as a sensor's failure; nil if the session was let in.
    public var asFailure: Failure? {
        let kind: Failure.Kind =
            switch self {
            case .accepted: .refused
            case .refused, .rejected, .full, .cannotFork, .failed: .refused
            case .noSocket, .notAttempted: .absent
            case .unreachable, .timedOut: .timedOut
            case .notAuthenticated: .notPermitted
            case .lost, .cancelled: .lost
            case .notUnderstood: .notUnderstood
            }
        return self == .accepted ? nil : Failure(kind, message, sqlState: sqlState)
    }
}
