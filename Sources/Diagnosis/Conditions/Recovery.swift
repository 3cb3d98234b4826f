import Facts

extension Catalogue {
    /// Recovery, pauses, crash loops, shutdown.
    static let recovery: [Entry] = [
        Entry(definition: inRecovery, recognise: recogniseInRecovery),
        Entry(definition: recoveryStalled, recognise: recogniseRecoveryStalled),
        Entry(definition: hotStandbyBlocked, recognise: recogniseHotStandbyBlocked),
        Entry(definition: replayPausedSettings, recognise: recogniseReplayPausedSettings),
        Entry(definition: replayPaused, recognise: recogniseReplayPaused),
        Entry(definition: replayDelayedByDesign, recognise: recogniseReplayDelayed),
        Entry(definition: reinitializationLoop, recognise: recogniseReinitializationLoop),
        Entry(definition: shutdownStuck, recognise: recogniseShutdownStuck),
    ]

    private static let inRecovery = ConditionDefinition(
        "in_recovery",
        .recovery,
        .info,
        title: "The server replays WAL before it accepts sessions.",
        recognition: """
            The phase is crash_recovery or archive_recovery. Progress comes from the start-up process's title, from \
            minRecoveryPoint of pg_control and, on a hot standby, from SQL.
            """,
        advice: "Wait. A restart begins crash recovery again from the last checkpoint."
    )

    private static let recoveryStalled = ConditionDefinition(
        "recovery_stalled",
        .recovery,
        .critical,
        title: "Recovery has not advanced for a while.",
        recognition: """
            No source (process title, pg_control, SQL) has seen the recovery position advance within window_seconds.
            """,
        advice: """
            Look at the start-up process: is it in state D (storage), T (stopped), or waiting for WAL that an archive or \
            primary does not deliver (restore_command, primary_conninfo)? The server's log says what it asks for. Do not \
            restart a recovery that may still move.
            """,
        thresholds: [.init("window_seconds", 300, in: 1...86_400, "how long without an advance counts as stalled")]
    )

    private static let hotStandbyBlocked = ConditionDefinition(
        "hot_standby_blocked",
        .recovery,
        .critical,
        title: "The standby cannot open for reads: a transaction on the primary has too many subtransactions.",
        recognition: """
            SQLSTATE 57P03 "not yet accepting connections" with DETAIL "Recovery snapshot is not yet ready for hot \
            standby." Servers whose texts do not say so show as archive_recovery.
            """,
        advice: "The cure is on the primary: end or finish write transactions with more than 64 subtransactions.",
        effects: [.readOnly: .fail]
    )

    private static let replayPausedSettings = ConditionDefinition(
        "replay_paused_settings",
        .recovery,
        .critical,
        title: "Replay has paused because a setting is lower here than on the primary.",
        recognition: """
            pg_get_wal_replay_pause_state() says paused (14 and later), and one of max_connections, max_worker_processes, \
            max_wal_senders, max_prepared_transactions, max_locks_per_transaction is lower than pg_control's record of \
            the primary's.
            """,
        advice: """
            Raise the named setting on this standby to at least the primary's value and restart it. Resuming replay \
            without that shuts the standby down.
            """
    )

    private static let replayPaused = ConditionDefinition(
        "replay_paused",
        .recovery,
        .warning,
        title: "Replay is paused: the standby receives WAL and does not apply it.",
        recognition: "pg_get_wal_replay_pause_state() (14 and later) says \"paused\" or \"pause requested\".",
        advice: "If nobody needs the pause any more: SELECT pg_wal_replay_resume().",
        dependsOn: ["replay_paused_settings"]
    )

    private static let replayDelayedByDesign = ConditionDefinition(
        "replay_delayed_by_design",
        .recovery,
        .info,
        title: "The standby applies commits late on purpose.",
        recognition: "recovery_min_apply_delay is greater than 0 on a server that is in recovery.",
        advice: "Nothing to do. Expect reads here to be as old as the delay."
    )

