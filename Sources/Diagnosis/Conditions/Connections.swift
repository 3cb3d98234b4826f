import Facts

extension Catalogue {
    /// Who gets in: slots, roles, databases, forks.
    static let connections: [Entry] = [
        Entry(definition: connectionsFull, recognise: recogniseConnectionsFull),
        Entry(definition: connectionsReservedOnly, recognise: recogniseReservedOnly),
        Entry(definition: connectionsNearFull, recognise: recogniseNearFull),
        Entry(definition: connectionsFullForRole, recognise: recogniseFullForRole),
        Entry(definition: connectionsFullForDatabase, recognise: recogniseFullForDatabase),
        Entry(definition: walSendersFull, recognise: recogniseWALSendersFull),
        Entry(definition: cannotFork, recognise: recogniseCannotFork),
        Entry(definition: sessionsFailing, recognise: recogniseSessionsFailing),
    ]

    private static let connectionsFull = ConditionDefinition(
        "connections_full",
        .connections,
        .critical,
        title: "Every slot that an ordinary role can use is taken: new sessions are turned away.",
        recognition: """
            A start-up attempt ends with SQLSTATE 53300 ("sorry, too many clients already", "remaining connection slots \
            are reserved for …"), or pg_stat_activity counts as many client backends as max_connections less \
            superuser_reserved_connections less reserved_connections (16 and later). Autovacuum, workers and WAL senders \
            have slots of their own and do not count.
            """,
        advice: """
            See who holds the slots (evidence "holders"). End what is idle with \
            pg_terminate_backend(pid) as a superuser, who may use the reserved slots; then put a pooler in front, lower the \
            clients' pool sizes, or set idle_session_timeout. Raising max_connections needs a restart.
            """,
        effects: [.readWrite: .pass, .readOnly: .pass]
    )

    private static let connectionsReservedOnly = ConditionDefinition(
        "connections_reserved_only",
        .connections,
        .critical,
        title: "Only reserved slots are left: superusers (and, from 16 on, pg_use_reserved_connections) still get in.",
        recognition: """
            SQLSTATE 53300 with "remaining connection slots are reserved for …", or the count of client backends lies \
            between the ordinary slots and max_connections.
            """,
        advice: "Log in as a superuser now, while a reserved slot is left, and end idle sessions.",
        effects: [.readWrite: .pass, .readOnly: .pass]
    )

    private static let connectionsNearFull = ConditionDefinition(
        "connections_near_full",
        .connections,
        .warning,
        title: "The ordinary slots are nearly used up.",
        recognition: "Client backends of pg_stat_activity over ordinary slots reach the threshold used_ratio.",
        advice: "See who holds the slots; a pool that grows or sessions left idle in transaction are the usual cause.",
        appears: 5,
        clears: 10,
        dependsOn: ["connections_full"],
        thresholds: [.init("used_ratio", 0.9, in: 0.1...1, "share of the ordinary slots that counts as nearly full")]
    )

    private static let connectionsFullForRole = ConditionDefinition(
        "connections_full_for_role",
        .connections,
        .warning,
        title: "A role has used up its own connection limit.",
        recognition: """
            SQLSTATE 53300 "too many connections for role …", or as many client backends of the role as its rolconnlimit.
            """,
        advice: "End the role's idle sessions, or raise its limit: ALTER ROLE … CONNECTION LIMIT n."
    )

    private static let connectionsFullForDatabase = ConditionDefinition(
        "connections_full_for_database",
        .connections,
        .warning,
        title: "A database has used up its own connection limit.",
        recognition: """
            SQLSTATE 53300 "too many connections for database …", or as many client backends in it as its datconnlimit.
            """,
        advice: "End idle sessions in the database, or raise its limit: ALTER DATABASE … CONNECTION LIMIT n."
    )

    private static let walSendersFull = ConditionDefinition(
        "wal_senders_full",
        .connections,
        .warning,
        title: "Every WAL sender slot is taken: no further standby, receiver or base backup can attach.",
        recognition: """
            As many walsender rows in pg_stat_activity as max_wal_senders, or SQLSTATE 53300 "number of requested standby \
            connections exceeds max_wal_senders".
            """,
        advice: """
            Look at pg_stat_replication for connections that are left over (a dead standby keeps its slot until \
            wal_sender_timeout); raising max_wal_senders needs a restart, standbys first.
            """
    )

