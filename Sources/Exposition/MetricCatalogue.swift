import Facts

/// Every family in the order of a scrape; the documentation and its bounds are read off it.
public let metricFamilies: [MetricFamily] =
    verdictFamilies + sensorFamilies + admissionFamilies + connectionFamilies + sessionFamilies + recoveryFamilies
    + dataDirectoryFamilies + processFamilies + observerFamilies + httpFamilies + ownProcessFamilies

/// The families as a table in Markdown: name, type, labels with their bounds, meaning.
public func metricsMarkdown() -> String {
    var text = "| family | type | labels (bound) | meaning |\n|---|---|---|---|\n"
    for family in metricFamilies + [seriesFamily] {
        let labels = family.labels.map { "`\($0.name)` (\($0.bound))" }.joined(separator: ", ")
        text += "| `\(family.name)` | \(family.type.rawValue) | \(labels.isEmpty ? "–" : labels) | \(family.help) |\n"
    }
    return text
}

/// Names of a label past its bound go into this bucket; a real name that is the same goes there, too.
let otherBucket = "other"

/// The most numerous `limit` names and the sum of the rest in the bucket `other`, in a fixed order.
///
/// This is what bounds labels whose values come from the server: a thousand roles must not become a thousand series.
func bounded(_ counts: [String: Double], limit: Int) -> [MetricSample] {
    let ranked = counts.filter { $0.key != otherBucket }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let rest = ranked.dropFirst(limit).reduce(counts[otherBucket] ?? 0) { $0 + $1.value }
    let hasRest = ranked.count > limit || counts[otherBucket] != nil
    return ranked.prefix(limit).map { MetricSample($0.value, $0.key) }
        + (hasRest ? [MetricSample(rest, otherBucket)] : [])
}

/// One series per value: 1 for the present one, 0 for the others.
func oneOf<Value: CaseIterable & Equatable & RawRepresentable<String>>(_ present: Value) -> [MetricSample] {
    Value.allCases.map { MetricSample($0 == present ? 1 : 0, $0.rawValue) }
}

extension Moment {
    /// Seconds since the epoch to the millisecond: the digits beyond are noise.
    var timestamp: Double { (Double(wall) / 1e6).rounded() / 1000 }
}

extension Bool {
    /// 1 or 0.
    var asSample: Double { self ? 1 : 0 }
}
