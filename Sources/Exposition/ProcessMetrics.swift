import Facts

private let kindLabel = MetricLabel("kind", "40 values and other")

/// The server's processes, from `/proc`.
let processFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_postmaster_alive",
        "1 where the postmaster lives, 0 where it is gone; absent where the process table cannot tell."
    ) { sources in
        switch sources.processes?.postmaster {
        case .alive: 1
        case .gone: 0
        case .unknown, nil: nil
        }
    },
    MetricFamily(
        "howdah_server_processes",
        labels: [kindLabel],
        "The postmaster's children by kind, from their titles."
    ) {
        perKind($0.processes?.children)
    },
    MetricFamily(
        "howdah_server_processes_uninterruptible",
        labels: [kindLabel],
        "The postmaster's children that wait for storage and cannot be interrupted (state D), by kind."
    ) { perKind($0.processes?.uninterruptible) },
    MetricFamily(
        "howdah_server_processes_stopped",
        labels: [kindLabel],
        "The postmaster's children that are stopped by a signal or a debugger (state T), by kind."
    ) { perKind($0.processes?.stopped) },
]

private func perKind(_ counts: [String: Int]?) -> [MetricSample] {
    bounded((counts ?? [:]).mapValues(Double.init), limit: 40).sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
}

extension MetricSources {
    fileprivate var processes: Processes? {
        let snapshot = published.snapshot
        return snapshot.current(snapshot.processes, of: .processes, at: now)
    }
}
