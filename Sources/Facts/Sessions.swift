/// Who holds the slots, from `pg_stat_activity`, `pg_roles` and `pg_database`.
public struct Sessions: Sendable, Hashable {
    /// Client backends grouped by everything that tells holders apart, most numerous first; at most `groupLimit`.
    public var groups: [SessionGroup] = []
    /// Sessions in groups past the limit.
    public var sessionsInOtherGroups = 0
    /// All client backends.
    public var clientBackends = 0
    /// Roles with a connection limit (`rolconnlimit` ≥ 0) and how much of it is in use; at most 100.
    public var limitedRoles: [ConnectionLimit] = []
    /// Databases with a connection limit (`datconnlimit` ≥ 0) and how much of it is in use; at most 100.
    public var limitedDatabases: [ConnectionLimit] = []
    /// Seconds since the oldest open transaction began (`xact_start`); nil if none is open.
    public var oldestTransactionSeconds: Double?
    /// Seconds since the oldest running query began (`query_start`, state `active`); nil if none runs.
    public var oldestQuerySeconds: Double?
    /// Seconds that the longest `idle in transaction` has lasted (`state_change`); nil if there is none.
    public var longestIdleInTransactionSeconds: Double?
    /// Whether another way than the held session was used: `wal_sender`.
    public var throughWALSender = false

    /// How many groups are kept apart.
    public static let groupLimit = 200

    /// No sessions.
    public init() {}
}

/// Sessions that look alike, as one row of table `session_counts`.
public struct SessionGroup: Sendable, Hashable {
    /// `datname`.
    public var database = ""
    /// `usename`.
    public var user = ""
    /// `application_name`.
    public var application = ""
    /// `client_addr`; the empty string for the Unix socket.
    public var clientAddress = ""
    /// `state`.
    public var state = ""
    /// `wait_event_type`.
    public var waitEventType = ""
    /// `wait_event`.
    public var waitEvent = ""
    /// How many sessions.
    public var count = 0

    /// An empty group.
    public init() {}
}

/// A connection limit of a role or a database and its use.
public struct ConnectionLimit: Sendable, Hashable {
    /// The role's or database's name.
    public var name: String
    /// `rolconnlimit` or `datconnlimit`.
    public var limit: Int
    /// Client backends that count against it.
    public var used: Int

    /// Describes a limit and its use.
    public init(name: String, limit: Int, used: Int) {
        self.name = name
        self.limit = limit
        self.used = used
    }
}
