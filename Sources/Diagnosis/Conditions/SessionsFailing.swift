import Facts

extension Catalogue {
    static let sessionsFailing = ConditionDefinition(
        "sessions_failing",
        .connections,
        .critical,
        title: "The server runs, and new sessions break or hang before they can do any work.",
        recognition: """
            Two start-up attempts in a row end with an error that is neither full, rejected nor a matter of access \
            (session_preload_libraries that cannot be loaded, out of memory, a damaged catalog), are lost, hang in \
            authentication (a lock on pg_authid or pg_database, an LDAP or RADIUS server that does not answer), or \
            find nobody at the address at which the held session was opened (a socket file that was cleaned away). \
            An attempt has two seconds.
            """,
        advice: """
            The evidence has the server's words. Sessions that are open still work: use one to look, and keep it open. \
            Undo the latest change of session_preload_libraries, ALTER ROLE … SET or pg_hba.conf; look for locks on \
            pg_authid, pg_database and pg_auth_members in pg_locks.
            """,
        dependsOn: ["observer_locked_out", "cannot_fork"],
        effects: [.readWrite: .fail, .readOnly: .fail],
        thresholds: [.init("attempts", 2, in: 1...100, "start-up attempts that must fail in a row")]
    )
}

func recogniseSessionsFailing(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let situation = subject.situation
    guard subject.isRunning, let admission = situation.admission else { return nil }
    // Start-ups that hang fill the slots: that is still the same trouble, until the held session answers or one is let in.
    if case .full = admission.outcome, situation.vitals == nil,
        let hold = subject.memory.holds[definition.name], hold.isActive
    {
        return hold.finding
    }
    guard let how = wayOfFailing(situation, admission.outcome),
        Double(max(admission.consecutive, admission.failuresInARow))
            >= subject.policy.threshold(definition, "attempts")
    else { return nil }
    var evidence = admissionEvidence(situation, admission.outcome.message)
    evidence.append(
        Evidence(.admission, "consecutive", .integer(Int64(admission.consecutive)), at: situation.admissionAt)
    )
    if situation.heldSessionAnswers {
        evidence.append(Evidence(.vitals, "held session", "answers", at: situation.vitalsAt))
    }
    return Finding("\(how): \(admission.outcome.message)", evidence: evidence)
}

/// What becomes of new sessions, in words; nil where they get in or are turned away for a reason of its own.
private func wayOfFailing(_ situation: Situation, _ outcome: ConnectOutcome) -> String? {
    switch outcome {
    case .failed, .notUnderstood: "new sessions fail"
    case .lost: "new sessions are lost during start-up"
    case .timedOut(.firstByte), .timedOut(.authentication), .timedOut(.query): "new sessions hang during start-up"
    // Only beside a session that works: else it is the address that is wrong.
    case .refused, .noSocket, .timedOut(.accept):
        situation.heldSessionAnswers ? "open sessions work, and new ones find nobody" : nil
    // A host that cannot be reached or found is Howdah's own network.
    case .unreachable, .accepted, .rejected, .full, .notAuthenticated, .cannotFork, .cancelled, .notAttempted: nil
    }
}
