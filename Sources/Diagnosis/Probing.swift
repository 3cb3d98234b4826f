import Facts

/// What a phase says to a probe before conditions and policy have their say.
private enum PhaseAnswer {
    case pass
    case fail
    /// A stopped server is the agent's to start; without an agent, the container's restart is the cure.
    case passWithAgent
    /// As the role has it: a primary takes writes and reads, a standby reads.
    case byRole
    /// Fails once it has lasted as long as the policy allows.
    case failAfterHysteresis
    /// Keeps the last answer; readiness only for a grace.
    case hold
}

/// The table of phases and probes, as the documentation has it.
private func phaseAnswers(_ phase: Phase) -> (liveness: PhaseAnswer, readWrite: PhaseAnswer, readOnly: PhaseAnswer) {
    switch phase {
    case .running: (.pass, .byRole, .byRole)
    case .promoting: (.pass, .fail, .pass)
    case .stopped, .crashed, .startFailed: (.passWithAgent, .fail, .fail)
    case .unresponsive: (.failAfterHysteresis, .fail, .fail)
    case .unknown: (.hold, .hold, .hold)
    case .uninitialized, .starting, .crashRecovery, .archiveRecovery, .warmStandby, .reinitializing, .stopping,
        .singleUser:
        (.pass, .fail, .fail)
    }
}

/// Answers the four probes: the phase first, then each condition's effect after policy.
///
/// `memory` has the answers of the last verdict that did not have to hold any, and its phase.
func answerProbes(_ verdict: Verdict, subject: Case, memory: Memory) -> Probes {
    let settled = memory.settledProbes
    let answers = phaseAnswers(verdict.phase)
    var byPhase = Probes(all: ProbeResult(pass: false, reason: ""))
    byPhase.liveness = answer(.liveness, answers.liveness, verdict, subject, settled)
    byPhase.readWrite = answer(.readWrite, answers.readWrite, verdict, subject, settled)
    byPhase.readOnly = answer(.readOnly, answers.readOnly, verdict, subject, settled)
    if byPhase.readOnly.pass, let lag = lagBeyondLimit(verdict, subject) { byPhase.readOnly = lag }
    byPhase.readiness = readiness(byPhase, verdict)

    // What a server said of itself before it accepted sessions says nothing of it now.
    let wasRunning = memory.settledPhase == .running || memory.settledPhase == .promoting
    var probes = byPhase
    for probe in ProbeID.allCases {
        probes[probe] = applyConditions(probe, byPhase[probe], verdict, wasRunning ? settled : nil) { definition in
            let own = subject.policy.effect(definition, on: probe)
            // Readiness promises what the role promises: what fails the role's probe fails readiness.
            guard probe == .readiness, own == .pass else { return own }
            return subject.policy.effect(definition, on: verdict.role == .primary ? .readWrite : .readOnly)
        }
    }
    return probes
}

/// Whether the verdict's answers are its own, and not held over from an earlier one.
func isSettled(_ verdict: Verdict, policy: Policy) -> Bool {
    verdict.phase != .unknown
        && !verdict.conditions.contains { condition in
            guard let definition = Catalogue.definition(of: condition.name) else { return false }
            return ProbeID.allCases.contains { policy.effect(definition, on: $0) == .hold }
        }
}

/// Ready for its own role: a primary for writing, a standby for reading.
private func readiness(_ probes: Probes, _ verdict: Verdict) -> ProbeResult {
    switch verdict.role {
    case .primary: return probes.readWrite
    case .standby: return probes.readOnly
    case .unknown:
        if verdict.phase == .running {
            return ProbeResult(pass: probes.readOnly.pass, reason: "accepting; role unknown: \(probes.readOnly.reason)")
        }
        return probes.readOnly
    }
}

