import Facts

/// The phase that the evidence supports, and what it says of the server process.
struct PhaseDecision {
    var phase: Phase
    /// In words, with names and numbers; becomes part of the summary.
    var why: String
    var evidence: [Evidence]
    /// The phases that would fit, where `phase` is unknown.
    var candidates: [Phase] = []
    var process: ProcessVerdict

    enum ProcessVerdict {
        /// A server process lives.
        case alive
        /// There is none, proven.
        case gone
        /// The sources cannot tell.
        case unknown
    }
}

/// Decides the phase.
///
/// The order of the rules is the order in which sources overrule each other: a proven death, a single-user backend, a
/// crash, a shutdown, silence, recovery, and only then "it runs".
func decidePhase(_ situation: Situation, memory: Memory) -> PhaseDecision {
    if let decision = decideGone(situation) { return decision }
    if let decision = decideSingleUser(situation) { return decision }
    let isAlive = situation.postmaster != nil || situation.serverAnswers || situation.kernelAccepts
    guard isAlive else { return decideUnproven(situation, memory: memory) }
    return decideReinitializing(situation)
        ?? decideStopping(situation)
        ?? decideUnresponsive(situation, memory: memory)
        ?? decideRecovering(situation, memory: memory)
        ?? decideRunning(situation)
        ?? decideAliveOnly(situation, memory: memory)
}

// MARK: - No server process

private func decideGone(_ situation: Situation) -> PhaseDecision? {
    guard let (why, evidence, goneAt) = proofOfAbsence(situation) else { return nil }
    // Whoever spoke last is right: a server that answered after we saw the process end is another one.
    if let answeredAt = situation.answeredAt, answeredAt > goneAt { return nil }
    guard let directory = situation.directory else {
        return PhaseDecision(
            phase: .unknown,
            why: why,
            evidence: evidence,
            candidates: [.stopped, .crashed, .startFailed],
            process: .gone
        )
    }
    if directory.contents != .cluster {
        let what = directory.contents == .empty ? "is empty" : "holds no complete cluster"
        let contents = Evidence(
            .dataDirectory,
            "contents",
            .text(directory.contents.rawValue),
            at: situation.directoryAt
        )
        return PhaseDecision(
            phase: .uninitialized,
            why: "the data directory \(directory.path) \(what)",
            evidence: [contents] + evidence,
            process: .gone
        )
    }
    if let decision = decideStartFailed(situation, directory, evidence) { return decision }
    return decideHowItEnded(situation, why: why, evidence: evidence)
}

/// The process table's proof, else the lock file's: a postmaster always has one, and ends itself when it is taken away.
private func proofOfAbsence(_ situation: Situation) -> (String, [Evidence], Moment)? {
    if case .gone(let why, let at)? = situation.processes?.postmaster {
        return (why, [Evidence(.processes, "postmaster", .text("gone: \(why)"), at: at)], at)
    }
    if situation.postmaster != nil { return nil }
    guard let directory = situation.directory else { return nil }
    // An open session, or a start-up attempt that was answered last, is a server, whatever this directory says.
    let hasWorkingSession = situation.vitals != nil && situation.snapshot.heldSession.last?.value.isOpen == true
    if case .absent = directory.lockFile, !hasWorkingSession, !situation.admissionAnswered {
        let evidence = Evidence(.dataDirectory, "postmaster.pid", "absent", at: situation.directoryAt)
        return ("there is no postmaster.pid in \(directory.path)", [evidence], situation.directoryAt)
    }
    // The postmaster's own word is that it is ready, and nobody listens where it would.
    if let lock = situation.lock, lock.status == .ready, !lock.isSingleUser, situation.connectsToLockFilePort,
        case .refused(let text)? = situation.admission?.outcome, (situation.admission?.consecutive ?? 0) >= 2
    {
        return (
            "postmaster.pid says ready, and nobody listens",
            [
                Evidence(.dataDirectory, "postmaster.pid status", "ready", at: situation.directoryAt),
                Evidence(.admission, "outcome", .text(text), at: situation.admissionAt),
            ], situation.admissionAt
        )
    }
    return nil
}

