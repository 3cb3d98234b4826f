import Diagnosis
import Facts
import Support
import Testing

@testable import Exposition

@Suite struct MetricsTests {
    /// The real promtool finds nothing to say.
    @Test(arguments: Sample.all) func promtoolIsSilent(_ sample: Sample) async throws {
        let result = try await Command.run(["promtool", "check", "metrics"], input: sample.metrics(.text))
        #expect(result.isSuccess)
        #expect(result.output + result.error == "")
    }

    /// Both formats have the same series with the same values.
    @Test(arguments: Sample.all) func theFormatsAgree(_ sample: Sample) {
        func series(_ format: MetricFormat) -> [Substring] {
            sample.metrics(format).split(separator: "\n").filter { !$0.hasPrefix("#") }
        }
        #expect(series(.text) == series(.openMetrics))
        #expect(sample.metrics(.openMetrics).hasSuffix("\n# EOF\n"))
        #expect(!sample.metrics(.text).contains("# EOF"))
        #expect(series(.text).last == "howdah_series \(series(.text).count)")
    }

    /// Rules that promtool does not know: OpenMetrics wants the unit last in the family's name, and no family twice.
    @Test func familiesAreWellNamed() {
        var names: Set<String> = []
        for family in metricFamilies + [seriesFamily] {
            #expect(names.insert(family.openMetricsName).inserted, "\(family.name) twice")
            if let unit = family.unit {
                #expect(family.openMetricsName.hasSuffix("_\(unit.rawValue)"), "\(family.name)")
            }
            #expect(family.name.hasSuffix("_total") == (family.type == .counter), "\(family.name)")
            #expect(family.name.hasSuffix("_info") == (family.type == .info), "\(family.name)")
            #expect(family.help.hasSuffix("."), "\(family.name)")
            #expect(!family.help.contains("|"), "\(family.name)")
            for label in family.labels { #expect(!["le", "quantile", "type"].contains(label.name), "\(family.name)") }
        }
    }

    /// Every sample has as many label values as its family has labels, and no two have the same.
    @Test(arguments: Sample.all) func seriesAreDistinct(_ sample: Sample) {
        let sources = MetricSources(
            published: sample.published,
            now: Sample.now,
            process: Sample.process,
            http: Sample.http
        )
        for family in metricFamilies {
            let samples = family.fill(sources)
            #expect(Set(samples.map(\.labels)).count == samples.count, "\(family.name)")
            #expect(samples.allSatisfy { $0.labels.count == family.labels.count }, "\(family.name)")
        }
    }

    /// What is not known is not there: not one series of the vital signs from a look that is a minute old.
    @Test func unknownIsAbsent() {
        let text = Sample.unknown.metrics(.text)
        for name in [
            "howdah_connections", "howdah_admission", "howdah_control", "howdah_postmaster", "howdah_wal_position",
        ] {
            #expect(!text.contains("\n\(name)"), "\(name)")
        }
        #expect(text.contains("howdah_sensor_up{sensor=\"vitals\"} 0\n"))
        #expect(!text.contains("howdah_sensor_up{sensor=\"data_directory\"}"))
        #expect(!text.contains("howdah_sensor_up{sensor=\"processes\"}"))
    }

    /// The names of the public surface, with their labels.
    @Test(arguments: [
        "howdah_state{state=\"live_but\"} 1", "howdah_phase{phase=\"running\"} 1", "howdah_role{role=\"primary\"} 1",
        "howdah_condition{condition=\"connections_full\",family=\"connections\",severity=\"critical\"} 1",
        "howdah_condition{condition=\"in_recovery\",family=\"recovery\",severity=\"info\"} 0",
        "howdah_condition_since_timestamp_seconds{condition=\"connections_full\"} 1795248871.002",
        "howdah_probe{probe=\"read_write\"} 1", "howdah_state_transitions_total{from=\"live\",to=\"live_but\"} 1",
        "howdah_state_transitions_total{from=\"dead\",to=\"live\"} 0", "howdah_sensor_up{sensor=\"admission\"} 1",
        "howdah_sensor_failures_total{sensor=\"vitals\",reason=\"timed_out\"} 2",
        "howdah_build_info{version=\"0.1.0\"} 1",
        "howdah_connections_used 97", "howdah_connections_ordinary_slots 97", "howdah_admission{outcome=\"full\"} 1",
    ]) func promisedSeries(_ line: String) {
        #expect(Sample.connectionsFull.metrics(.text).contains("\n\(line)\n"))
    }

    /// A thousand roles are twenty series and one for the rest, and no session is lost on the way.
    @Test func labelsFromTheServerAreBounded() {
        var published = Sample.live.published
        var sessions = Sessions()
        sessions.groups = (0..<1000).map { index in
            var group = SessionGroup()
            group.user = index == 7 ? "other" : "role\(index)"
            group.database = "database\(index)"
            group.application = "application\(index)"
            group.count = 1 + index % 3
            return group
        }
        sessions.sessionsInOtherGroups = 5
        sessions.limitedRoles = (0..<100).map { ConnectionLimit(name: "role\($0)", limit: 10, used: $0) }
        published.snapshot.sessions = .fresh(sessions, at: Sample.now)
        let sources = MetricSources(published: published, now: Sample.now)
        for family in metricFamilies where family.name.hasPrefix("howdah_sessions_by") {
            let samples = family.fill(sources)
            #expect(samples.count == 21)
            let count = sessions.groups.reduce(5) { $0 + $1.count }
            #expect(samples.reduce(0) { $0 + $1.value } == Double(count))
        }
        for family in metricFamilies where family.name.hasPrefix("howdah_role_connections") {
            #expect(family.fill(sources).count == 21)
        }
    }

    /// The outcomes of the admission check are those that the facts have.
    @Test func everyOutcomeHasASeries() {
        let outcomes: [ConnectOutcome] = [
            .accepted, .refused(""), .noSocket(""), .unreachable(""), .timedOut(.accept),
            .rejected(.other, message: ""),
            .full(.other, message: ""), .notAuthenticated(sqlState: nil, message: ""), .cannotFork(""),
            .lost(sqlState: nil, message: ""), .cancelled, .failed(sqlState: "XX000", message: ""), .notUnderstood(""),
            .notAttempted(""),
        ]
        #expect(outcomes.map(\.kind) == admissionOutcomes)
    }
}
