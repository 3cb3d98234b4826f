/// The server's vital signs by SQL: one cheap round trip, every second.
///
/// Unknown is nil, never 0.
public struct Vitals: Sendable, Hashable {
    /// `pg_is_in_recovery()`.
    public var inRecovery: Bool?
    /// The timeline: of `pg_walfile_name(pg_current_wal_lsn())` on a primary, of the checkpoint or the receiver on a standby.
    public var timeline: UInt32?
    /// `pg_current_wal_lsn()`; nil on a standby.
    public var currentLSN: LSN?
    /// `pg_last_wal_receive_lsn()`; nil on a primary and where nothing was streamed.
    public var receiveLSN: LSN?
    /// `pg_last_wal_replay_lsn()`; nil on a primary.
    public var replayLSN: LSN?
    /// `pg_get_wal_replay_pause_state()` (14 and later): `not paused`, `pause requested`, `paused`; nil on a primary.
    public var replayPauseState: String?
    /// `pg_last_xact_replay_timestamp()`, Unix seconds; nil on a primary or where nothing was replayed.
    public var lastReplayedTransactionAt: Double?
    /// Whether `pg_stat_wal_receiver` has a row; nil on a primary.
    public var hasWALReceiver: Bool?
    /// `status` of `pg_stat_wal_receiver`, such as `streaming`; nil without a receiver or without `pg_read_all_stats`.
    public var walReceiverStatus: String?
    /// `pg_postmaster_start_time()`, Unix seconds.
    public var postmasterStartedAt: Double?
    /// `pg_conf_load_time()`, Unix seconds.
    public var configurationLoadedAt: Double?
    /// `clock_timestamp()` of the server, Unix seconds.
    public var serverClock: Double?
    /// The middle of the round trip on our own wall clock, Unix seconds; compared with `serverClock`.
    public var localClock: Double?
    /// Sessions of `backend_type = 'client backend'` in `pg_stat_activity`, Howdah's own included.
    public var clientBackends: Int?
    /// Client backends by `state`; the empty string where the role may not see it.
    public var clientBackendsByState: [String: Int] = [:]
    /// Rows of `backend_type = 'walsender'`.
    public var walSenders: Int?
    /// `max_connections`.
    public var maxConnections: Int?
    /// `superuser_reserved_connections`.
    public var superuserReserved: Int?
    /// `reserved_connections` (16 and later); 0 before.
    public var reserved: Int?
    /// `max_wal_senders`.
    public var maxWALSenders: Int?
    /// `recovery_min_apply_delay` in milliseconds.
    public var recoveryMinApplyDelay: Int?
    /// Seconds that the round trip took, as measured here.
    public var roundTripSeconds: Double?

    /// Nothing known yet.
    public init() {}

    /// Slots that an ordinary role can use: `max_connections` less both reserves.
    ///
    /// Autovacuum and workers have their own.
    public var ordinarySlots: Int? {
        guard let maxConnections, let superuserReserved, let reserved else { return nil }
        return max(0, maxConnections - superuserReserved - reserved)
    }
}
