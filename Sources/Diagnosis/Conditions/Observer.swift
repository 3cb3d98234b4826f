import Facts

extension Catalogue {
    /// What Howdah itself cannot see.
    static let observer: [Entry] = [
        Entry(definition: observerLockedOut, recognise: recogniseLockedOut),
        Entry(definition: privilegeMissing, recognise: recognisePrivilegeMissing),
        Entry(definition: sensorFailing, recognise: recogniseSensorFailing),
        Entry(definition: sensorStale, recognise: recogniseSensorStale),
        Entry(definition: clockSkew, recognise: recogniseClockSkew),
    ]

    private static let observerLockedOut = ConditionDefinition(
        "observer_locked_out",
        .connections,
        .warning,
        title: "The server is up and does not let Howdah in.",
        recognition: """
            A start-up attempt ends with SQLSTATE 28P01, 28000, 3D000 or 42501, or the lock file says ready while nobody \
            answers at the address that Howdah was given.
            """,
        advice: """
            Mend Howdah's own access: --postgres, --postgres-password-file, a pg_hba.conf line, CREATE ROLE … LOGIN IN \
            ROLE pg_monitor. Until then the probes keep their last answers.
            """,
        effects: [.liveness: .hold, .readiness: .hold, .readWrite: .hold, .readOnly: .hold]
    )

    private static let privilegeMissing = ConditionDefinition(
        "privilege_missing",
        .observer,
        .warning,
        title: "Howdah lacks a privilege, so that some facts are dark.",
        recognition: """
            pg_has_role() says that Howdah's role is neither superuser nor a member of pg_read_all_stats or \
            pg_read_all_settings, or the data directory may not be read.
            """,
        advice: "Grant what the message names.",
        dependsOn: ["observer_locked_out"]
    )

    private static let sensorFailing = ConditionDefinition(
        "sensor_failing",
        .observer,
        .warning,
        title: "A sensor fails although the server runs.",
        recognition: "A sensor's looks have failed for longer than window_seconds while the phase is running.",
        advice: "The evidence has the sensor's error; `howdah doctor` says what would change it.",
        dependsOn: ["observer_locked_out", "connections_full", "sessions_failing"],
        thresholds: [.init("window_seconds", 30, in: 1...86_400, "how long a sensor may fail before it is said")]
    )

    private static let sensorStale = ConditionDefinition(
        "sensor_stale",
        .observer,
        .warning,
        title: "A sensor has not finished a look for much longer than its cadence.",
        recognition: "The last look ended more than three cadences and thirty seconds ago.",
        advice: "Howdah itself is slow or stuck: is the machine out of CPU, or the data directory's storage hanging?",
        dependsOn: ["observer_locked_out"]
    )

    private static let clockSkew = ConditionDefinition(
        "clock_skew",
        .observer,
        .warning,
        title: "The server's clock differs from Howdah's.",
        recognition: "clock_timestamp() differs from the middle of the round trip by more than limit_seconds.",
        advice: "Check time synchronisation on both machines; ages and lags in seconds are off by the difference.",
        appears: 3,
        clears: 10,
        thresholds: [.init("limit_seconds", 2, in: 0.1...86_400, "the difference that counts")]
    )
}

// MARK: - Leaves

private func recogniseLockedOut(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let situation = subject.situation
    guard let outcome = situation.admission?.outcome, subject.isRunning || subject.phase == .unknown else { return nil }
    switch outcome {
    case .notAuthenticated(let sqlState, let message):
        var evidence = [Evidence(.admission, "message", .text(message), at: situation.admissionAt)]
        if let sqlState {
            evidence.insert(Evidence(.admission, "sqlstate", .text(sqlState), at: situation.admissionAt), at: 0)
        }
        return Finding(message, evidence: evidence)
    case .notAttempted(let message):
        return Finding(message, evidence: [Evidence(.admission, "message", .text(message), at: situation.admissionAt)])
    case .refused, .noSocket, .unreachable, .timedOut(.accept):
        // Where a session was open a moment ago the address is right.
        if case .timedOut = outcome, situation.addressHasWorked { return nil }
        return wrongAddress(subject, outcome)
    default:
        return nil
    }
}

/// How long the lock file may say ready before an address that does not answer is called wrong, in seconds.
private let wrongAddressSeconds = 3.0