/// A start that took the lock, or read the configuration, and gave up before it was ready.
private func decideStartFailed(
    _ situation: Situation,
    _ directory: DataDirectory,
    _ evidence: [Evidence]
) -> PhaseDecision? {
    guard let start = directory.lastStart, let endedAt = start.endedAt, start.stage != .reachedReady else { return nil }
    // A stop asked for while it was starting is a stop; it leaves the control file "shut down" and a lock file that said so.
    let stage =
        start.stage == .tookLock
        ? "it took the lock file postmaster.pid and gave it back before it was ready"
        : "it read the configuration and gave up before it made postmaster.pid"
    let lasted = formatDuration(seconds: endedAt.seconds(since: start.beganAt))
    return PhaseDecision(
        phase: .startFailed,
        why: "a start gave up after \(lasted): \(stage); the server's log has the reason",
        evidence: [Evidence(.dataDirectory, "last_start", .text(start.stage.rawValue), at: endedAt)] + evidence,
        process: .gone
    )
}

private func decideHowItEnded(_ situation: Situation, why: String, evidence: [Evidence]) -> PhaseDecision {
    guard let control = situation.control else {
        return PhaseDecision(
            phase: .unknown,
            why: "\(why), and pg_control cannot be read",
            evidence: evidence,
            candidates: [.stopped, .crashed],
            process: .gone
        )
    }
    let said = Evidence(.dataDirectory, "pg_control state", .text(control.state.description), at: situation.directoryAt)
    switch control.state {
    case .shutDown, .shutDownInRecovery:
        let at = Moment.rfc3339(wall: control.writtenAt * 1_000_000_000)
        return PhaseDecision(
            phase: .stopped,
            why: "stopped cleanly at \(at)",
            evidence: [said] + evidence,
            process: .gone
        )
    default:
        return PhaseDecision(
            phase: .crashed,
            why: "pg_control says \"\(control.state.description)\", and \(why)",
            evidence: [said] + evidence,
            process: .gone
        )
    }
}

private func decideSingleUser(_ situation: Situation) -> PhaseDecision? {
    guard let lock = situation.lock, lock.isSingleUser, !situation.serverAnswers else { return nil }
    let isVerified = situation.postmaster != nil
    return PhaseDecision(
        phase: .singleUser,
        why: "a single-user backend (process \(lock.pid)) owns the data directory",
        evidence: [
            Evidence(.dataDirectory, "postmaster.pid line 1", .integer(-Int64(lock.pid)), at: situation.directoryAt)
        ],
        process: isVerified ? .alive : .unknown
    )
}

// MARK: - A server process lives

private func decideReinitializing(_ situation: Situation) -> PhaseDecision? {
    if case .rejected(.recoveryMode, let message)? = situation.admission?.outcome,
        situation.vitals == nil || situation.admissionAt > situation.vitalsAt
    {
        return PhaseDecision(
            phase: .reinitializing,
            why: "a backend crashed and the postmaster restarts everything under it",
            evidence: admissionEvidence(situation, message),
            process: .alive
        )
    }
    guard let loss = situation.unansweredLoss, loss.cause == .crashOfAnotherProcess else { return nil }
    // Once recovery proper is under way, or sessions are taken again, say that instead.
    if situation.admissionAnswered, situation.admissionAt > loss.at { return nil }
    return PhaseDecision(
        phase: .reinitializing,
        why: "a backend crashed and the postmaster restarts everything under it",
        evidence: [
            Evidence(.vitals, "sqlstate", "57P02", at: loss.at),
            Evidence(.vitals, "message", .text(loss.message), at: loss.at),
        ],
        process: .alive
    )
}