    private static let cannotFork = ConditionDefinition(
        "cannot_fork",
        .connections,
        .critical,
        title: "The postmaster cannot start a process for a new session.",
        recognition: """
            A start-up attempt is answered with "could not fork new process for connection", which has no SQLSTATE.
            """,
        advice: """
            The host or container is out of processes or memory: compare pids.current with pids.max, look at ulimit -u of \
            the server's user and at free memory.
            """,
        effects: [.readWrite: .fail, .readOnly: .fail]
    )
}

// MARK: - Leaves

/// What is known of the slots: by count where vital signs are fresh, by the server's refusal otherwise.
private struct Slots {
    var used: Int?
    var ordinary: Int?
    var total: Int?
    var refusal: Fullness?

    init(_ subject: Case) {
        let situation = subject.situation
        if let vitals = situation.vitals {
            used = vitals.clientBackends
            ordinary = vitals.ordinarySlots
            total = vitals.maxConnections
        } else {
            let identity = situation.snapshot.identity.last?.value
            total = identity?.number("max_connections")
            if let total, let superuser = identity?.number("superuser_reserved_connections") {
                ordinary = total - superuser - (identity?.number("reserved_connections") ?? 0)
            }
            used = situation.snapshot.walSender.value(within: Freshness.sessions, of: situation.now)?.clientBackends
        }
        // A refusal counts until a later look at the slots contradicts it clearly: sessions that are still starting hold
        // slots and are not in pg_stat_activity yet.
        let isContradicted =
            situation.vitals != nil && situation.vitalsAt > situation.admissionAt
            && Double(used ?? 0) < 0.9 * Double(ordinary ?? 0)
        if case .full(let fullness, _)? = situation.admission?.outcome,
            !isContradicted
        {
            refusal = fullness
        }
    }

    var isFull: Bool {
        if refusal == .allSlots || refusal == .reservedOnly || refusal == .other { return true }
        guard let used, let ordinary else { return false }
        return used >= ordinary
    }

    var reservedAreTaken: Bool {
        if refusal == .allSlots { return true }
        guard let used, let total else { return false }
        return used >= total
    }

    /// "97 of 97 ordinary slots in use (max_connections 100, 3 reserved)".
    var words: String {
        guard let total, let ordinary else { return "every ordinary slot is in use" }
        let taken = min(used ?? ordinary, ordinary)
        let reserved = total - ordinary
        let tail = reservedAreTaken ? ", and those are taken too" : ""
        return "\(taken) of \(ordinary) ordinary slots in use (max_connections \(total), \(reserved) reserved\(tail))"
    }
}

private func recogniseConnectionsFull(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let slots = Slots(subject)
    guard subject.isRunning, slots.isFull else { return nil }
    return Finding(slots.words, evidence: slotEvidence(subject, slots) + holderEvidence(subject))
}

private func recogniseReservedOnly(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let slots = Slots(subject)
    guard subject.isRunning, slots.isFull, !slots.reservedAreTaken else { return nil }
    var message = "only slots reserved for superusers are left"
    if let used = slots.used, let total = slots.total, total > used { message += ": \(total - used) of \(total)" }
    return Finding(message, evidence: slotEvidence(subject, slots))
}

private func recogniseNearFull(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.isRunning, let vitals = subject.situation.vitals, let used = vitals.clientBackends,
        let ordinary = vitals.ordinarySlots, ordinary > 0
    else { return nil }
    let ratio = Double(used) / Double(ordinary)
    guard ratio >= subject.policy.threshold(definition, "used_ratio") else { return nil }
    return Finding(
        "\(used) of \(ordinary) ordinary slots in use (\(Int(ratio * 100)) %)",
        evidence: slotEvidence(subject, Slots(subject)) + holderEvidence(subject)
    )
}

private func slotEvidence(_ subject: Case, _ slots: Slots) -> [Evidence] {
    let situation = subject.situation
    var evidence: [Evidence] = []
    if slots.refusal != nil, let outcome = situation.admission?.outcome {
        evidence.append(Evidence(.admission, "sqlstate", "53300", at: situation.admissionAt))
        evidence.append(Evidence(.admission, "message", .text(outcome.message), at: situation.admissionAt))
    }
    if let vitals = situation.vitals {
        if let used = vitals.clientBackends {
            evidence.append(Evidence(.vitals, "client_backends", .integer(Int64(used)), at: situation.vitalsAt))
        }
        if let ordinary = vitals.ordinarySlots {
            evidence.append(Evidence(.vitals, "ordinary_slots", .integer(Int64(ordinary)), at: situation.vitalsAt))
        }
        for (state, count) in vitals.clientBackendsByState.sorted(by: { $0.value > $1.value }).prefix(3) {
            let name = state.isEmpty ? "unknown" : state
            evidence.append(
                Evidence(.vitals, "client_backends \(name)", .integer(Int64(count)), at: situation.vitalsAt)
            )
        }
    }
    return evidence
}

