import Facts

/// What changed from one verdict to the next; empty where only ages and numbers did.
public func transitions(from before: Verdict?, to after: Verdict) -> [Transition] {
    let at = after.at
    guard let before else {
        return [
            Transition(
                .state,
                from: "",
                to: after.state.rawValue,
                at: at,
                lastedSeconds: 0,
                message: after.summary
            )
        ]
    }
    var changes: [Transition] = []
    func add(_ what: Transition.What, _ from: String, _ to: String, since: Moment, _ message: String, name: String = "")
    {
        guard from != to else { return }
        let lasted = at.seconds(since: since)
        changes.append(
            Transition(what, name: name, from: from, to: to, at: at, lastedSeconds: lasted, message: message)
        )
    }
    add(.state, before.state.rawValue, after.state.rawValue, since: before.stateSince, after.summary)
    add(.phase, before.phase.rawValue, after.phase.rawValue, since: before.phaseSince, after.summary)
    add(.role, before.role.rawValue, after.role.rawValue, since: before.roleSince, after.summary)
    let was = Dictionary(uniqueKeysWithValues: before.conditions.map { ($0.name, $0) })
    let isNow = Set(after.conditions.map(\.name))
    for condition in after.conditions where was[condition.name] == nil {
        add(.condition, "clear", "active", since: condition.since, condition.message, name: condition.name)
    }
    for condition in before.conditions where !isNow.contains(condition.name) {
        add(.condition, "active", "clear", since: condition.since, condition.message, name: condition.name)
    }
    for probe in ProbeID.allCases {
        let (from, to) = (before.probes[probe], after.probes[probe])
        add(
            .probe,
            from.pass ? "pass" : "fail",
            to.pass ? "pass" : "fail",
            since: before.probesSince[probe] ?? before.at,
            to.reason,
            name: probe.rawValue
        )
    }
    return changes
}
