import Facts

// The rules for a server that is not there: proven dead, or beyond what the sources can tell.

func decideGone(_ situation: Situation, memory: Memory) -> PhaseDecision? {
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
    if let decision = decideStartFailed(directory, evidence, memory: memory) { return decision }
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
    let hasWorkingSession = situation.heldSessionAnswers && situation.snapshot.heldSession.last?.value.isOpen == true
    if case .absent = directory.lockFile, !hasWorkingSession, !situation.admissionAnswered {
        let evidence = Evidence(.dataDirectory, "postmaster.pid", "absent", at: situation.directoryAt)
        return ("there is no postmaster.pid in \(directory.path)", [evidence], situation.directoryAt)
    }
    // The postmaster's own word is that it is ready, and nobody listens at an address that has worked before. One that never
    // worked may simply be the wrong one.
    if situation.addressHasWorked, !situation.heldSessionAnswers, let lock = situation.lock, lock.status == .ready,
        !lock.isSingleUser, situation.connectsToLockFilePort,
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
    _ directory: DataDirectory,
    _ evidence: [Evidence],
    memory: Memory
) -> PhaseDecision? {
    guard let start = directory.lastStart, let endedAt = start.endedAt, start.stage != .reachedReady else { return nil }
    // A stop asked for while it was starting is a stop.
    if memory.stoppedStart == start.beganAt { return nil }
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

func decideSingleUser(_ situation: Situation) -> PhaseDecision? {
    guard let lock = situation.lock, lock.isSingleUser, !situation.serverAnswers else { return nil }
    let isVerified = situation.postmaster != nil
    guard isVerified else {
        let evidence = Evidence(
            .dataDirectory,
            "postmaster.pid line 1",
            .integer(-Int64(lock.pid)),
            at: situation.directoryAt
        )
        return PhaseDecision(
            phase: .unknown,
            why: "postmaster.pid names a single-user backend that cannot be seen from here",
            evidence: [evidence],
            candidates: [.singleUser, .crashed],
            process: .unknown
        )
    }
    return PhaseDecision(
        phase: .singleUser,
        why: "a single-user backend (process \(lock.pid)) owns the data directory",
        evidence: [
            Evidence(.dataDirectory, "postmaster.pid line 1", .integer(-Int64(lock.pid)), at: situation.directoryAt)
        ],
        process: .alive
    )
}

// MARK: - Nobody can tell

func decideUnproven(_ situation: Situation, memory: Memory) -> PhaseDecision {
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
