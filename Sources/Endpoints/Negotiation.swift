/// Content negotiation (RFC 9110, section 12.5) for the few types that Howdah offers.
struct AcceptHeader: Sendable, Hashable {
    /// One media range with its quality.
    struct Range: Sendable, Hashable {
        var type: String
        var version: String?
        var quality: Double
    }

    var ranges: [Range]

    /// Ranges past this many are not read: nobody needs them, and each costs time.
    static let rangeLimit = 64

    /// Parses an `Accept` header; a missing or empty one accepts everything.
    ///
    /// What cannot be read counts as not sent.
    init(_ text: String?) {
        ranges = (text ?? "").split(separator: ",").prefix(Self.rangeLimit).compactMap(Self.range)
        if ranges.isEmpty { ranges = [Range(type: "*/*", version: nil, quality: 1)] }
    }

    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";").map { trimmed($0).lowercased() }
        guard let type = parts.first, type.contains("/") else { return nil }
        var range = Range(type: type, version: nil, quality: 1)
        for part in parts.dropFirst() {
            if part.hasPrefix("q=") { range.quality = weight(part.dropFirst(2)) }
            if part.hasPrefix("version=") { range.version = part.dropFirst(8).filter { $0 != "\"" } }
        }
        return range
    }

    /// The quality of a type: that of the most specific range that covers it; 0 where none does.
    func quality(of type: MediaType) -> Double {
        var best: (specificity: Int, quality: Double) = (-1, 0)
        for range in ranges {
            guard let specificity = Self.specificity(of: range, for: type) else { continue }
            if specificity > best.specificity { best = (specificity, range.quality) }
        }
        return best.quality
    }

    private static func specificity(of range: Range, for type: MediaType) -> Int? {
        if range.type == "*/*" { return 0 }
        if range.type.hasSuffix("/*") { return type.essence.hasPrefix(range.type.dropLast(1)) ? 1 : nil }
        guard range.type == type.essence else { return nil }
        guard let wanted = range.version else { return 2 }
        return wanted == type.version ? 3 : nil
    }

    /// The offer that is wanted most, of several the first; nil where none is accepted.
    func choose(_ offers: [MediaType]) -> MediaType? {
        var best: (offer: MediaType, quality: Double)?
        for offer in offers {
            let quality = quality(of: offer)
            if quality > (best?.quality ?? 0) { best = (offer, quality) }
        }
        return best?.offer
    }
}

/// Whether an `Accept-Encoding` header takes gzip; without one nothing is compressed.
func acceptsGzip(_ text: String?) -> Bool {
    var anything: Double?
    for coding in (text ?? "").split(separator: ",").prefix(AcceptHeader.rangeLimit) {
        let parts = coding.split(separator: ";").map { trimmed($0).lowercased() }
        guard let name = parts.first else { continue }
        let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { weight($0.dropFirst(2)) } ?? 1
        if name == "gzip" || name == "x-gzip" { return quality > 0 }
        if name == "*" { anything = quality }
    }
    return (anything ?? 0) > 0
}

/// A quality of 0 to 1; what is none counts as 0, so that a typing error never wins.
private func weight(_ text: some StringProtocol) -> Double {
    guard let value = Double(String(text)), value.isFinite else { return 0 }
    return min(max(value, 0), 1)
}

private func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
}