private func answer(
    _ probe: ProbeID,
    _ answer: PhaseAnswer,
    _ verdict: Verdict,
    _ subject: Case,
    _ settled: Probes?
) -> ProbeResult {
    let words = verdict.phase.words
    switch answer {
    case .pass:
        let reason =
            probe == .liveness ? livenessReason(verdict.phase) : "\(verdict.role.rawValue), \(words), accepting"
        return ProbeResult(pass: true, reason: reason)
    case .fail:
        return ProbeResult(pass: false, reason: words)
    case .passWithAgent:
        let hasAgent = subject.snapshot.hasAgent
        return ProbeResult(
            pass: hasAgent,
            reason: hasAgent
                ? "\(words); starting the server is the agent's job"
                : "\(words), and no agent is configured that would start it"
        )
    case .byRole:
        return byRole(probe, verdict, settled)
    case .failAfterHysteresis:
        // A restart would end work that goes on, and cures nothing where it is a name service that new sessions wait for.
        if subject.situation.heldSessionAnswers, !subject.situation.postmasterIsStuck {
            return ProbeResult(pass: true, reason: "unresponsive to new sessions; an open one still works")
        }
        let limit = subject.policy.number("liveness.unresponsive_seconds")
        let lasted = subject.now.seconds(since: verdict.phaseSince)
        return ProbeResult(
            pass: lasted < limit,
            reason:
                "unresponsive for \(formatDuration(seconds: lasted)), the limit is \(formatDuration(seconds: limit))"
        )
    case .hold:
        return hold(probe, subject, settled)
    }
}

/// What the liveness probe says while it passes: why a restart would not help, or would destroy progress.
private func livenessReason(_ phase: Phase) -> String {
    switch phase {
    case .running, .promoting: "the server answers"
    case .crashRecovery, .archiveRecovery, .warmStandby: "\(phase.words): a restart would begin it again"
    case .uninitialized: "no cluster yet: initdb or a base backup may be under way"
    default: "\(phase.words): a restart would not help"
    }
}

private func byRole(_ probe: ProbeID, _ verdict: Verdict, _ settled: Probes?) -> ProbeResult {
    switch (probe, verdict.role) {
    case (.readWrite, .primary), (.readOnly, .primary), (.readOnly, .standby):
        return ProbeResult(pass: true, reason: "\(verdict.role.rawValue), accepting")
    case (.readWrite, .standby):
        return ProbeResult(pass: false, reason: "standby: sessions cannot write here")
    case (.readOnly, .unknown):
        return ProbeResult(pass: true, reason: "accepting; role unknown")
    default:
        guard let settled else { return ProbeResult(pass: false, reason: "accepting; role unknown") }
        return ProbeResult(pass: settled[probe].pass, reason: "role unknown; last answer kept")
    }
}

private func hold(_ probe: ProbeID, _ subject: Case, _ settled: Probes?) -> ProbeResult {
    let unknownFor = subject.now.seconds(since: subject.memory.unknownSince ?? subject.now)
    if probe == .liveness {
        return ProbeResult(pass: settled?.liveness.pass ?? true, reason: "cannot tell; the last answer is kept")
    }
    let grace = subject.policy.number("readiness.unknown_grace_seconds")
    guard let settled, settled[probe].pass, unknownFor < grace else {
        return ProbeResult(pass: false, reason: "cannot tell for \(formatDuration(seconds: unknownFor))")
    }
    return ProbeResult(pass: true, reason: "cannot tell; the last answer is kept for \(formatDuration(seconds: grace))")
}

/// A standby that has received far more than it has replayed serves old data.
///
/// Unknown lag is not lag.
private func lagBeyondLimit(_ verdict: Verdict, _ subject: Case) -> ProbeResult? {
    guard verdict.role == .standby, let vitals = subject.situation.vitals, let received = vitals.receiveLSN,
        let replayed = vitals.replayLSN
    else { return nil }
    let lag = Double(received.distance(from: replayed))
    let limit = subject.policy.number("read_only.max_lag_bytes")
    guard lag > limit else { return nil }
    return ProbeResult(
        pass: false,
        reason: "standby, \(formatBytes(lag)) received and not replayed, the limit is \(formatBytes(limit))"
    )
}

private func applyConditions(
    _ probe: ProbeID,
    _ result: ProbeResult,
    _ verdict: Verdict,
    _ settled: Probes?,
    effect: (ConditionDefinition) -> ProbeEffect
) -> ProbeResult {
    var result = result
    for condition in verdict.conditions {
        guard let definition = Catalogue.definition(of: condition.name) else { continue }
        switch effect(definition) {
        case .fail:
            if result.pass { result = ProbeResult(pass: false, reason: "\(condition.name): \(condition.message)") }
        case .hold:
            guard let settled else { continue }
            result = ProbeResult(pass: settled[probe].pass, reason: "\(condition.name): the last answer is kept")
        case .pass:
            guard result.pass, condition.severity == .critical, probe != .liveness else { continue }
            result.reason += "; \(condition.name) does not fail \(probe.rawValue) by policy"
        }
    }
    return result
}
