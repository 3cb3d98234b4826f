import Facts

/// Runs every leaf of the catalogue, applies appearance, clearing and suppression, and sorts what is left.
func judgeConditions(
    _ subject: Case,
    recovery: RecoveryProgress?,
    memory: inout Memory
) -> (active: [ActiveCondition], suppressed: [SuppressedCondition]) {
    var subject = subject
    subject.recovery = recovery
    for entry in Catalogue.entries {
        let finding = entry.recognise(subject, entry.definition)
        memory.holds[entry.definition.name] = advance(
            memory.holds[entry.definition.name],
            finding,
            entry.definition,
            now: subject.now
        )
    }
    let holding = Set(memory.holds.filter(\.value.isActive).keys)
    var active: [ActiveCondition] = []
    var suppressed: [SuppressedCondition] = []
    for definition in Catalogue.definitions {
        guard let hold = memory.holds[definition.name], hold.isActive else { continue }
        if let cause = definition.dependsOn.first(where: holding.contains) {
            suppressed.append(SuppressedCondition(name: definition.name, cause: cause))
            continue
        }
        active.append(
            ActiveCondition(
                name: definition.name,
                family: definition.family,
                severity: subject.policy.severity(definition),
                since: hold.firstSeen,
                message: hold.finding.message,
                evidence: hold.finding.evidence,
                advice: hold.finding.advice ?? definition.advice
            )
        )
    }
    // Most severe first; within a severity the order of the catalogue, which the sort keeps.
    let sorted = active.enumerated().sorted { left, right in
        left.element.severity == right.element.severity
            ? left.offset < right.offset : left.element.severity > right.element.severity
    }
    return (sorted.map(\.element), suppressed)
}

/// One condition's step: it appears after it has held for a while, and clears after it has been gone for a while.
private func advance(
    _ hold: Memory.Hold?,
    _ finding: Finding?,
    _ definition: ConditionDefinition,
    now: Moment
) -> Memory.Hold? {
    guard let finding else {
        guard let hold, hold.isActive, now.seconds(since: hold.lastSeen) < definition.secondsToClear else { return nil }
        return hold
    }
    var next = hold ?? Memory.Hold(firstSeen: now, lastSeen: now, isActive: false, finding: finding)
    next.lastSeen = now
    next.finding = finding
    if now.seconds(since: next.firstSeen) >= definition.secondsToAppear { next.isActive = true }
    return next
}
