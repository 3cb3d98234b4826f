import Facts

/// States of a client backend in `pg_stat_activity`; the empty one is shown to roles without `pg_read_all_stats`.
private let backendStates = [
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call", "disabled",
]

/// How many slots there are and who may use them, from the vital signs.
let connectionFamilies: [MetricFamily] = [
    MetricFamily("howdah_connections_used", "Client backends, Howdah's own included.") {
        $0.vitals?.clientBackends.map(Double.init)
    },
    MetricFamily(
        "howdah_connections_ordinary_slots",
        "Slots that an ordinary role can use: max_connections less both reserves."
    ) { $0.vitals?.ordinarySlots.map(Double.init) },
    MetricFamily("howdah_connections_maximum", "The setting max_connections.") {
        $0.vitals?.maxConnections.map(Double.init)
    },
    MetricFamily(
        "howdah_connections_reserved",
        labels: [MetricLabel("reserved_for", "2 values")],
        "Slots kept back for superusers and, from PostgreSQL 16 on, for pg_use_reserved_connections."
    ) { sources in
        let reserves = [("superuser", sources.vitals?.superuserReserved), ("role", sources.vitals?.reserved)]
        return reserves.compactMap { name, slots in slots.map { MetricSample(Double($0), name) } }
    },
    MetricFamily(
        "howdah_connections_by_state",
        labels: [MetricLabel("state", "7 values and other")],
        "Client backends by state; hidden where the role may not see it."
    ) { sources in
        guard let states = sources.vitals?.clientBackendsByState else { return [] }
        var counts: [String: Double] = [:]
        for (state, count) in states {
            let name = state.isEmpty ? "hidden" : backendStates.contains(state) ? state : otherBucket
            counts[name, default: 0] += Double(count)
        }
        return (backendStates + ["hidden", otherBucket]).compactMap { name in
            let isAlwaysShown = backendStates.prefix(4).contains(name)
            return (counts[name] ?? (isAlwaysShown ? 0 : nil)).map { MetricSample($0, name) }
        }
    },
    MetricFamily("howdah_wal_senders_used", "WAL senders, from pg_stat_activity.") {
        $0.vitals?.walSenders.map(Double.init)
    },
    MetricFamily("howdah_wal_senders_maximum", "The setting max_wal_senders.") {
        $0.vitals?.maxWALSenders.map(Double.init)
    },
    MetricFamily(
        "howdah_vitals_round_trip_seconds",
        unit: .seconds,
        "How long the latest round trip for the vital signs took."
    ) { $0.vitals?.roundTripSeconds },
    MetricFamily(
        "howdah_server_clock_offset_seconds",
        unit: .seconds,
        "The server's clock less ours, to the precision of half a round trip."
    ) { sources in
        guard let server = sources.vitals?.serverClock, let local = sources.vitals?.localClock else { return nil }
        return server - local
    },
    MetricFamily(
        "howdah_server_configuration_loaded_timestamp_seconds",
        unit: .seconds,
        "When the server loaded its configuration, from pg_conf_load_time()."
    ) { $0.vitals?.configurationLoadedAt },
]

extension MetricSources {
    /// The vital signs where they are current.
    var vitals: Vitals? {
        let snapshot = published.snapshot
        return snapshot.current(snapshot.vitals, of: .vitals, at: now)
    }
}
