import Facts

/// What Howdah costs and what it cannot see.
let observerFamilies: [MetricFamily] = [
    MetricFamily("howdah_build_info", type: .info, labels: [MetricLabel("version", "1 value")], "Howdah's version.") {
        [MetricSample(1, $0.published.observer.version)]
    },
    MetricFamily("howdah_queries_total", type: .counter, "Round trips that Howdah made to the server.") {
        Double($0.published.observer.queries)
    },
    MetricFamily(
        "howdah_query_seconds_total",
        type: .counter,
        unit: .seconds,
        "Time that Howdah's round trips took: an upper bound of what they cost the server."
    ) { $0.published.observer.querySeconds },
    MetricFamily("howdah_connection_attempts_total", type: .counter, "Attempts of Howdah's to open a session.") {
        Double($0.published.observer.connectionAttempts)
    },
    MetricFamily("howdah_dark_subjects", "Things that Howdah cannot see; howdah doctor names them.") {
        Double($0.published.observer.doctor.count { !$0.isSeen })
    },
]

/// What the listeners did.
let httpFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_http_answers_total",
        type: .counter,
        labels: [MetricLabel("path", "the routes and other"), MetricLabel("code", "the status codes in use")],
        "Answers of Howdah's own HTTP listeners."
    ) { sources in
        (sources.http?.answers ?? [:]).sorted { ($0.key.path, $0.key.code) < ($1.key.path, $1.key.code) }
            .map { MetricSample(Double($0.value), $0.key.path, String($0.key.code)) }
    },
    MetricFamily(
        "howdah_http_connections",
        labels: [MetricLabel("audience", "2 values")],
        "Open connections to Howdah's own listeners."
    ) { sources in
        (sources.http?.connections ?? [:]).sorted { $0.key < $1.key }.map { MetricSample(Double($0.value), $0.key) }
    },
    MetricFamily("howdah_http_waiters", "Long polls and event streams under way.") {
        ($0.http?.waiters).map(Double.init)
    },
    MetricFamily(
        "howdah_http_limits_reached_total",
        type: .counter,
        labels: [MetricLabel("limit", "the limits of a listener")],
        "How often a limit of Howdah's own listeners was reached."
    ) { sources in
        (sources.http?.limitsReached ?? [:]).sorted { $0.key < $1.key }.map { MetricSample(Double($0.value), $0.key) }
    },
]

/// This process, by the names that every Prometheus client library uses.
let ownProcessFamilies: [MetricFamily] = [
    MetricFamily(
        "process_cpu_seconds_total",
        type: .counter,
        unit: .seconds,
        "Total user and system CPU time spent in seconds."
    ) { $0.process?.cpuSeconds },
    MetricFamily("process_resident_memory_bytes", unit: .bytes, "Resident memory size in bytes.") {
        $0.process?.residentBytes
    },
    MetricFamily(
        "process_resident_anonymous_memory_bytes",
        unit: .bytes,
        "Resident anonymous memory size in bytes."
    ) { $0.process?.residentAnonymousBytes },
    MetricFamily("process_virtual_memory_bytes", unit: .bytes, "Virtual memory size in bytes.") {
        $0.process?.virtualBytes
    },
    MetricFamily("process_open_fds", "Number of open file descriptors.") {
        ($0.process?.openDescriptors).map(Double.init)
    },
    MetricFamily("process_max_fds", "Maximum number of open file descriptors.") {
        ($0.process?.maximumDescriptors).map(Double.init)
    },
    MetricFamily("process_threads", "Number of OS threads.") { ($0.process?.threads).map(Double.init) },
    MetricFamily(
        "process_start_time_seconds",
        unit: .seconds,
        "Start time of the process since the Unix epoch in seconds."
    ) { $0.process?.startedAt },
]
