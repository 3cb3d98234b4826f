/// The one session that Howdah holds: is it there, and if it was lost, what were the server's last words.
public struct HeldSession: Sendable, Hashable {
    /// Whether the session is open.
    public var isOpen = false
    /// When the present session was opened.
    public var openedAt: Moment?
    /// The backend's process id (`pg_backend_pid()`), to leave ourselves out of what we report.
    public var backendPID: Int32?
    /// How the last session ended, if one did.
    public var lastLoss: SessionLoss?
    /// How many sessions have been opened since Howdah started.
    public var opened = 0

    /// No session yet.
    public init() {}
}

/// The end of a session that Howdah held.
public struct SessionLoss: Sendable, Hashable {
    /// What ended it, by the server's SQLSTATE.
    public enum Cause: Sendable, Hashable {
        /// 57P01 `terminating connection due to administrator command`: a shutdown or `pg_terminate_backend()`.
        case administratorCommand
        /// 57P02 `terminating connection because of crash of another server process`.
        case crashOfAnotherProcess
        /// 57P05 or 25P03: a timeout of the server's ended it.
        case serverTimeout
        /// Our own deadline passed and we dropped it.
        case timedOut
        /// The socket closed without a word.
        case closed
        /// Any other SQLSTATE.
        case other(String)
    }

    /// What ended it.
    public var cause: Cause
    /// The server's last words, or libpq's.
    public var message: String
    /// When we learned of it.
    public var at: Moment

    /// Describes the end of a session.
    public init(_ cause: Cause, message: String, at: Moment) {
        self.cause = cause
        self.message = message
        self.at = at
    }
}
