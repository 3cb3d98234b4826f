internal import CLibpq
internal import Deadlines
internal import Glibc

/// A libpq connection with one owner; `PQfinish` runs when the owner lets go.
///
/// Not `Sendable`: it lives inside an actor. Nothing here blocks but `wait`, and that has a deadline.
@safe
final class Connection {
    /// libpq's handle; valid as long as this object.
    let handle: OpaquePointer
    /// What the server said unasked.
    let lastWords = LastWords()
    /// Names of the statements that are prepared in this session.
    var prepared: Set<String> = []
    /// Whether the session's settings have been sent.
    var isSetUp = false

    /// Takes over a handle.
    init(handle: OpaquePointer) {
        unsafe self.handle = handle
        unsafe lastWords.listen(to: handle)
    }

    deinit { unsafe PQfinish(handle) }

    /// libpq's state of the connection.
    var status: ConnStatusType { unsafe PQstatus(handle) }
    /// The socket; -1 if there is none.
    var socket: Int32 { unsafe PQsocket(handle) }
    /// The backend's process id.
    var backendPID: Int32 { unsafe PQbackendPID(handle) }
    /// libpq's latest complaint.
    var errorText: String { unsafe PQerrorMessage(handle).map { unsafe swiftString($0) } ?? "" }
    /// The role that libpq asked for.
    var user: String { unsafe PQuser(handle).map { unsafe swiftString($0) } ?? "" }
    /// The database that libpq asked for.
    var database: String { unsafe PQdb(handle).map { unsafe swiftString($0) } ?? "" }

    /// Makes sending non-blocking; false if that fails.
    func becomeNonBlocking() -> Bool { unsafe PQsetnonblocking(handle, 1) == 0 }

    // MARK: Waiting and reading

    /// Waits for `events` on the socket.
    func wait(for events: Int16, _ turn: Turn) throws(PostgresError) {
        while true {
            switch waitUntilReady(socket, for: events, wake: turn.wake, until: turn.deadline) {
            case .ready: return
            case .timedOut: throw .timedOut
            case .failed(let error): throw .notUnderstood(error.description)
            case .woken:
                turn.wake.lower()
                if turn.isCancelled() { throw .abandoned }
            }
        }
    }

    /// Reads what has arrived; throws if the connection has ended.
    func consume() throws(PostgresError) {
        guard unsafe PQconsumeInput(handle) == 1 else { throw endOfSession() }
    }

    /// Sends what is queued.
    func flush(_ turn: Turn) throws(PostgresError) {
        while true {
            switch unsafe PQflush(handle) {
            case 0: return
            case 1:
                // The server may have to get rid of something before it reads on.
                try wait(for: Int16(POLLIN | POLLOUT), turn)
                try consume()
                if turn.deadline.hasPassed { throw .timedOut }
            default: throw endOfSession()
            }
        }
    }

    /// The next result; nil where libpq marks the end of a command's results.
    func nextResult(_ turn: Turn) throws(PostgresError) -> ResultHandle? {
        while unsafe PQisBusy(handle) == 1 {
            try wait(for: Int16(POLLIN), turn)
            try consume()
            // A server that never stops sending would never let the wait be late.
            if turn.deadline.hasPassed, unsafe PQisBusy(handle) == 1 { throw .timedOut }
        }
        guard let result = unsafe PQgetResult(handle) else {
            guard status == CONNECTION_OK else { throw endOfSession() }
            return nil
        }
        return unsafe ResultHandle(result)
    }

    // MARK: The end of a session

    /// How many reads and results may follow the end of a session before nobody listens any more.
    private static let farewellLimit = 64

    /// Looks, without waiting, whether the server has ended the session; throws `lost` if so.
    func noticeEnd() throws(PostgresError) {
        let now = Deadline.after(seconds: 0)
        for _ in 0..<Self.farewellLimit {
            guard case .ready = waitUntilReady(socket, for: Int16(POLLIN), until: now) else { break }
            try consume()
            // Parses what has arrived, and so brings notices to `lastWords`.
            _ = unsafe PQisBusy(handle)
        }
        if lastWords.report != nil { throw endOfSession() }
    }

    /// The error of a session that has ended, with the server's last words if it had any.
    func endOfSession() -> PostgresError {
        let complaint = ConnectionText.firstLine(errorText)
        for _ in 0..<Self.farewellLimit {
            guard unsafe PQisBusy(handle) == 0, let result = unsafe PQgetResult(handle) else { break }
            unsafe listen(to: ResultHandle(result))
        }
        guard let report = lastWords.report else { return .lost(sqlState: nil, message: complaint) }
        return .lost(sqlState: report.sqlState, message: report.words)
    }

    /// Keeps an error that announces the end of the session.
    func listen(to result: ResultHandle) {
        guard let report = result.report else { return }
        lastWords.take(report, severity: result.severity)
    }
}

/// What a caller grants a query: until when, and how it learns that nobody wants the answer any more.
struct Turn {
    let deadline: Deadline
    let wake: WakeSignal
    let isCancelled: () -> Bool
}

/// libpq's texts about connections that are open.
enum ConnectionText {
    /// The first line, without libpq's hints.
    static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").first.map(String.init) ?? "the connection ended"
    }
}