private func decideStopping(_ situation: Situation) -> PhaseDecision? {
    if case .rejected(.shuttingDown, let message)? = situation.admission?.outcome,
        situation.lock?.status != .ready || situation.admissionAt > situation.directoryAt
    {
        return PhaseDecision(
            phase: .stopping,
            why: shutdownWords(situation),
            evidence: admissionEvidence(situation, message),
            process: .alive
        )
    }
    if situation.lock?.status == .stopping {
        return PhaseDecision(
            phase: .stopping,
            why: shutdownWords(situation),
            evidence: [Evidence(.dataDirectory, "postmaster.pid status", "stopping", at: situation.directoryAt)],
            process: .alive
        )
    }
    if situation.control?.state == .shuttingDown, situation.postmaster != nil {
        return PhaseDecision(
            phase: .stopping,
            why: shutdownWords(situation),
            evidence: [Evidence(.dataDirectory, "pg_control state", "shutting down", at: situation.directoryAt)],
            process: .alive
        )
    }
    return nil
}

private func shutdownWords(_ situation: Situation) -> String {
    let holders = situation.processes?.holdingTitles ?? []
    if let first = holders.first {
        return "the server is shutting down; \(holders.count) processes hold on, the first is \"\(first)\""
    }
    return "the server is shutting down"
}

private func decideUnresponsive(_ situation: Situation, memory: Memory) -> PhaseDecision? {
    if let postmaster = situation.postmaster, postmaster.isStopped {
        return PhaseDecision(
            phase: .unresponsive,
            why: "the postmaster (process \(postmaster.pid)) is stopped by a signal (state T)",
            evidence: [
                Evidence(.processes, "postmaster state", .text(String(postmaster.state)), at: situation.processesAt)
            ],
            process: .alive
        )
    }
    guard let admission = situation.admission, case .timedOut(let stage) = admission.outcome,
        stage == .firstByte
    else { return nil }
    var evidence = [
        Evidence(.admission, "outcome", .text(admission.outcome.message), at: situation.admissionAt),
        Evidence(.admission, "consecutive", .integer(Int64(admission.consecutive)), at: situation.admissionAt),
    ]
    if let postmaster = situation.postmaster, postmaster.isUninterruptible {
        evidence.append(Evidence(.processes, "postmaster state", "D", at: situation.processesAt))
    }
    // One timeout may be load; two in a row are silence. Meanwhile the last phase stands.
    if admission.consecutive < 2, evidence.count == 2 {
        guard let before = memory.verdict, before.phase != .unknown, before.phase != .unresponsive else { return nil }
        return PhaseDecision(
            phase: before.phase,
            why: "no answer to one start-up attempt",
            evidence: evidence,
            process: .alive
        )
    }
    return PhaseDecision(
        phase: .unresponsive,
        why: "the kernel accepts connections and the server does not answer, \(admission.consecutive) times in a row",
        evidence: evidence,
        process: .alive
    )
}

private func decideRecovering(_ situation: Situation, memory: Memory) -> PhaseDecision? {
    guard case .rejected(let rejection, let message)? = situation.admission?.outcome,
        situation.vitals == nil || situation.admissionAt > situation.vitalsAt
    else { return nil }
    let said = admissionEvidence(situation, message)
    switch rejection {
    case .hotStandbyDisabled:
        return PhaseDecision(
            phase: .warmStandby,
            why: "recovers by intent with hot_standby off",
            evidence: said,
            process: .alive
        )
    case .startingUp, .notYetAccepting, .other:
        return decideStarting(situation, rejection: rejection, message: message, evidence: said, memory: memory)
    case .shuttingDown, .recoveryMode:
        return nil
    }
}

/// The same words come from a starting primary, a crashed one and a standby: pg_control and the signal files tell them apart.
private func decideStarting(
    _ situation: Situation,
    rejection: Rejection,
    message: String,
    evidence: [Evidence],
    memory: Memory
) -> PhaseDecision {
    if situation.lock?.status == .standby {
        return PhaseDecision(
            phase: .warmStandby,
            why: "recovers by intent with hot_standby off",
            evidence: evidence,
            process: .alive
        )
    }
    if let directory = situation.directory, let control = situation.control {
        return decideStartingLocally(
            situation,
            directory,
            control,
            rejection: rejection,
            message: message,
            evidence: evidence
        )
    }
    if rejection == .startingUp, let version = situation.snapshot.identity.last?.value.majorVersion, version >= 15 {
        return PhaseDecision(phase: .starting, why: message, evidence: evidence, process: .alive)
    }
    let candidates: [Phase] =
        rejection == .startingUp
        ? [.starting, .crashRecovery, .archiveRecovery]
        : rejection == .other
            ? [.starting, .crashRecovery, .archiveRecovery, .stopping] : [.crashRecovery, .archiveRecovery]
    return PhaseDecision(
        phase: .unknown,
        why: "not accepting connections: \(message)",
        evidence: evidence,
        candidates: candidates,
        process: .alive
    )
}

