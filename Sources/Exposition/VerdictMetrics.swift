import Diagnosis
import Facts

/// The verdict: headline, phase, role, conditions, probes.
let verdictFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_state",
        labels: [MetricLabel("state", "4 values")],
        "The headline: 1 for the present one of live, live_but, dead, unknown."
    ) { oneOf($0.published.verdict.state) },
    MetricFamily(
        "howdah_phase",
        labels: [MetricLabel("phase", "15 values")],
        "Where the server is in its life: 1 for the present phase."
    ) { oneOf($0.published.verdict.phase) },
    MetricFamily(
        "howdah_role",
        labels: [MetricLabel("role", "3 values")],
        "The server's role: 1 for the present one of primary, standby, unknown."
    ) { oneOf($0.published.verdict.role) },
    MetricFamily(
        "howdah_state_since_timestamp_seconds",
        unit: .seconds,
        "When the headline became what it is."
    ) { $0.published.verdict.stateSince.timestamp },
    MetricFamily(
        "howdah_phase_since_timestamp_seconds",
        unit: .seconds,
        "When the phase became what it is."
    ) { $0.published.verdict.phaseSince.timestamp },
    MetricFamily(
        "howdah_condition",
        labels: [
            MetricLabel("condition", "the catalogue"), MetricLabel("family", "11 values"),
            MetricLabel("severity", "3 values"),
        ],
        "Conditions of the catalogue: 1 while active. The severity is the one after policy."
    ) { sources in
        let active = Set(sources.published.verdict.conditions.map(\.name))
        return sources.published.catalogue.map { entry in
            MetricSample(
                active.contains(entry.name).asSample,
                entry.name,
                entry.family.rawValue,
                entry.severity.rawValue
            )
        }
    },
    MetricFamily(
        "howdah_condition_since_timestamp_seconds",
        unit: .seconds,
        labels: [MetricLabel("condition", "the catalogue")],
        "When an active condition began to hold; only while it is active."
    ) { sources in
        sources.published.verdict.conditions.sorted { $0.name < $1.name }
            .map { MetricSample($0.since.timestamp, $0.name) }
    },
    MetricFamily(
        "howdah_probe",
        labels: [MetricLabel("probe", "4 values")],
        "The database's probes: 1 pass, 0 fail."
    ) { sources in
        ProbeID.allCases.map { MetricSample(sources.published.verdict.probes[$0].pass.asSample, $0.rawValue) }
    },
    MetricFamily(
        "howdah_state_transitions_total",
        type: .counter,
        labels: [MetricLabel("from", "4 values"), MetricLabel("to", "4 values")],
        "Changes of the headline since Howdah started."
    ) { sources in
        State.allCases.flatMap { from in
            State.allCases.filter { $0 != from }.map { to in
                let count = sources.published.stateTransitions[StateChange(from: from, to: to)] ?? 0
                return MetricSample(Double(count), from.rawValue, to.rawValue)
            }
        }
    },
    MetricFamily(
        "howdah_verdict_changes_total",
        type: .counter,
        "Changes of the verdict since Howdah started; the revision in the state document."
    ) { Double($0.published.verdict.revision) },
    MetricFamily(
        "howdah_verdict_timestamp_seconds",
        unit: .seconds,
        "When the verdict was reached last."
    ) { $0.published.verdict.at.timestamp },
    MetricFamily(
        "howdah_server_info",
        type: .info,
        labels: [MetricLabel("version", "1 value"), MetricLabel("system_identifier", "1 value")],
        "The server: its version and its cluster's identity, from SQL or the data directory."
    ) { sources in
        let server = sources.published.verdict.server
        guard server.version != nil || server.systemIdentifier != nil else { return [] }
        return [MetricSample(1, server.version ?? "", server.systemIdentifier.map { String($0) } ?? "")]
    },
    MetricFamily("howdah_server_timeline", "The timeline, from SQL or the control file.") {
        $0.published.verdict.server.timeline.map(Double.init)
    },
    MetricFamily(
        "howdah_server_started_timestamp_seconds",
        unit: .seconds,
        "When the postmaster started; absent while there is none."
    ) { $0.published.verdict.server.startedAt },
]
