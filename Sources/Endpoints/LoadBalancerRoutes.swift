import Diagnosis
import Exposition
import Facts

/// Checks for load balancers with Patroni's paths and status codes: 200 send sessions here, 503 do not.
///
/// Without an agent the verdict decides. Unlike Patroni's, `/primary` consults the server: a primary that takes no
/// sessions gets none. What only an agent knows (synchronous or not, a standby cluster's leader) is 503 and says so.
let loadBalancerRoutes: [Route] = [
    check("/primary", "A primary that takes sessions which write.", takesWriters),
    check("/master", "As /primary; Patroni's older name.", takesWriters),
    check("/read-write", "As /primary.", takesWriters),
    check("/leader", "As /primary, as long as no agent says who holds the lock.", takesWriters),
    check(
        "/replica",
        "A standby that takes sessions, and replays no further behind than lag.",
        parameters: [lag],
        takesReadersAsStandby
    ),
    check(
        "/read-only",
        "A primary, or a standby as by /replica, that takes sessions.",
        parameters: [lag],
        takesReaders
    ),
    check(
        "/standby-leader",
        "The leader of a standby cluster; only an agent knows.",
        agentOnly("who leads a standby cluster")
    ),
    check("/standby_leader", "As /standby-leader.", agentOnly("who leads a standby cluster")),
    check("/sync", "A synchronous standby; only an agent knows.", agentOnly("whether a standby is synchronous")),
    check("/synchronous", "As /sync.", agentOnly("whether a standby is synchronous")),
    check("/async", "An asynchronous standby; only an agent knows.", agentOnly("whether a standby is asynchronous")),
    check("/asynchronous", "As /async.", agentOnly("whether a standby is asynchronous")),
    check(
        "/quorum",
        "A standby of the quorum; only an agent knows.",
        agentOnly("whether a standby belongs to the quorum")
    ),
    check(
        "/read-only-sync",
        "A primary that takes sessions, or a synchronous standby.",
        primaryOrAgentOnly("is synchronous")
    ),
    check(
        "/read-only-quorum",
        "A primary that takes sessions, or a standby of the quorum.",
        primaryOrAgentOnly("belongs to the quorum")
    ),
    check("/health", "A server that runs, in whatever role.") { call in
        let verdict = call.published.verdict
        return verdict.phase == .running
            ? .pass("the server runs") : .fail("the server's phase is \(verdict.phase.words)")
    },
    check("/liveness", "As /livez.") { .probe($0, .liveness) },
    check("/readiness", "As /readyz.") { .probe($0, .readiness) },
]

private let lag = Parameter(
    "lag",
    .bytes,
    "The most WAL that replay may be behind what was received; while nothing is received it is not known."
)

/// What a check says.
private enum CheckResult {
    case pass(String)
    case fail(String)

    static func probe(_ call: Call, _ probe: ProbeID) -> CheckResult {
        let result = call.published.verdict.probes[probe]
        return result.pass ? .pass(result.reason) : .fail(result.reason)
    }
}

private func check(
    _ path: String,
    _ summary: String,
    parameters: [Parameter] = [],
    _ decide: @escaping @Sendable (Call) -> CheckResult
) -> Route {
    Route(
        path: path,
        summary: "For load balancers: \(summary)",
        parameters: parameters,
        offers: [.json],
        isNegotiated: false,
        answersOptions: true,
        statuses: [(503, "Send no sessions here.")]
    ) { call in
        let verdict = call.published.verdict
        let (pass, reason) =
            switch decide(call) {
            case .pass(let reason): (true, reason)
            case .fail(let reason): (false, reason)
            }
        let document: JSON = [
            "check": .string(path), "pass": .bool(pass), "reason": .string(reason),
            "state": .string(verdict.state.rawValue),
            "phase": .string(verdict.phase.rawValue), "role": .string(verdict.role.rawValue),
        ]
        return .answer(Response(pass ? 200 : 503, .json, document.bytes(), headers: [.noStore]))
    }
}

/// The role that a balancer should believe: the verdict's, or while nothing can be told the one that the held probes have.
private func believedRole(_ verdict: Verdict) -> Role {
    guard verdict.role == .unknown, verdict.phase == .unknown else { return verdict.role }
    // Only a primary's last answer to read_write is yes; who was read-only was a standby.
    if verdict.probes.readWrite.pass { return .primary }
    return verdict.probes.readOnly.pass ? .standby : .unknown
}

@Sendable private func takesWriters(_ call: Call) -> CheckResult {
    let role = believedRole(call.published.verdict)
    guard role == .primary else { return .fail("the role is \(role.rawValue), not primary") }
    return .probe(call, .readWrite)
}

@Sendable private func takesReadersAsStandby(_ call: Call) -> CheckResult {
    let role = believedRole(call.published.verdict)
    guard role == .standby else { return .fail("the role is \(role.rawValue), not standby") }
    let probe = CheckResult.probe(call, .readOnly)
    guard case .pass = probe, let limit = call.query.number("lag") else { return probe }
    return compareLag(call, limit: limit)
}

@Sendable private func takesReaders(_ call: Call) -> CheckResult {
    believedRole(call.published.verdict) == .standby ? takesReadersAsStandby(call) : .probe(call, .readOnly)
}

/// How far replay is behind what was received.
///
/// Only as good as what is received: a standby whose receiver is gone has replayed all it got, and would report no lag
/// (rule 3 of the conditions). So without a receiver that streams the lag is not known, and the check fails.
private func compareLag(_ call: Call, limit: Double) -> CheckResult {
    let snapshot = call.published.snapshot
    guard let vitals = snapshot.vitals.value(within: lagAgeSeconds, of: call.now),
        let received = vitals.receiveLSN, let replayed = vitals.replayLSN
    else { return .fail("the lag is not known: the positions were not read in the last \(Int(lagAgeSeconds)) seconds") }
    let behind = max(0, Double(received.distance(from: replayed)))
    let words = "replay is \(formatBytes(behind)) behind what was received"
    guard behind <= limit else { return .fail("\(words), more than \(formatBytes(limit))") }
    guard hasReceiver(snapshot, vitals, now: call.now) else {
        return .fail("the lag is not known: no WAL receiver streams")
    }
    return .pass(words)
}

/// By `pg_stat_wal_receiver`, which hides the status from a role without pg_read_all_stats; then by the process table.
private func hasReceiver(_ snapshot: Snapshot, _ vitals: Vitals, now: Moment) -> Bool {
    if let status = vitals.walReceiverStatus { return status == "streaming" }
    guard vitals.hasWALReceiver == true else { return false }
    let children = snapshot.processes.value(within: lagAgeSeconds, of: now)?.children ?? [:]
    return children.keys.contains { $0.filter(\.isLetter).lowercased() == "walreceiver" }
}

private let lagAgeSeconds = 10.0

private func agentOnly(_ subject: String) -> @Sendable (Call) -> CheckResult {
    { _ in .fail("only an agent knows \(subject), and this version does not ask one yet") }
}

private func primaryOrAgentOnly(_ property: String) -> @Sendable (Call) -> CheckResult {
    { call in
        if believedRole(call.published.verdict) == .primary { return .probe(call, .readOnly) }
        return .fail("only an agent knows whether a standby \(property), and this version does not ask one yet")
    }
}
