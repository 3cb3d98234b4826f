import Diagnosis
import Facts

/// Positions in the WAL and the progress of a recovery.
let recoveryFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_recovery_position_bytes",
        unit: .bytes,
        "How far a recovery that is under way has come, as a WAL position."
    ) { $0.recovery.map { Double($0.position.bytes) } },
    MetricFamily(
        "howdah_recovery_end_bytes",
        unit: .bytes,
        "Where a recovery that is under way will end, as a WAL position; absent where not known."
    ) { $0.recovery?.end.map { Double($0.bytes) } },
    MetricFamily(
        "howdah_recovery_done_ratio",
        unit: .ratio,
        "The share of a recovery that is done; absent where its end is not known."
    ) { $0.recovery?.share },
    MetricFamily(
        "howdah_recovery_bytes_per_second",
        "Bytes of WAL that a recovery replays in a second, over the last minute."
    ) { $0.recovery?.bytesPerSecond },
    MetricFamily(
        "howdah_recovery_left_seconds",
        unit: .seconds,
        "Time that a recovery needs at its present rate; absent where not known."
    ) { $0.recovery?.secondsLeft },
    MetricFamily(
        "howdah_recovery_advanced_timestamp_seconds",
        unit: .seconds,
        "When a recovery that is under way last advanced."
    ) { $0.recovery?.advancedAt.timestamp },
    MetricFamily(
        "howdah_wal_position_bytes",
        unit: .bytes,
        labels: [MetricLabel("position", "3 values")],
        "WAL positions by SQL: written (primary), received and replayed (standby)."
    ) { sources in
        let vitals = sources.vitals
        let positions = [
            ("written", vitals?.currentLSN), ("received", vitals?.receiveLSN), ("replayed", vitals?.replayLSN),
        ]
        return positions.compactMap { name, position in position.map { MetricSample(Double($0.bytes), name) } }
    },
    MetricFamily("howdah_replay_paused", "1 while replay is paused on a standby.") { sources in
        sources.vitals?.replayPauseState.map { ($0 == "paused").asSample }
    },
    MetricFamily(
        "howdah_replayed_transaction_timestamp_seconds",
        unit: .seconds,
        "When the transaction that was replayed last had been committed (pg_last_xact_replay_timestamp)."
    ) { $0.vitals?.lastReplayedTransactionAt },
]

extension MetricSources {
    fileprivate var recovery: RecoveryProgress? { published.verdict.recovery }
}
