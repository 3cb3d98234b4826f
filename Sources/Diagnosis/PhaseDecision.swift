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
    if let decision = decideGone(situation, memory: memory) { return decision }
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

/// The admission check as evidence: its SQLSTATE where there is one, and the server's words.
func admissionEvidence(_ situation: Situation, _ message: String) -> [Evidence] {
    guard let outcome = situation.admission?.outcome else { return [] }
    var evidence = [Evidence(.admission, "outcome", .text(outcome.kind), at: situation.admissionAt)]
    if let sqlState = outcome.sqlState {
        evidence.append(Evidence(.admission, "sqlstate", .text(sqlState), at: situation.admissionAt))
    }
    evidence.append(Evidence(.admission, "message", .text(message), at: situation.admissionAt))
    return evidence
}
