import Deadlines
import Diagnosis
import Facts
import Sensors
import Synchronization

/// The loops of the sensors that speak SQL, and what each one's news means to the others.
extension Watch {
    var admissionLoop: SensorLoop<Admission> {
        SensorLoop(
            id: .admission,
            pace: Pace(
                cadence: settings.admissionInterval,
                deadline: 2,
                firstRetry: 0.25,
                longestRetry: 15,
                shortestGap: 0.1
            ),
            board: board,
            wakeUp: wakeUp(.admission),
            place: \.admission,
            look: { deadline in
                var look = await Look.attempt { () async throws(Failure) in
                    try await self.admission.observe(deadline: deadline)
                }
                look.addition = { _, cost in self.count(&cost) }
                return look
            },
            slowsDown: { Self.longestRetry(after: $0.outcome, interval: self.settings.admissionInterval) },
            afterwards: { result in
                if case .success(let admission) = result { self.heard(admission) }
            }
        )
    }

    /// How slow the attempts may become: quick while the server is on its way, slow where each attempt adds to a heap.
    static func longestRetry(after outcome: ConnectOutcome, interval: Double) -> Double? {
        switch outcome {
        case .accepted, .notAuthenticated: nil
        case .rejected, .lost, .full, .failed, .notUnderstood: min(1, interval)
        case .refused, .noSocket: min(2, interval)
        // A stopped postmaster keeps every attempt in its backlog until it goes on.
        case .timedOut, .cannotFork: 15
        case .unreachable, .cancelled, .notAttempted: interval
        }
    }

    private func heard(_ admission: Admission) {
        let outcome = admission.outcome
        let isNew = remembered.withLock { remembered in
            defer { remembered.outcome = outcome.kind }
            return remembered.outcome != outcome.kind
        }
        if isNew { wake(.dataDirectory, .processes) }
        switch outcome {
        case .accepted:
            if board.snapshot().heldSession.last?.value.isOpen != true { wake(.vitals) }
        case .full:
            wake(.walSender)
            if isNew { wake(.sessions, .vitals) }
        default:
            break
        }
    }

    var vitalsLoop: SensorLoop<Vitals> {
        SensorLoop(
            id: .vitals,
            pace: Pace(cadence: 1, deadline: 2, firstRetry: 0.2, longestRetry: 10),
            board: board,
            wakeUp: wakeUp(.vitals),
            place: \.vitals,
            look: { deadline in
                var look = await Look.attempt { () async throws(Failure) in
                    try await self.giveBackIfStopping()
                    return try await self.held.vitals(deadline: deadline)
                }
                let session = await self.held.heldSession
                let identity = await self.held.identity
                look.addition = { snapshot, cost in
                    snapshot.heldSession = session
                    snapshot.identity = identity
                    self.count(&cost)
                }
                return look
            },
            // An error on a session that stays open is an answer, and the next one is due as usual.
            longestRetry: { _ in self.board.snapshot().heldSession.last?.value.isOpen == true ? 1 : nil },
            afterwards: heard
        )
    }

    /// A smart shutdown waits for every session: the observer's must not be the one that holds it up.
    private func giveBackIfStopping() async throws(Failure) {
        guard board.verdict().verdict.phase == .stopping else { return }
        await held.close()
        throw Failure(.absent, "the session has been given back: the server is shutting down")
    }

    private func heard(_ result: Result<Vitals, Failure>) {
        switch result {
        case .success(let vitals):
            learn()
            noteNewSession()
            // What kept the held session may have kept new ones, whose next attempt may be far off.
            let wasFailing = remembered.withLock { remembered in
                defer { remembered.vitalsFail = false }
                return remembered.vitalsFail
            }
            if wasFailing { wake(.admission) }
            guard let used = vitals.clientBackends, let slots = vitals.ordinarySlots else { return }
            let isFull = used >= slots
            let isNew = remembered.withLock { remembered in
                defer { remembered.isFull = isFull }
                return remembered.isFull != isFull
            }
            if isNew { wake(.admission, .sessions) }
        case .failure(let failure):
            remembered.withLock { $0.vitalsFail = true }
            // The session was there a moment ago: is the next one let in?
            if failure.kind == .lost || failure.kind == .timedOut { wake(.admission) }
        }
    }

    /// A session that has just been opened can say at once who holds the slots.
    private func noteNewSession() {
        let opened = board.snapshot().heldSession.last?.value.opened ?? 0
        let isNew = remembered.withLock { remembered in
            defer { remembered.opened = opened }
            return remembered.opened != opened
        }
        if isNew { wake(.sessions) }
    }

    /// What the server says of its own files tells the local sensors where to look.
    private func learn() {
        guard let identity = board.snapshot().identity.value else { return }
        if settings.dataDirectory == nil, let path = identity.dataDirectory { directory.look(at: path) }
        if let file = identity.configFile { directory.also(watchConfigFile: file) }
    }

    var sessionsLoop: SensorLoop<Sessions> {
        SensorLoop(
            id: .sessions,
            pace: Pace(cadence: 10, deadline: 3, firstRetry: 1, longestRetry: 10, shortestGap: 0.5),
            board: board,
            wakeUp: wakeUp(.sessions),
            place: \.sessions,
            look: { deadline in
                await Look.attempt { () async throws(Failure) in
                    let session = self.board.snapshot().heldSession.last?.value
                    guard session?.isOpen == true else { throw Failure(.absent, "there is no held session") }
                    return try await self.held.sessions(deadline: deadline)
                }
            },
            afterwards: { result in
                if case .failure(let failure) = result, failure.kind == .lost { self.wake(.vitals, .admission) }
            }
        )
    }

    var walSenderLoop: SensorLoop<Sessions> {
        SensorLoop(
            id: .walSender,
            pace: Pace(cadence: 5, deadline: 3, firstRetry: 2, longestRetry: 30, shortestGap: 2),
            board: board,
            wakeUp: wakeUp(.walSender),
            place: \.walSender,
            look: { deadline in
                await Look.attempt { () async throws(Failure) in
                    let snapshot = self.board.snapshot()
                    guard Self.needsWALSender(snapshot) else {
                        throw Failure(
                            .absent,
                            "not needed: it is used while the slots are full and the held session is lost"
                        )
                    }
                    return try await self.walSender.observe(deadline: deadline, identity: snapshot.identity.last?.value)
                }
            }
        )
    }

    private static func needsWALSender(_ snapshot: Snapshot) -> Bool {
        guard snapshot.heldSession.last?.value.isOpen != true else { return false }
        if case .full(let fullness, _)? = snapshot.admission.value?.outcome {
            return fullness == .allSlots || fullness == .reservedOnly
        }
        return false
    }
}
