import Facts

/// Every kind of outcome of a start-up attempt; the names are those of `ConnectOutcome.kind`.
let admissionOutcomes = [
    "accepted", "refused", "no_socket", "unreachable", "timed_out", "rejected", "full", "not_authenticated",
    "cannot_fork", "lost", "cancelled", "failed", "not_understood", "not_attempted",
]

/// Does the server let a new session in, and how long does each step take.
let admissionFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_admission",
        labels: [MetricLabel("outcome", "14 values")],
        "What came of the latest attempt to open a session: 1 for the present outcome."
    ) { sources in
        guard let admission = sources.admission else { return [] }
        return admissionOutcomes.map { MetricSample(($0 == admission.outcome.kind).asSample, $0) }
    },
    MetricFamily(
        "howdah_admission_accept_seconds",
        unit: .seconds,
        "Time until the kernel accepted the latest attempt to open a session."
    ) { $0.admission?.acceptSeconds },
    MetricFamily(
        "howdah_admission_first_byte_seconds",
        unit: .seconds,
        "Time from there to the server's first byte."
    ) { $0.admission?.firstByteSeconds },
    MetricFamily(
        "howdah_admission_authentication_seconds",
        unit: .seconds,
        "Time from there to a session that is ready for queries."
    ) { $0.admission?.authenticationSeconds },
    MetricFamily(
        "howdah_held_session",
        "1 while Howdah holds its session, 0 while it has none."
    ) { sources in
        sources.published.snapshot.heldSession.last?.value.isOpen.asSample
    },
    MetricFamily(
        "howdah_held_sessions_opened_total",
        type: .counter,
        "Sessions that Howdah opened to hold since it started."
    ) { sources in
        sources.published.snapshot.heldSession.last.map { Double($0.value.opened) }
    },
]

extension MetricSources {
    fileprivate var admission: Admission? {
        let snapshot = published.snapshot
        return snapshot.current(snapshot.admission, of: .admission, at: now)
    }
}
