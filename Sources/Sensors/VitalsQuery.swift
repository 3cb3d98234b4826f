internal import Facts
internal import PostgresLink

/// The server's vital signs as one statement: about 0.1 ms of server time.
///
/// One pass over `pg_stat_activity` (its joins fall away, since none of their columns is used) and functions that read
/// shared memory; only on a standby without a receiver does it read pg_control.
enum VitalsQuery {
    /// Sessions that occupy an ordinary slot, as far as the role can tell.
    ///
    /// Without `pg_read_all_stats` the server hides `backend_type` of other roles' sessions. What is hidden, is in a database
    /// and has a user is nearly always a client backend (else a parallel worker or a logical WAL sender).
    static let isClientBackend =
        "(backend_type = 'client backend' OR backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL)"

    /// The statement: the scalars are the same in every row, the rows differ in `backend_type` and `state`.
    ///
    /// `OFFSET 0` keeps `pg_is_in_recovery()` a single call, so that all of the CASEs agree. At the instant of a promotion
    /// a recovery function can still find the recovery over and raise 55000: then ask again.
    static let statement = Statement(
        name: "howdah_vitals",
        sql: """
            SELECT v.*, a.backend_type, a.state, a.sessions FROM (
                SELECT r.standby,
                    CASE WHEN NOT r.standby THEN pg_current_wal_lsn() END AS current_lsn,
                    CASE WHEN NOT r.standby THEN pg_walfile_name(pg_current_wal_lsn()) END AS current_segment,
                    CASE WHEN r.standby THEN pg_last_wal_receive_lsn() END AS receive_lsn,
                    CASE WHEN r.standby THEN pg_last_wal_replay_lsn() END AS replay_lsn,
                    CASE WHEN r.standby THEN pg_get_wal_replay_pause_state() END AS pause_state,
                    CASE WHEN r.standby THEN extract(epoch FROM pg_last_xact_replay_timestamp()) END AS last_replayed,
                    CASE WHEN r.standby THEN coalesce(
                        (SELECT received_tli FROM pg_stat_wal_receiver),
                        (SELECT timeline_id FROM pg_control_checkpoint())
                    ) END AS standby_timeline,
                    CASE WHEN r.standby THEN EXISTS (SELECT FROM pg_stat_wal_receiver) END AS has_receiver,
                    CASE WHEN r.standby THEN (SELECT status FROM pg_stat_wal_receiver) END AS receiver_status,
                    CASE WHEN r.standby THEN
                        extract(epoch FROM current_setting('recovery_min_apply_delay')::interval) * 1000
                    END AS apply_delay,
                    extract(epoch FROM pg_postmaster_start_time()) AS started,
                    extract(epoch FROM pg_conf_load_time()) AS loaded,
                    extract(epoch FROM clock_timestamp()) AS clock
                FROM (SELECT pg_is_in_recovery() AS standby OFFSET 0) AS r OFFSET 0
            ) AS v CROSS JOIN (
                SELECT coalesce(backend_type, 'client backend') AS backend_type, coalesce(state, '') AS state,
                    count(*) AS sessions
                FROM pg_stat_activity WHERE backend_type = 'walsender' OR \(isClientBackend)
                GROUP BY 1, 2
            ) AS a
            """
    )

    /// What the rows say, with what the identity knows of the slots.
    static func read(_ rows: Rows, identity: ServerIdentity?) -> Vitals {
        var vitals = Vitals()
        guard let row = rows.first else { return vitals }
        readPositions(row, into: &vitals)
        vitals.postmasterStartedAt = row.real("started")
        vitals.configurationLoadedAt = row.real("loaded")
        vitals.serverClock = row.real("clock")
        readSessions(rows, into: &vitals, identity: identity)
        if let identity { readSlots(identity, into: &vitals) }
        return vitals
    }

    private static func readPositions(_ row: Row, into vitals: inout Vitals) {
        vitals.inRecovery = row.bool("standby")
        vitals.currentLSN = row["current_lsn"].flatMap { LSN($0) }
        vitals.receiveLSN = row["receive_lsn"].flatMap { LSN($0) }
        vitals.replayLSN = row["replay_lsn"].flatMap { LSN($0) }
        vitals.replayPauseState = row["pause_state"]
        vitals.lastReplayedTransactionAt = row.real("last_replayed")
        vitals.timeline =
            row["current_segment"].flatMap { WALSegment($0)?.timeline }
            ?? row.integer("standby_timeline").flatMap { UInt32(exactly: $0) }
        vitals.hasWALReceiver = row.bool("has_receiver")
        vitals.walReceiverStatus = row["receiver_status"]
        vitals.recoveryMinApplyDelay = row.real("apply_delay").map { Int($0) }
    }

    private static func readSessions(_ rows: Rows, into vitals: inout Vitals, identity: ServerIdentity?) {
        var (clients, walSenders) = (0, 0)
        for row in rows.all {
            let count = row.integer("sessions") ?? 0
            guard row["backend_type"] == "client backend" else {
                walSenders += count
                continue
            }
            clients += count
            vitals.clientBackendsByState[row["state"] ?? "", default: 0] += count
        }
        vitals.clientBackends = clients
        // Other roles' WAL senders are hidden from a role without the privilege: then their number is unknown, not 0.
        vitals.walSenders = identity?.canReadAllStats == true ? walSenders : nil
    }

    /// Only a restart of the server changes these, and that ends the session: the identity's values hold.
    private static func readSlots(_ identity: ServerIdentity, into vitals: inout Vitals) {
        vitals.maxConnections = identity.number("max_connections")
        vitals.superuserReserved = identity.number("superuser_reserved_connections")
        vitals.reserved = identity.number("reserved_connections") ?? (identity.majorVersion < 16 ? 0 : nil)
        vitals.maxWALSenders = identity.number("max_wal_senders")
        vitals.recoveryMinApplyDelay = vitals.recoveryMinApplyDelay ?? identity.number("recovery_min_apply_delay")
    }
}
