import Facts

// The rules for a server process that lives, in the order of PhaseDecision.swift.

func decideReinitializing(_ situation: Situation) -> PhaseDecision? {
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

func decideStopping(_ situation: Situation) -> PhaseDecision? {
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

func decideUnresponsive(_ situation: Situation, memory: Memory) -> PhaseDecision? {
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
    // What answers on the held session is no silent server: then it is new sessions that hang in their start-up. Without a
    // look at the postmaster that cannot be told from a stopped one.
    guard let admission = situation.admission, isSilence(admission, situation, memory: memory),
        !(situation.heldSessionAnswers && situation.postmasterIsAwake)
    else { return nil }
    var evidence = [
        Evidence(.admission, "outcome", .text(admission.outcome.message), at: situation.admissionAt),
        Evidence(.admission, "consecutive", .integer(Int64(admission.consecutive)), at: situation.admissionAt),
    ]
    if let postmaster = situation.postmaster, postmaster.isUninterruptible {
        evidence.append(Evidence(.processes, "postmaster state", "D", at: situation.processesAt))
    }
    // One timeout may be load; two in a row are silence. Meanwhile the last phase stands.
    if max(admission.consecutive, admission.failuresInARow) < 2, evidence.count == 2 {
        guard let before = memory.verdict, before.phase != .unknown, before.phase != .unresponsive,
            before.state == .live || before.state == .liveBut
        else { return nil }
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

/// Whether an attempt met a server that says nothing.
///
/// Attempts that nobody takes fill the kernel's queue, and then it takes no more: at an address that has worked that is the
/// same silence, and not a wrong address.
private func isSilence(_ admission: Admission, _ situation: Situation, memory: Memory) -> Bool {
    switch admission.outcome {
    case .timedOut(.firstByte): true
    case .timedOut(.accept):
        situation.postmaster != nil
            && (memory.verdict?.phase == .unresponsive || situation.postmaster?.isUninterruptible == true
                || situation.addressHasWorked)
    default: false
    }
}

func decideRecovering(_ situation: Situation, memory: Memory) -> PhaseDecision? {
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
    // Not by the process's title: it says "recovering" as soon as a clean start reads its checkpoint record.
    var isPastStart = false
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

func decideRunning(_ situation: Situation) -> PhaseDecision? {
    guard situation.heldSessionAnswers || situation.admissionPassesPostmaster else { return nil }
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
func decideAliveOnly(_ situation: Situation, memory: Memory) -> PhaseDecision {
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