private func wrongAddress(_ subject: Case, _ outcome: ConnectOutcome) -> Finding? {
    let situation = subject.situation
    guard subject.phase == .running, situation.vitals == nil, let lock = situation.lock, lock.status == .ready,
        situation.postmaster != nil, subject.now.seconds(since: subject.phaseSince) >= wrongAddressSeconds,
        (situation.admission?.consecutive ?? 0) >= 2
    else { return nil }
    let port = lock.port.map { "port \($0)" } ?? "an unknown port"
    let directory = lock.socketDirectory.map { ", socket directory \($0)" } ?? ""
    let listens = lock.listenAddress.map { ", listen address \($0)" } ?? ""
    return Finding(
        "\(outcome.message); the server's lock file says \(port)\(directory)\(listens)",
        evidence: [
            Evidence(.admission, "outcome", .text(outcome.kind), at: situation.admissionAt),
            Evidence(.dataDirectory, "postmaster.pid", .text("ready, \(port)\(directory)"), at: situation.directoryAt),
        ],
        advice: "Give Howdah the server's address with --postgres."
    )
}

private func recognisePrivilegeMissing(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    var missing: [String] = []
    var evidence: [Evidence] = []
    if let identity = subject.snapshot.identity.last, subject.isRunning {
        let role = identity.value.role
        if !identity.value.canReadAllStats {
            missing.append("GRANT pg_read_all_stats TO \"\(role)\"")
            evidence.append(Evidence(.vitals, "pg_has_role pg_read_all_stats", false, at: identity.at))
        }
        if !identity.value.canReadAllSettings {
            missing.append("GRANT pg_read_all_settings TO \"\(role)\"")
            evidence.append(Evidence(.vitals, "pg_has_role pg_read_all_settings", false, at: identity.at))
        }
        if missing.count == 2 { missing = ["GRANT pg_monitor TO \"\(role)\""] }
    }
    for (source, failure) in [
        (SensorID.dataDirectory, subject.snapshot.dataDirectory.failure),
        (.processes, subject.snapshot.processes.failure),
    ] {
        guard let failure, failure.kind == .notPermitted else { continue }
        missing.append(failure.message)
        evidence.append(Evidence(source, "error", .text(failure.message), at: subject.now))
    }
    guard !missing.isEmpty else { return nil }
    return Finding("missing: " + missing.joined(separator: "; "), evidence: evidence)
}

private func recogniseSensorFailing(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.isRunning else { return nil }
    let window = subject.policy.threshold(definition, "window_seconds")
    var failing: [(SensorStatus, Failure)] = []
    for status in subject.snapshot.sensors {
        guard case .failing(let failure) = status.condition, failure.kind != .notPermitted,
            let since = status.failingSince, subject.now.seconds(since: since) >= window
        else { continue }
        failing.append((status, failure))
    }
    if subject.situation.directoryIsForeign {
        let message = "the data directory belongs to another cluster: its system identifier is not the server's"
        return Finding(
            message,
            evidence: [
                Evidence(.dataDirectory, "system_identifier", .text(message), at: subject.situation.directoryAt)
            ],
            advice: "Point --data-directory at the directory of the server that --postgres names."
        )
    }
    guard let (worst, failure) = failing.first else { return nil }
    let others = failing.count > 1 ? " (and \(failing.count - 1) more)" : ""
    return Finding(
        "\(worst.id.rawValue): \(failure.message)\(others)",
        evidence: failing.map { status, failure in
            Evidence(status.id, "error", .text(failure.message), at: status.lastAt ?? subject.now)
        }
    )
}

private func recogniseSensorStale(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let stale = subject.snapshot.sensors.filter { status in
        guard let lastAt = status.lastAt else { return false }
        if case .absent = status.condition { return false }
        return subject.now.seconds(since: lastAt) > 3 * status.cadenceSeconds + 30
    }
    guard let worst = stale.first, let lastAt = worst.lastAt else { return nil }
    let age = formatDuration(seconds: subject.now.seconds(since: lastAt))
    return Finding(
        "\(worst.id.rawValue) last finished \(age) ago",
        evidence: stale.map {
            Evidence($0.id, "last look", .text($0.lastAt?.rfc3339 ?? ""), at: $0.lastAt ?? subject.now)
        }
    )
}

private func recogniseClockSkew(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard let vitals = subject.situation.vitals, let server = vitals.serverClock, let local = vitals.localClock
    else { return nil }
    let skew = server - local
    guard abs(skew) > subject.policy.threshold(definition, "limit_seconds") else { return nil }
    let direction = skew > 0 ? "ahead of" : "behind"
    return Finding(
        "the server's clock is \(formatDuration(seconds: abs(skew))) \(direction) Howdah's",
        evidence: [
            Evidence(.vitals, "clock_timestamp", .real(server), at: subject.situation.vitalsAt),
            Evidence(.vitals, "local clock", .real(local), at: subject.situation.vitalsAt),
        ]
    )
}
