internal import Facts
internal import PostgresLink

/// Who holds the slots, as two statements that are fit for the simple protocol, too; no query texts.
enum SessionsQuery {
    /// How many roles and databases with a connection limit are listed.
    static let limitedLimit = 100

    /// The groups, most numerous first, each beside the totals.
    ///
    /// Our own session counts as a holder, but not for the ages: its transaction is this query.
    static let groups = Statement(
        name: "howdah_sessions",
        sql: """
            WITH client AS MATERIALIZED (
                SELECT datname, usename, application_name, host(client_addr) AS client_addr, state, wait_event_type,
                    wait_event, xact_start, query_start, state_change, pid = pg_backend_pid() AS own
                FROM pg_stat_activity WHERE \(VitalsQuery.isClientBackend)
            ), total AS (
                SELECT count(*) AS client_backends,
                    extract(epoch FROM clock_timestamp() - min(xact_start) FILTER (WHERE NOT own))
                        AS oldest_transaction,
                    extract(epoch FROM clock_timestamp()
                        - min(query_start) FILTER (WHERE NOT own AND state = 'active')) AS oldest_query,
                    extract(epoch FROM clock_timestamp()
                        - min(state_change) FILTER (WHERE state LIKE 'idle in transaction%')) AS longest_idle
                FROM client
            ), grouped AS (
                SELECT datname, usename, application_name, client_addr, state, wait_event_type, wait_event,
                    count(*) AS sessions
                FROM client GROUP BY 1, 2, 3, 4, 5, 6, 7
                ORDER BY count(*) DESC, 1, 2, 3, 4, 5, 6, 7 LIMIT \(Sessions.groupLimit)
            )
            SELECT * FROM total LEFT JOIN grouped ON true
            """
    )

    /// Roles and databases with a connection limit, the fullest first.
    static let limits = Statement(
        name: "howdah_limits",
        sql: """
            WITH client AS MATERIALIZED (
                SELECT datid, usesysid FROM pg_stat_activity WHERE \(VitalsQuery.isClientBackend)
            )
            (SELECT 'role' AS kind, rolname AS name, rolconnlimit AS allowed,
                (SELECT count(*) FROM client WHERE usesysid = pg_roles.oid) AS used
            FROM pg_roles WHERE rolconnlimit >= 0 ORDER BY used DESC, name LIMIT \(limitedLimit))
            UNION ALL
            (SELECT 'database', datname, datconnlimit,
                (SELECT count(*) FROM client WHERE datid = pg_database.oid) AS used
            FROM pg_database WHERE datconnlimit >= 0 ORDER BY used DESC, datname LIMIT \(limitedLimit))
            """
    )

    /// What the rows of both statements say.
    static func read(groups: Rows, limits: Rows?) -> Sessions {
        var sessions = Sessions()
        let total = groups.first
        sessions.clientBackends = total?.integer("client_backends") ?? 0
        sessions.oldestTransactionSeconds = total?.real("oldest_transaction").map { max(0, $0) }
        sessions.oldestQuerySeconds = total?.real("oldest_query").map { max(0, $0) }
        sessions.longestIdleInTransactionSeconds = total?.real("longest_idle").map { max(0, $0) }
        sessions.groups = groups.all.compactMap(group)
        let listed = sessions.groups.reduce(0) { $0 + $1.count }
        sessions.sessionsInOtherGroups = max(0, sessions.clientBackends - listed)
        for row in limits?.all ?? [] {
            guard let name = row["name"], let limit = row.integer("allowed"), let used = row.integer("used") else {
                continue
            }
            let entry = ConnectionLimit(name: name, limit: limit, used: used)
            if row["kind"] == "role" {
                sessions.limitedRoles.append(entry)
            } else {
                sessions.limitedDatabases.append(entry)
            }
        }
        return sessions
    }

    private static func group(_ row: Row) -> SessionGroup? {
        guard let count = row.integer("sessions") else { return nil }
        var group = SessionGroup()
        group.database = row["datname"] ?? ""
        group.user = row["usename"] ?? ""
        group.application = row["application_name"] ?? ""
        group.clientAddress = row["client_addr"] ?? ""
        group.state = row["state"] ?? ""
        group.waitEventType = row["wait_event_type"] ?? ""
        group.waitEvent = row["wait_event"] ?? ""
        group.count = count
        return group
    }
}
