/// The two text formats of metrics.
///
/// Names and labels are the same in both.
public enum MetricFormat: Sendable, Hashable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The `Content-Type` to send with it.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

/// All families that have samples now, as text in `format`.
///
/// Families and their samples come in a fixed order, so that two scrapes of one verdict differ only in what changed.
public func metrics(_ sources: MetricSources, as format: MetricFormat) -> [UInt8] {
    var text = MetricText(format: format)
    for family in metricFamilies {
        text.write(family, family.fill(sources))
    }
    // The series count itself, too.
    text.write(seriesFamily, [MetricSample(Double(text.series + 1))])
    if format == .openMetrics { text.append("# EOF\n") }
    return text.bytes
}

/// The family that says how many series a scrape has; filled last.
let seriesFamily = MetricFamily("howdah_series", "Series of this scrape, this one included.") { _ in nil }

/// Writes families in one of the formats.
private struct MetricText {
    let format: MetricFormat
    var bytes: [UInt8] = []
    var series = 0

    init(format: MetricFormat) { self.format = format }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(_ family: MetricFamily, _ samples: [MetricSample]) {
        let samples = samples.filter { !$0.value.isNaN }
        guard !samples.isEmpty else { return }
        writeHead(family)
        for sample in samples {
            append(family.name)
            writeLabels(family, sample)
            append(" \(Self.number(sample.value))\n")
            series += 1
        }
    }

    private mutating func writeHead(_ family: MetricFamily) {
        switch format {
        case .text:
            append("# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n")
            append("# TYPE \(family.name) \(family.type == .info ? "gauge" : family.type.rawValue)\n")
        case .openMetrics:
            let name = family.openMetricsName
            append("# TYPE \(name) \(family.type.rawValue)\n")
            if let unit = family.unit { append("# UNIT \(name) \(unit.rawValue)\n") }
            append("# HELP \(name) \(Self.escaped(family.help, quotes: true))\n")
        }
    }

    private mutating func writeLabels(_ family: MetricFamily, _ sample: MetricSample) {
        guard !family.labels.isEmpty else { return }
        append("{")
        for (index, (label, value)) in zip(family.labels, sample.labels).enumerated() {
            append("\(index > 0 ? "," : "")\(label.name)=\"\(Self.escaped(value, quotes: true))\"")
        }
        append("}")
    }

    /// Backslashes, line feeds and, in label values and OpenMetrics, quotes.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// Whole numbers without a fraction, others in the shortest digits that read back as the same number.
    static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        return value.rounded() == value && abs(value) < 9e15 ? String(Int64(value)) : "\(value)"
    }
}

extension MetricFamily {
    /// The family's name in OpenMetrics, where `_total` and `_info` belong to the sample and not to the family.
    var openMetricsName: String {
        switch type {
        case .counter where name.hasSuffix("_total"): String(name.dropLast(6))
        case .info where name.hasSuffix("_info"): String(name.dropLast(5))
        default: name
        }
    }
}