private func decideStartingLocally(
    _ situation: Situation,
    _ directory: DataDirectory,
    _ control: ControlFile,
    rejection: Rejection,
    message: String,
    evidence: [Evidence]
) -> PhaseDecision {
    let isStandbyByIntent = directory.hasStandbySignal || directory.hasRecoverySignal
    let isReplaying = situation.processes?.recoveringSegment != nil
    var isPastStart = isReplaying
    if case .notYetAccepting = rejection { isPastStart = true }
    let facts =
        evidence + [
            Evidence(.dataDirectory, "pg_control state", .text(control.state.description), at: situation.directoryAt),
            Evidence(
                .dataDirectory,
                "signal file",
                .text(
                    directory.hasStandbySignal
                        ? "standby.signal" : directory.hasRecoverySignal ? "recovery.signal" : "none"
                ),
                at: situation.directoryAt
            ),
        ]
    func decision(_ phase: Phase, _ why: String) -> PhaseDecision {
        PhaseDecision(phase: phase, why: why, evidence: facts, process: .alive)
    }
    if isStandbyByIntent || control.state == .inArchiveRecovery {
        return control.state == .inArchiveRecovery || isPastStart
            ? decision(.archiveRecovery, "recovers from an archive or a primary and is not consistent yet")
            : decision(.starting, message)
    }
    return control.state == .inCrashRecovery || isPastStart
        ? decision(.crashRecovery, "replays WAL after an unclean stop") : decision(.starting, message)
}

private func decideRunning(_ situation: Situation) -> PhaseDecision? {
    let hasVitals = situation.vitals != nil
    guard hasVitals || situation.admissionPassesPostmaster else { return nil }
    var evidence: [Evidence] = []
    if let admission = situation.admission {
        evidence.append(Evidence(.admission, "outcome", .text(admission.outcome.kind), at: situation.admissionAt))
    }
    if let inRecovery = situation.vitals?.inRecovery {
        evidence.append(Evidence(.vitals, "pg_is_in_recovery", .bool(inRecovery), at: situation.vitalsAt))
    }
    if let promotion = promotionUnderWay(situation) {
        return PhaseDecision(
            phase: .promoting,
            why: "a promotion was asked for and recovery has not ended yet",
            evidence: evidence + [promotion],
            process: .alive
        )
    }
    return PhaseDecision(phase: .running, why: "accepts connections", evidence: evidence, process: .alive)
}

/// How long a promotion that was asked for is believed to be under way, in seconds.
private let promotionLimitSeconds = 600.0

private func promotionUnderWay(_ situation: Situation) -> Evidence? {
    guard let directory = situation.directory else { return nil }
    let asked = [directory.promotionRequestedAt, directory.standbySignalRemovedAt].compactMap(\.self).max()
    guard let asked, situation.now.seconds(since: asked) < promotionLimitSeconds else { return nil }
    if let began = directory.lastStart?.beganAt, began > asked { return nil }
    // Whichever of SQL and pg_control spoke last says whether recovery has ended.
    let inRecovery: Bool? =
        situation.vitals != nil && situation.vitalsAt >= situation.directoryAt
        ? situation.vitals?.inRecovery
        : situation.control.map { $0.state == .inArchiveRecovery }
    guard inRecovery == true else { return nil }
    return Evidence(.dataDirectory, "promotion asked for", .text(asked.rfc3339), at: asked)
}