    private static let reinitializationLoop = ConditionDefinition(
        "reinitialization_loop",
        .recovery,
        .critical,
        title: "Backends crash again and again; each crash ends every session.",
        recognition: "The phase became reinitializing at least `count` times within window_seconds.",
        advice: """
            The server's log names the process and the signal: 9 is usually the kernel's out-of-memory killer (see dmesg \
            and memory.events), 11 a bug in the server or an extension. If Postgres is process 1 of a container, probes \
            that leave orphans behind can be the cause.
            """,
        thresholds: [
            .init("count", 3, in: 2...50, "how many crashes count as a loop"),
            .init("window_seconds", 600, in: 10...86_400, "within how long"),
        ]
    )

    private static let shutdownStuck = ConditionDefinition(
        "shutdown_stuck",
        .recovery,
        .critical,
        title: "The shutdown does not end.",
        recognition: "The phase has been stopping for longer than window_seconds.",
        advice: """
            A smart shutdown waits for every session: ask for a fast one (pg_ctl stop -m fast). A fast one can wait for a \
            WAL sender whose receiver does not confirm, for the archiver, or for the shutdown checkpoint.
            """,
        thresholds: [.init("window_seconds", 60, in: 1...86_400, "how long a shutdown may take")]
    )
}

// MARK: - Leaves

private func recogniseInRecovery(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.phase == .crashRecovery || subject.phase == .archiveRecovery else { return nil }
    guard let progress = subject.recovery else {
        return Finding(
            "\(subject.phase.words), position unknown",
            evidence: [Evidence(.admission, "phase", .text(subject.phase.rawValue), at: subject.now)]
        )
    }
    return Finding(progressWords(progress, now: subject.now), evidence: [progressEvidence(progress)])
}

private func progressWords(_ progress: RecoveryProgress, now: Moment) -> String {
    var words = "replayed up to \(progress.position)"
    if let rate = progress.bytesPerSecond { words += ", \(formatBytes(rate))/s" }
    if let share = progress.share { words += ", \(Int(share * 100)) % done" }
    if let left = progress.secondsLeft { words += ", about \(formatDuration(seconds: left)) left" }
    if progress.end == nil { words += ", end not known" }
    return words
}

private func progressEvidence(_ progress: RecoveryProgress) -> Evidence {
    let source: SensorID =
        switch progress.source {
        case "replay_lsn": .vitals
        case "process_title": .processes
        default: .dataDirectory
        }
    return Evidence(source, "recovery position", .text(progress.position.description), at: progress.advancedAt)
}

private func recogniseRecoveryStalled(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.phase == .crashRecovery || subject.phase == .archiveRecovery, let progress = subject.recovery
    else { return nil }
    let still = subject.now.seconds(since: progress.advancedAt)
    guard still >= subject.policy.threshold(definition, "window_seconds") else { return nil }
    var evidence = [progressEvidence(progress)]
    let processes = subject.situation.processes
    if processes?.stopped["startup"] != nil {
        evidence.append(Evidence(.processes, "startup process state", "T", at: subject.situation.processesAt))
    } else if processes?.uninterruptible["startup"] != nil {
        evidence.append(Evidence(.processes, "startup process state", "D", at: subject.situation.processesAt))
    }
    if let title = processes?.startupTitle {
        evidence.append(Evidence(.processes, "startup process", .text(title), at: subject.situation.processesAt))
    }
    return Finding("at \(progress.position) for \(formatDuration(seconds: still))", evidence: evidence)
}

private func recogniseHotStandbyBlocked(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard case .rejected(.notYetAccepting(.snapshotNotReady), let message)? = subject.situation.admission?.outcome
    else { return nil }
    return Finding(
        message,
        evidence: [Evidence(.admission, "message", .text(message), at: subject.situation.admissionAt)]
    )
}

