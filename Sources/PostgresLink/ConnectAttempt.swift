internal import CLibpq
internal import Deadlines
internal import Facts
internal import Glibc

/// One start-up attempt at one address, driven with `PQconnectPoll` and `poll(2)`.
///
/// Blocks the calling thread until the deadline at most. What libpq itself would block on is kept away from it: names
/// are resolved before (`NameResolver`), GSSAPI encryption is off, and nothing is sent in blocking mode. What remains
/// are reads of local files and a GSSAPI authentication, should the server's pg_hba.conf ask for one.
struct ConnectAttempt {
    /// The keywords, complete.
    let keywords: [String: String]
    /// Ends the attempt early where the task was cancelled.
    let wake: WakeSignal
    let deadline: Deadline
    let isWALSender: Bool
    /// Whether a cancellation of the present task is asked for.
    let isCancelled: () -> Bool

    /// Seconds between attempts at a Unix socket whose backlog is full; the kernel does not wait for us there.
    private static let backlogPause = 0.02

    /// What came of an attempt.
    struct Result {
        var connection: Connection?
        var admission: Admission
        /// The server was reached and is not of the kind that `target_session_attrs` asks for.
        var isWrongKindOfServer = false
    }

    /// Makes the attempt.
    func run() -> Result {
        while true {
            let result = runOnce()
            guard result.admission.outcome == .timedOut(.accept), !deadline.hasPassed else { return result }
            // A full backlog: EAGAIN at once. Anything else that ends in `accept` has used up the deadline.
            _ = waitUntilReady(
                -1,
                for: 0,
                wake: wake,
                until: deadline.butWithin(seconds: Self.backlogPause)
            )
            if wake.lower(), isCancelled() { return Result(admission: Admission(.cancelled)) }
        }
    }

    private func runOnce() -> Result {
        var timing = StageTiming()
        guard let handle = unsafe keywords.withParameterArrays({ unsafe PQconnectStartParams($0, $1, 0) }) else {
            return Result(admission: Admission(.notAttempted("out of memory")))
        }
        let connection = unsafe Connection(handle: handle)
        unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        let outcome = drive(connection, &timing)
        let admission = Admission(
            outcome,
            acceptSeconds: timing.accept,
            firstByteSeconds: timing.firstByte,
            authenticationSeconds: timing.authentication
        )
        guard outcome == .accepted else {
            return Result(
                admission: admission,
                isWrongKindOfServer: LibpqText.isWrongKindOfServer(connection.errorText)
            )
        }
        return Result(connection: connection, admission: admission)
    }

    /// Drives the connection until it is open, has failed or is late.
    private func drive(_ connection: Connection, _ timing: inout StageTiming) -> ConnectOutcome {
        // As libpq documents: begin as if PQconnectPoll had asked to wait for writing.
        var events = Int16(POLLOUT)
        timing.note(connection.status)
        while true {
            if connection.status == CONNECTION_BAD { return failure(of: connection, timing) }
            switch waitUntilReady(connection.socket, for: events, wake: wake, until: deadline) {
            case .timedOut: return .timedOut(timing.stage)
            case .failed(let error): return .notAttempted(error.description)
            case .woken:
                wake.lower()
                if isCancelled() { return .cancelled }
                continue
            case .ready: if events == Int16(POLLIN) { timing.noteFirstByte() }
            }
            let next = unsafe PQconnectPoll(connection.handle)
            timing.note(connection.status)
            switch next {
            case PGRES_POLLING_OK:
                timing.noteAuthenticated()
                return connection.becomeNonBlocking() ? .accepted : .notAttempted(connection.errorText)
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: return failure(of: connection, timing)
            }
            // A server that never stops sending would never let the wait be late.
            if deadline.hasPassed { return .timedOut(timing.stage) }
        }
    }

    private func failure(of connection: Connection, _ timing: StageTiming) -> ConnectOutcome {
        ConnectOutcome(
            FailedStart(
                connection.errorText,
                stage: timing.stage,
                user: connection.user,
                database: connection.database,
                isWALSender: isWALSender
            )
        )
    }
}

/// When a start-up attempt reached which stage, in seconds from the stage before.
private struct StageTiming {
    private let clock = ContinuousClock()
    private var reached: ContinuousClock.Instant
    private(set) var stage = ConnectStage.accept
    private(set) var accept: Double?
    private(set) var firstByte: Double?
    private(set) var authentication: Double?

    init() { reached = clock.now }

    /// Takes note of libpq's state: past CONNECTION_STARTED the kernel has accepted the connection.
    ///
    /// A second connection within one attempt (libpq tries again without TLS) does not set the stages back.
    mutating func note(_ status: ConnStatusType) {
        let isBefore = status == CONNECTION_STARTED || status == CONNECTION_NEEDED || status == CONNECTION_BAD
        guard stage == .accept, !isBefore else { return }
        accept = lap()
        stage = .firstByte
    }

    /// Takes note that the server has sent something, or closed the connection.
    mutating func noteFirstByte() {
        guard stage == .firstByte else { return }
        firstByte = lap()
        stage = .authentication
    }

    /// Takes note that the server is ready for queries.
    mutating func noteAuthenticated() { authentication = lap() }

    private mutating func lap() -> Double {
        let now = clock.now
        defer { reached = now }
        return reached.duration(to: now) / .seconds(1)
    }
}