/// The process lives, and SQL says nothing: the lock file's last line is the postmaster's own word.
private func decideAliveOnly(_ situation: Situation, memory: Memory) -> PhaseDecision {
    var evidence: [Evidence] = []
    if let postmaster = situation.postmaster {
        evidence.append(
            Evidence(.processes, "postmaster", .text("process \(postmaster.pid) lives"), at: situation.processesAt)
        )
    }
    guard let lock = situation.lock, let directory = situation.directory else {
        return PhaseDecision(
            phase: .unknown,
            why: "a postmaster lives and neither it nor its lock file says more",
            evidence: evidence,
            candidates: [.starting, .crashRecovery, .archiveRecovery, .running, .stopping],
            process: .alive
        )
    }
    let status: String =
        switch lock.status {
        case .starting, nil: "starting"
        case .stopping: "stopping"
        case .ready: "ready"
        case .standby: "standby"
        case .other(let text): text
        }
    evidence.append(Evidence(.dataDirectory, "postmaster.pid status", .text(status), at: situation.directoryAt))
    switch lock.status {
    case .ready:
        return PhaseDecision(phase: .running, why: "postmaster.pid says ready", evidence: evidence, process: .alive)
    case .standby:
        return PhaseDecision(
            phase: .warmStandby,
            why: "postmaster.pid says standby: hot_standby is off",
            evidence: evidence,
            process: .alive
        )
    case .starting, nil:
        guard let control = situation.control else {
            return PhaseDecision(
                phase: .starting,
                why: "the postmaster is starting",
                evidence: evidence,
                process: .alive
            )
        }
        return decideStartingLocally(
            situation,
            directory,
            control,
            rejection: .startingUp,
            message: "the postmaster is starting",
            evidence: evidence
        )
    case .stopping:
        return PhaseDecision(phase: .stopping, why: "the server is shutting down", evidence: evidence, process: .alive)
    case .other:
        return PhaseDecision(
            phase: .unknown,
            why: "postmaster.pid has an unknown status",
            evidence: evidence,
            candidates: [.starting, .running, .stopping],
            process: .alive
        )
    }
}

// MARK: - Nobody can tell

private func decideUnproven(_ situation: Situation, memory: Memory) -> PhaseDecision {
    guard let admission = situation.admission else {
        let why =
            situation.snapshot.admission.at == nil
            ? "nothing has been observed yet" : "the last start-up attempt is too long ago"
        return PhaseDecision(phase: .unknown, why: why, evidence: [], candidates: [], process: .unknown)
    }
    let evidence = admissionEvidence(situation, admission.outcome.message)
    let local = situation.snapshot.hasDataDirectory ? "" : "; there is no local source that could tell more"
    var candidates: [Phase]
    switch admission.outcome {
    case .refused, .noSocket:
        candidates = [.stopped, .crashed, .startFailed, .starting]
        if situation.unansweredLoss?.cause == .administratorCommand { candidates = [.stopped, .stopping] }
    case .timedOut(.accept), .unreachable:
        candidates = [.running, .unresponsive, .stopped, .crashed]
    case .lost, .notUnderstood:
        candidates = [.starting, .running, .stopping, .crashed]
    default:
        candidates = [.running, .stopped, .crashed]
    }
    return PhaseDecision(
        phase: .unknown,
        why: admission.outcome.message + local,
        evidence: evidence,
        candidates: candidates,
        process: .unknown
    )
}

/// The admission check as evidence: its SQLSTATE where there is one, and the server's words.
private func admissionEvidence(_ situation: Situation, _ message: String) -> [Evidence] {
    guard let outcome = situation.admission?.outcome else { return [] }
    var evidence = [Evidence(.admission, "outcome", .text(outcome.kind), at: situation.admissionAt)]
    if let sqlState = outcome.sqlState {
        evidence.append(Evidence(.admission, "sqlstate", .text(sqlState), at: situation.admissionAt))
    }
    evidence.append(Evidence(.admission, "message", .text(message), at: situation.admissionAt))
    return evidence
}
