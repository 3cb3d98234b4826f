import Facts

/// Advances what is remembered of the recovery under way; nil where none is.
func advanceProgress(_ situation: Situation, phase: Phase, before: ProgressMemory?) -> ProgressMemory? {
    guard isRecovering(phase), let (position, _) = recoveryPosition(situation) else { return nil }
    var progress = before ?? ProgressMemory(position: position, at: situation.now)
    if before == nil { progress.start = situation.control?.redo }
    progress.record(position, at: situation.now)
    return progress
}

/// Whether the phase is one in which WAL is replayed before the server accepts sessions.
func isRecovering(_ phase: Phase) -> Bool {
    phase == .crashRecovery || phase == .archiveRecovery || phase == .warmStandby
}

/// The furthest position that any source knows, and which one that is.
func recoveryPosition(_ situation: Situation) -> (LSN, source: String)? {
    var candidates: [(LSN, source: String)] = []
    if let replayed = situation.vitals?.replayLSN { candidates.append((replayed, "replay_lsn")) }
    let segmentSize = UInt64(situation.control?.walSegmentSize ?? 16_777_216)
    if let segment = situation.processes?.recoveringSegment {
        candidates.append((segment.start(segmentSize: segmentSize), "process_title"))
    }
    if let control = situation.control {
        candidates.append((max(control.minRecoveryPoint, control.redo), "pg_control"))
    }
    return candidates.filter(\.0.isValid).max { $0.0 < $1.0 }
}

/// The progress as the verdict shows it.
func describeProgress(_ situation: Situation, phase: Phase, memory: ProgressMemory?) -> RecoveryProgress? {
    guard let memory, let (_, source) = recoveryPosition(situation) else { return nil }
    var progress = RecoveryProgress(position: memory.position, source: source, advancedAt: memory.advancedAt)
    progress.start = memory.start
    progress.bytesPerSecond = memory.bytesPerSecond
    progress.end = recoveryEnd(situation, phase: phase, position: memory.position)
    return progress
}

/// Where recovery will end: a backup's end or the consistency point where pg_control has it, else the newest segment's end.
private func recoveryEnd(_ situation: Situation, phase: Phase, position: LSN) -> LSN? {
    guard let control = situation.control else { return nil }
    if phase == .archiveRecovery {
        let ends = [control.backupEndPoint, control.minRecoveryPoint].filter { $0.isValid && $0 > position }
        return ends.max()
    }
    guard phase == .crashRecovery, let newest = situation.directory?.newestSegment else { return nil }
    let size = UInt64(control.walSegmentSize)
    let end = LSN(newest.start(segmentSize: size).bytes &+ size)
    return end >= position ? end : nil
}
