import Facts

/// How many databases, users and applications get a series of their own.
private let holderLimit = 20
/// How many roles and databases with a connection limit get series of their own.
private let limitedLimit = 20

private let boundOfHolders = "the \(holderLimit) most numerous and other"
private let boundOfLimited = "the \(limitedLimit) most used and other"

/// Who holds the slots, from `pg_stat_activity`; while all slots are taken through a WAL sender's session.
let sessionFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_sessions_by_database",
        labels: [MetricLabel("database", boundOfHolders)],
        "Client backends by database."
    ) { $0.holders(by: \.database) },
    MetricFamily(
        "howdah_sessions_by_user",
        labels: [MetricLabel("user", boundOfHolders)],
        "Client backends by role."
    ) { $0.holders(by: \.user) },
    MetricFamily(
        "howdah_sessions_by_application",
        labels: [MetricLabel("application", boundOfHolders)],
        "Client backends by application_name."
    ) { $0.holders(by: \.application) },
    MetricFamily(
        "howdah_sessions_oldest_transaction_seconds",
        unit: .seconds,
        "Age of the oldest open transaction; absent if none is open."
    ) { $0.sessions?.oldestTransactionSeconds },
    MetricFamily(
        "howdah_sessions_oldest_query_seconds",
        unit: .seconds,
        "Age of the oldest running query; absent if none runs."
    ) { $0.sessions?.oldestQuerySeconds },
    MetricFamily(
        "howdah_sessions_longest_idle_in_transaction_seconds",
        unit: .seconds,
        "How long the longest idle in transaction has lasted; absent if there is none."
    ) { $0.sessions?.longestIdleInTransactionSeconds },
    MetricFamily(
        "howdah_role_connections_used",
        labels: [MetricLabel("user", boundOfLimited)],
        "Client backends of a role that has a connection limit."
    ) { limited($0.sessions?.limitedRoles, \.used) },
    MetricFamily(
        "howdah_role_connections_maximum",
        labels: [MetricLabel("user", boundOfLimited)],
        "The connection limit of a role that has one (rolconnlimit)."
    ) { limited($0.sessions?.limitedRoles, \.limit) },
    MetricFamily(
        "howdah_database_connections_used",
        labels: [MetricLabel("database", boundOfLimited)],
        "Client backends of a database that has a connection limit."
    ) { limited($0.sessions?.limitedDatabases, \.used) },
    MetricFamily(
        "howdah_database_connections_maximum",
        labels: [MetricLabel("database", boundOfLimited)],
        "The connection limit of a database that has one (datconnlimit)."
    ) { limited($0.sessions?.limitedDatabases, \.limit) },
]

extension Published {
    /// Who holds the slots, and when that was seen: by the held session, or else through a WAL sender's slot.
    func currentSessions(at now: Moment) -> Stamped<Sessions>? {
        let seen = [(SensorID.sessions, snapshot.sessions), (.walSender, snapshot.walSender)]
        let current = seen.compactMap { sensor, observation -> Stamped<Sessions>? in
            guard let value = snapshot.current(observation, of: sensor, at: now), let at = observation.at else {
                return nil
            }
            return Stamped(value, at: at)
        }
        return current.max { $0.at < $1.at }
    }
}

extension MetricSources {
    fileprivate var sessions: Sessions? { published.currentSessions(at: now)?.value }

    fileprivate func holders(by name: (SessionGroup) -> String) -> [MetricSample] {
        guard let sessions else { return [] }
        var counts: [String: Double] = [:]
        for group in sessions.groups { counts[name(group), default: 0] += Double(group.count) }
        if sessions.sessionsInOtherGroups > 0 {
            counts[otherBucket, default: 0] += Double(sessions.sessionsInOtherGroups)
        }
        return bounded(counts, limit: holderLimit)
    }
}

/// The limits that are used most come first, by the same rule for the use and for the limit, so that both have the same
/// names.
private func limited(_ limits: [ConnectionLimit]?, _ value: (ConnectionLimit) -> Int) -> [MetricSample] {
    let ranked = (limits ?? []).filter { $0.name != otherBucket }
        .sorted { ($1.used, $0.name) < ($0.used, $1.name) }
    let rest = ranked.dropFirst(limitedLimit) + (limits ?? []).filter { $0.name == otherBucket }
    let samples = ranked.prefix(limitedLimit).map { MetricSample(Double(value($0)), $0.name) }
    return samples + (rest.isEmpty ? [] : [MetricSample(Double(rest.reduce(0) { $0 + value($1) }), otherBucket)])
}
