import Exposition
import Support
import Testing

/// Each rendering of each sample, byte by byte.
@Suite struct GoldenTests {
    @Test(arguments: Sample.all) func state(_ sample: Sample) throws {
        try Golden.expect(
            stateDocument(of: sample.published, at: Sample.now).text(),
            matches: "\(sample.name).state.json"
        )
    }

    @Test(arguments: Sample.all) func report(_ sample: Sample) throws {
        let plain = stateReport(of: sample.published, at: Sample.now)
        try Golden.expect(plain, matches: "\(sample.name).state.txt")
        let coloured = stateReport(of: sample.published, at: Sample.now, style: ReportStyle(color: true, width: 80))
        try Golden.expect(coloured, matches: "\(sample.name).state.ansi")
    }

    @Test(arguments: Sample.all, MetricFormat.allCases) func metricsText(
        _ sample: Sample,
        _ format: MetricFormat
    ) throws {
        try Golden.expect(sample.metrics(format), matches: "\(sample.name).\(format == .text ? "prom" : "openmetrics")")
    }

    @Test func otherDocuments() throws {
        let published = Sample.connectionsFull.published
        try Golden.expect(conditionsDocument(of: published, at: Sample.now).text(), matches: "conditions.json")
        try Golden.expect(historyDocument(of: published, limit: 256, at: Sample.now).text(), matches: "history.json")
        try Golden.expect(doctorDocument(of: published, at: Sample.now).text(), matches: "doctor.json")
        try Golden.expect(conditionsReport(of: published, at: Sample.now), matches: "conditions.txt")
        try Golden.expect(historyReport(of: published, limit: 256), matches: "history.txt")
        try Golden.expect(doctorReport(of: published), matches: "doctor.txt")
    }

    @Test func listOfMetrics() throws {
        try Golden.expect(metricsMarkdown(), matches: "metrics.md")
    }
}

extension Sample {
    func metrics(_ format: MetricFormat) -> String {
        let sources = MetricSources(published: published, now: Self.now, process: Self.process, http: Self.http)
        return String(decoding: Exposition.metrics(sources, as: format), as: UTF8.self)
    }
}