/// How many groups of holders are named in evidence.
private let namedHolders = 5

/// Who holds the slots, the largest groups first; from the held session, or through a WAL sender slot.
private func holderEvidence(_ subject: Case) -> [Evidence] {
    let snapshot = subject.snapshot
    let sources: [(SensorID, Observation<Sessions>)] = [
        (.sessions, snapshot.sessions), (.walSender, snapshot.walSender),
    ]
    let known = sources.compactMap { source, observation in observation.last.map { (source, $0) } }
    guard let (source, sessions) = known.max(by: { $0.1.at < $1.1.at }) else { return [] }
    return holders(sessions.value).prefix(namedHolders).map { who, count in
        Evidence(source, "holders", .text("\(count) × \(who)"), at: sessions.at)
    }
}

/// Groups merged over wait events, as `user@database application (state) from address`.
private func holders(_ sessions: Sessions) -> [(String, Int)] {
    var counts: [String: Int] = [:]
    for group in sessions.groups {
        let user = group.user.isEmpty ? "?" : group.user
        let database = group.database.isEmpty ? "?" : group.database
        let application = group.application.isEmpty ? "" : " \"\(group.application)\""
        let state = group.state.isEmpty ? "" : " \(group.state)"
        let from = group.clientAddress.isEmpty ? "the local socket" : group.clientAddress
        counts["\(user)@\(database)\(application)\(state), from \(from)", default: 0] += group.count
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
}

private func recogniseFullForRole(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    fullForLimit(subject, what: "role", limits: \.limitedRoles) { fullness in
        if case .role(let name) = fullness { name } else { nil }
    }
}

private func recogniseFullForDatabase(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    fullForLimit(subject, what: "database", limits: \.limitedDatabases) { fullness in
        if case .database(let name) = fullness { name } else { nil }
    }
}

private func fullForLimit(
    _ subject: Case,
    what: String,
    limits: KeyPath<Sessions, [ConnectionLimit]>,
    name: (Fullness) -> String?
) -> Finding? {
    guard subject.isRunning else { return nil }
    let situation = subject.situation
    if case .full(let fullness, let message)? = situation.admission?.outcome, let name = name(fullness) {
        return Finding(
            "\(what) \"\(name)\" has used up its connection limit",
            evidence: [
                Evidence(.admission, "sqlstate", "53300", at: situation.admissionAt),
                Evidence(.admission, "message", .text(message), at: situation.admissionAt),
            ]
        )
    }
    guard let sessions = subject.snapshot.sessions.value(within: Freshness.sessions, of: subject.now),
        let at = subject.snapshot.sessions.at
    else { return nil }
    // A limit of 0 is a way to lock a role or database, not a limit that ran out.
    let full = sessions[keyPath: limits].filter { $0.limit > 0 && $0.used >= $0.limit }
    guard let first = full.first else { return nil }
    let others = full.count > 1 ? " (and \(full.count - 1) more)" : ""
    return Finding(
        "\(what) \"\(first.name)\" uses \(first.used) of its \(first.limit) connections\(others)",
        evidence: full.prefix(namedHolders).map {
            Evidence(.sessions, "\(what) \($0.name)", .text("\($0.used) of \($0.limit)"), at: at)
        }
    )
}

private func recogniseWALSendersFull(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.isRunning else { return nil }
    if let vitals = subject.situation.vitals, let used = vitals.walSenders, let limit = vitals.maxWALSenders,
        limit > 0, used >= limit
    {
        return Finding(
            "\(used) of \(limit) WAL senders in use",
            evidence: [
                Evidence(.vitals, "walsenders", .integer(Int64(used)), at: subject.situation.vitalsAt),
                Evidence(.vitals, "max_wal_senders", .integer(Int64(limit)), at: subject.situation.vitalsAt),
            ]
        )
    }
    if case .full(.walSenders, let message)? = subject.situation.admission?.outcome {
        return Finding(
            message,
            evidence: [Evidence(.admission, "sqlstate", "53300", at: subject.situation.admissionAt)]
        )
    }
    return nil
}

private func recogniseCannotFork(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard case .cannotFork(let message)? = subject.situation.admission?.outcome else { return nil }
    return Finding(
        message,
        evidence: [Evidence(.admission, "message", .text(message), at: subject.situation.admissionAt)]
    )
}