/// The five settings that a standby must not have lower than its primary.
private func settingsBelowPrimary(_ subject: Case) -> [(name: String, here: Int, primary: Int)] {
    guard let control = subject.situation.control, let identity = subject.snapshot.identity.last?.value else {
        return []
    }
    let primary: [(String, Int32)] = [
        ("max_connections", control.maxConnections), ("max_worker_processes", control.maxWorkerProcesses),
        ("max_wal_senders", control.maxWALSenders), ("max_prepared_transactions", control.maxPreparedTransactions),
        ("max_locks_per_transaction", control.maxLocksPerTransaction),
    ]
    return primary.compactMap { name, value in
        guard let here = identity.number(name), here < Int(value) else { return nil }
        return (name, here, Int(value))
    }
}

private func isPaused(_ subject: Case) -> Bool {
    let state = subject.situation.vitals?.replayPauseState
    return state == "paused" || state == "pause requested"
}

private func pauseEvidence(_ subject: Case) -> Evidence {
    let state = subject.situation.vitals?.replayPauseState ?? ""
    return Evidence(.vitals, "pg_get_wal_replay_pause_state", .text(state), at: subject.situation.vitalsAt)
}

private func recogniseReplayPausedSettings(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let low = settingsBelowPrimary(subject)
    guard isPaused(subject), let first = low.first else { return nil }
    let others = low.count > 1 ? " (and \(low.count - 1) more)" : ""
    return Finding(
        "replay is paused because \(first.name) = \(first.here) is lower than the primary's \(first.primary)\(others)",
        evidence: [pauseEvidence(subject)]
            + low.map {
                Evidence(
                    .dataDirectory,
                    "pg_control \($0.name)",
                    .text("\($0.primary), here \($0.here)"),
                    at: subject.situation.directoryAt
                )
            }
    )
}

private func recogniseReplayPaused(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard isPaused(subject), let vitals = subject.situation.vitals else { return nil }
    var message = "replay is \(vitals.replayPauseState ?? "paused")"
    var evidence = [pauseEvidence(subject)]
    if let replayed = vitals.replayLSN {
        message += " at \(replayed)"
        evidence.append(
            Evidence(.vitals, "pg_last_wal_replay_lsn", .text(replayed.description), at: subject.situation.vitalsAt)
        )
        if let received = vitals.receiveLSN, received > replayed {
            message += ", \(formatBytes(Double(received.distance(from: replayed)))) received and not applied"
        }
    }
    return Finding(message, evidence: evidence)
}

private func recogniseReplayDelayed(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard let vitals = subject.situation.vitals, vitals.inRecovery == true, let delay = vitals.recoveryMinApplyDelay,
        delay > 0
    else { return nil }
    return Finding(
        "commits are applied \(formatDuration(seconds: Double(delay) / 1000)) late, as configured",
        evidence: [
            Evidence(.vitals, "recovery_min_apply_delay", .text("\(delay) ms"), at: subject.situation.vitalsAt)
        ]
    )
}

private func recogniseReinitializationLoop(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    let window = subject.policy.threshold(definition, "window_seconds")
    let recent = subject.memory.reinitializations.filter { subject.now.seconds(since: $0) <= window }
    guard Double(recent.count) >= subject.policy.threshold(definition, "count") else { return nil }
    return Finding(
        "\(recent.count) crashes of backends in the last \(formatDuration(seconds: window))",
        evidence: recent.suffix(5).map { Evidence(.vitals, "reinitializing", .text($0.rfc3339), at: $0) }
    )
}

private func recogniseShutdownStuck(_ subject: Case, _ definition: ConditionDefinition) -> Finding? {
    guard subject.phase == .stopping else { return nil }
    let lasted = subject.now.seconds(since: subject.phaseSince)
    guard lasted >= subject.policy.threshold(definition, "window_seconds") else { return nil }
    var message = "shutting down for \(formatDuration(seconds: lasted))"
    let titles = subject.situation.processes?.holdingTitles ?? []
    if !titles.isEmpty { message += "; \(titles.count) processes hold on: \(titles.prefix(3).joined(separator: ", "))" }
    var evidence = [Evidence(.admission, "stopping since", .text(subject.phaseSince.rfc3339), at: subject.phaseSince)]
    evidence += titles.prefix(5).map { Evidence(.processes, "holds on", .text($0), at: subject.situation.processesAt) }
    return Finding(message, evidence: evidence)
}
