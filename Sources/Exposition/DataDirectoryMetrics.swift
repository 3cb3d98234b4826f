import Facts

/// What `pg_control` and the signal files say, also while the server is down.
let dataDirectoryFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_control_state",
        labels: [MetricLabel("state", "7 values and other")],
        "The cluster's state in pg_control: 1 for the present one. In production does not mean that a process lives."
    ) { sources in
        guard let control = sources.control else { return [] }
        let names = clusterStates.map(\.description)
        let present = names.contains(control.state.description) ? control.state.description : otherBucket
        return (names + [otherBucket]).map { MetricSample(($0 == present).asSample, $0) }
    },
    MetricFamily("howdah_control_checkpoint_bytes", unit: .bytes, "Position of the latest checkpoint, from pg_control.")
    {
        $0.control.map { Double($0.checkpoint.bytes) }
    },
    MetricFamily("howdah_control_redo_bytes", unit: .bytes, "Where a recovery would begin, from pg_control.") {
        $0.control.map { Double($0.redo.bytes) }
    },
    MetricFamily(
        "howdah_control_minimum_recovery_bytes",
        unit: .bytes,
        "Where a recovery becomes consistent (minRecoveryPoint), from pg_control; absent on a primary."
    ) { $0.control.flatMap { $0.minRecoveryPoint.isValid ? Double($0.minRecoveryPoint.bytes) : nil } },
    MetricFamily(
        "howdah_control_checkpoint_timestamp_seconds",
        unit: .seconds,
        "When the latest checkpoint began, from pg_control."
    ) { $0.control.map { Double($0.checkpointAt) } },
    MetricFamily("howdah_control_written_timestamp_seconds", unit: .seconds, "When pg_control was written last.") {
        $0.control.map { Double($0.writtenAt) }
    },
    MetricFamily("howdah_control_timeline", "The timeline of the latest checkpoint, from pg_control.") {
        $0.control.map { Double($0.timeline) }
    },
    MetricFamily("howdah_control_data_checksums", "1 where the cluster has data checksums, from pg_control.") {
        $0.control.map { ($0.dataChecksumVersion != 0).asSample }
    },
    MetricFamily(
        "howdah_data_directory_file",
        labels: [MetricLabel("file", "5 values")],
        "1 where the data directory has the file: postmaster.pid, standby.signal, recovery.signal, backup_label, promote."
    ) { sources in
        guard let directory = sources.dataDirectory else { return [] }
        let hasLock = if case .absent = directory.lockFile { false } else { true }
        return [
            MetricSample(hasLock.asSample, "postmaster.pid"),
            MetricSample(directory.hasStandbySignal.asSample, "standby.signal"),
            MetricSample(directory.hasRecoverySignal.asSample, "recovery.signal"),
            MetricSample(directory.hasBackupLabel.asSample, "backup_label"),
            MetricSample(directory.hasPromoteSignal.asSample, "promote"),
        ]
    },
]

private let clusterStates: [ControlFile.ClusterState] = [
    .startingUp, .shutDown, .shutDownInRecovery, .shuttingDown, .inCrashRecovery, .inArchiveRecovery, .inProduction,
]

extension MetricSources {
    fileprivate var dataDirectory: DataDirectory? {
        let snapshot = published.snapshot
        return snapshot.current(snapshot.dataDirectory, of: .dataDirectory, at: now)
    }

    fileprivate var control: ControlFile? {
        if case .present(let control)? = dataDirectory?.control { control } else { nil }
    }
}
