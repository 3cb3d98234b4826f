public import Facts

/// What a snapshot means, given what was remembered: the verdict, and what to remember for the next one.
///
/// Pure: no clock, no I/O, no logger. The same arguments give the same answer. Only this function advances memory, so a
/// scrape or a request never changes state.
public func diagnose(
    _ snapshot: Snapshot,
    memory: Memory,
    policy: Policy,
    now: Moment
) -> (verdict: Verdict, memory: Memory) {
    let situation = Situation(snapshot, now: now, wasForeign: memory.directoryIsForeign)
    let before = memory.verdict
    var memory = memory
    var verdict = Verdict(at: now)

    let decision = decidePhase(situation, memory: memory)
    verdict.phase = decision.phase
    verdict.phaseEvidence = decision.evidence
    verdict.candidates = decision.candidates
    verdict.role = decideRole(situation, phase: decision.phase, memory: memory)
    verdict.phaseSince = since(before, now, \.phase, \.phaseSince, verdict.phase)
    verdict.roleSince = since(before, now, \.role, \.roleSince, verdict.role)

    memory.remember(decision, situation: situation, before: before)
    verdict.recovery = describeProgress(situation, phase: decision.phase, memory: memory.progress)

    let subject = Case(
        situation: situation,
        phase: verdict.phase,
        phaseSince: verdict.phaseSince,
        role: verdict.role,
        memory: memory,
        policy: policy
    )
    (verdict.conditions, verdict.suppressed) = judgeConditions(subject, recovery: verdict.recovery, memory: &memory)

    verdict.state = headlineState(decision, conditions: verdict.conditions)
    verdict.stateSince = since(before, now, \.state, \.stateSince, verdict.state)
    verdict.summary = summarize(verdict, decision: decision)
    verdict.probes = answerProbes(verdict, subject: subject, memory: memory)
    if isSettled(verdict, policy: policy) {
        memory.settledProbes = verdict.probes
        memory.settledPhase = verdict.phase
    }
    for probe in ProbeID.allCases where before?.probes[probe].pass == verdict.probes[probe].pass {
        verdict.probesSince[probe] = before?.probesSince[probe] ?? now
    }
    verdict.server = summarizeServer(situation, decision: decision)
    verdict.revision = revision(of: verdict, after: before)
    memory.verdict = verdict
    return (verdict, memory)
}

extension Memory {
    fileprivate mutating func remember(_ decision: PhaseDecision, situation: Situation, before: Verdict?) {
        let now = situation.now
        if decision.phase == .reinitializing, before?.phase != .reinitializing {
            reinitializations.append(now)
            if reinitializations.count > Self.reinitializationLimit { reinitializations.removeFirst() }
        }
        directoryIsForeign = situation.directoryIsForeign
        if decision.phase == .stopping, let start = situation.directory?.lastStart, start.endedAt == nil {
            stoppedStart = start.beganAt
        }
        unknownSince = decision.phase == .unknown ? unknownSince ?? now : nil
        let continues = before.map { isRecovering($0.phase) } ?? false
        progress = advanceProgress(situation, phase: decision.phase, before: continues ? progress : nil)
    }
}

private func since<Value: Equatable>(
    _ before: Verdict?,
    _ now: Moment,
    _ value: KeyPath<Verdict, Value>,
    _ since: KeyPath<Verdict, Moment>,
    _ new: Value
) -> Moment {
    guard let before, before[keyPath: value] == new else { return now }
    return before[keyPath: since]
}

/// The revision grows when anything but ages and numbers changed.
private func revision(of verdict: Verdict, after before: Verdict?) -> UInt64 {
    guard let before else { return 1 }
    let same =
        before.state == verdict.state && before.phase == verdict.phase && before.role == verdict.role
        && before.candidates == verdict.candidates
        && before.conditions.map(\.name) == verdict.conditions.map(\.name)
        && before.conditions.map(\.severity) == verdict.conditions.map(\.severity)
        && ProbeID.allCases.allSatisfy { before.probes[$0].pass == verdict.probes[$0].pass }
    return same ? before.revision : before.revision + 1
}

private func headlineState(_ decision: PhaseDecision, conditions: [ActiveCondition]) -> State {
    switch decision.process {
    case .gone: return .dead
    case .unknown: return .unknown
    case .alive:
        let accepts = decision.phase == .running
        return accepts && !conditions.contains { $0.severity >= .warning } ? .live : .liveBut
    }
}

private func summarize(_ verdict: Verdict, decision: PhaseDecision) -> String {
    func named(_ condition: ActiveCondition) -> String {
        "\(condition.name.map { $0 == "_" ? " " : String($0) }.joined()): \(condition.message)"
    }
    let candidates = decision.candidates.map(\.words).joined(separator: ", ")
    let choices = candidates.isEmpty ? "" : "; it could be: \(candidates)"
    switch verdict.state {
    case .live:
        return "Live"
    case .dead:
        return "Dead: \(decision.why)\(choices)"
    case .unknown:
        return "Unknown: \(decision.why)\(choices)"
    case .liveBut:
        let worst = verdict.conditions.first
        if let worst, worst.severity == .critical { return "Live, but \(named(worst))" }
        if decision.phase == .unknown { return "Live, but \(decision.why)\(choices)" }
        if decision.phase != .running { return "Live, but \(decision.phase.words): \(decision.why)" }
        return worst.map { "Live, but \(named($0))" } ?? "Live"
    }
}

private func summarizeServer(_ situation: Situation, decision: PhaseDecision) -> ServerSummary {
    var server = ServerSummary()
    let identity = situation.snapshot.identity.last?.value
    let control = situation.control
    server.version = identity.flatMap { $0.version.isEmpty ? nil : $0.version } ?? situation.directory?.version
    server.systemIdentifier = identity?.systemIdentifier ?? control?.systemIdentifier
    server.timeline = situation.vitals?.timeline ?? control?.timeline
    if decision.process == .alive {
        server.startedAt =
            situation.vitals?.postmasterStartedAt ?? situation.lock?.startedAt.map(Double.init)
            ?? situation.postmaster?.startedAt
    }
    server.address = situation.snapshot.address
    return server
}
