import Facts

/// Decides the role from SQL, pg_control and the signal files, whichever spoke last; never from a message text.
func decideRole(_ situation: Situation, phase: Phase, memory: Memory) -> Role {
    let bySQL: Role? = situation.vitals?.inRecovery.map { $0 ? .standby : .primary }
    let byFiles = roleByFiles(situation)
    switch (bySQL, byFiles) {
    case (let sql?, let files?):
        return situation.vitalsAt >= situation.directoryAt ? sql : files
    case (let sql?, nil):
        return sql
    case (nil, let files?):
        return files
    case (nil, nil):
        // A running server does not change its role without restarting or being seen to promote.
        let wasRunning = memory.verdict?.phase == .running
        return phase == .running && wasRunning ? memory.verdict?.role ?? .unknown : .unknown
    }
}

/// The role by signal files and the control file; nil where they do not tell.
private func roleByFiles(_ situation: Situation) -> Role? {
    guard let directory = situation.directory, directory.contents == .cluster else { return nil }
    // A running primary stays one whatever is put beside it: a signal file counts at the next start.
    let isStandbyByIntent = directory.hasStandbySignal || directory.hasRecoverySignal
    if isStandbyByIntent, situation.control?.state != .inProduction { return .standby }
    switch situation.control?.state {
    case .inProduction, .shutDown, .inCrashRecovery, .shuttingDown, .startingUp: return .primary
    case .inArchiveRecovery, .shutDownInRecovery: return .standby
    case .other, nil: return nil
    }
}
