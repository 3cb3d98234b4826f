public import Deadlines
public import Facts
public import PostgresLink

/// Keeps the one session that Howdah holds, and asks everything on it: the vital signs and who holds the slots.
///
/// `vitals` opens the session when there is none, and reads the server's identity first each time. `sessions` only uses it.
/// The moment the server ends the session, the wake-up handler is called; the look that follows finds the server's last
/// words (57P01, 57P02, …), and they become `heldSession.lastLoss`.
public actor HeldSessionSensor {
    private let session: PostgresSession
    private let watcher: EventWatcher?
    private let wakeUps = WakeUpHandlers()
    private var held = HeldSession()
    private var heldAt: Moment?
    private var hangUp: Registration?
    private var isIdentified = false

    /// What the session found out right after connecting; kept when the session is lost.
    public private(set) var identity = Observation<ServerIdentity>.never

    /// A sensor without a session yet, which will live on the thread of `executor`.
    ///
    /// `watcher` is where the hang-up is watched for; without one a loss is found by the next look.
    public init(_ configuration: LinkConfiguration, executor: ThreadExecutor, watcher: EventWatcher?) {
        session = PostgresSession(configuration, executor: executor)
        self.watcher = watcher
    }

    /// The session and how the last one ended; never, before the first attempt to open one.
    public var heldSession: Observation<HeldSession> { heldAt.map { .fresh(held, at: $0) } ?? .never }

    /// What everything on the session has cost so far.
    public nonisolated var usage: LinkUsage { session.usage }

    /// Calls `handler` the moment the server ends the session, on the watcher's thread: look again, at once.
    public nonisolated func onWakeUp(_ handler: @escaping @Sendable () -> Void) { wakeUps.add(handler) }

    /// Gives the session back.
    public func close() async {
        forgetHangUp()
        await session.close()
        held.isOpen = false
        heldAt = SystemClock.now()
    }

    // MARK: Looking

    /// The server's vital signs: one round trip on the held session, which is opened where there is none.
    public func vitals(deadline: Deadline) async throws(Failure) -> Vitals {
        try await open(deadline)
        try await identify(deadline)
        let began = SystemClock.now()
        let rows = try await ask(deadline) { session throws(PostgresError) in
            do throws(PostgresError) {
                return try await session.query(VitalsQuery.statement, until: deadline)
            } catch {
                // A promotion between two functions of the statement.
                guard error.sqlState == "55000" else { throw error }
                return try await session.query(VitalsQuery.statement, until: deadline)
            }
        }
        let ended = SystemClock.now()
        var vitals = VitalsQuery.read(rows, identity: identity.value)
        vitals.roundTripSeconds = ended.seconds(since: began)
        vitals.localClock = (began.unixSeconds + ended.unixSeconds) / 2
        return vitals
    }

    /// Who holds the slots: one round trip on the held session; fails where there is none.
    public func sessions(deadline: Deadline) async throws(Failure) -> Sessions {
        let results = try await ask(deadline) { session throws(PostgresError) in
            try await session.pipeline([SessionsQuery.groups, SessionsQuery.limits], until: deadline)
        }
        do throws(PostgresError) {
            // The limits are an addition: without them the holders are still known.
            let limits = try? results[1].get()
            return SessionsQuery.read(groups: try results[0].get(), limits: limits)
        } catch {
            throw error.asFailure
        }
    }

    private func open(_ deadline: Deadline) async throws(Failure) {
        if await session.isOpen { return }
        let admission = await session.open(until: deadline)
        let now = SystemClock.now()
        heldAt = now
        if let failure = admission.outcome.asFailure { throw failure }
        held.isOpen = true
        held.openedAt = now
        held.opened += 1
        held.backendPID = await session.backendPID
        isIdentified = false
        await watchForHangUp()
    }

    private func identify(_ deadline: Deadline) async throws(Failure) {
        if isIdentified { return }
        do throws(Failure) {
            let found = try await ask(deadline) { session throws(PostgresError) in
                try await session.identify(until: deadline)
            }
            identity = identity.succeeding(with: found, at: SystemClock.now())
            isIdentified = true
        } catch {
            identity = identity.failing(with: error, at: SystemClock.now())
            throw error
        }
    }

    /// Asks on the session; takes note where that was its end.
    private func ask<Answer: Sendable>(
        _ deadline: Deadline,
        _ body: (PostgresSession) async throws(PostgresError) -> Answer
    ) async throws(Failure) -> Answer {
        do throws(PostgresError) {
            return try await body(session)
        } catch {
            if held.isOpen, await !session.isOpen { recordLoss(error) }
            throw error.asFailure
        }
    }

    // MARK: The end of the session

    private func recordLoss(_ error: PostgresError) {
        forgetHangUp()
        let now = SystemClock.now()
        held.isOpen = false
        heldAt = now
        if let cause = SessionLoss.Cause(error) {
            held.lastLoss = SessionLoss(cause, message: error.message, at: now)
        }
    }

    private func watchForHangUp() async {
        guard let watcher, let socket = await session.socket else { return }
        let wakeUps = wakeUps
        // Where the watch cannot be had, the next look finds the loss.
        hangUp = try? watcher.watch(fd: socket, events: EventWatcher.hangUp) { wakeUps.call() }
    }

    private func forgetHangUp() {
        hangUp?.cancel()
        hangUp = nil
    }
}

extension SessionLoss.Cause {
    /// What an error says about the end of the session; nil where Howdah itself ended it.
    init?(_ error: PostgresError) {
        switch error {
        case .lost(let sqlState?, let message): self.init(sqlState: sqlState, message: message)
        case .lost(nil, _), .notUnderstood: self = .closed
        case .timedOut: self = .timedOut
        case .server(let sqlState, let message): self.init(sqlState: sqlState, message: message)
        case .notOpen, .abandoned, .cancelled: return nil
        }
    }

    /// Names the cause by the server's last words.
    ///
    /// A backend whose postmaster has died says so under 57P01, too (`terminating connection due to unexpected postmaster
    /// exit`): no administrator asked for that.
    private init(sqlState: String, message: String) {
        self =
            switch sqlState {
            case "57P01": message.contains("unexpected postmaster exit") ? .other(sqlState) : .administratorCommand
            case "57P02": .crashOfAnotherProcess
            case "57P05", "25P03", "25P04": .serverTimeout
            default: .other(sqlState)
            }
    }
}
