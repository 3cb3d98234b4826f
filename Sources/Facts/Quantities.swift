/// A position in the write-ahead log, in bytes; printed as Postgres prints it (`16/B374D848`).
public struct LSN: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The byte position.
    public var bytes: UInt64

    /// Makes a position from a byte count; 0 is Postgres's `InvalidXLogRecPtr`.
    public init(_ bytes: UInt64) { self.bytes = bytes }

    /// Parses `X/Y` in hexadecimal; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16),
            !halves[0].hasPrefix("+"), !halves[1].hasPrefix("+")
        else { return nil }
        bytes = UInt64(high) << 32 | UInt64(low)
    }

    /// Whether this is a real position and not 0/0.
    public var isValid: Bool { bytes != 0 }

    /// The position as Postgres prints it.
    public var description: String {
        String(bytes >> 32, radix: 16, uppercase: true) + "/" + String(bytes & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }

    /// Orders by position.
    public static func < (left: LSN, right: LSN) -> Bool { left.bytes < right.bytes }

    /// Bytes of WAL from `other` to this position; negative where `other` is ahead.
    public func distance(from other: LSN) -> Int64 { Int64(bitPattern: bytes &- other.bytes) }
}

/// The name of a WAL segment file: 24 hexadecimal digits, timeline and segment number.
public struct WALSegment: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The timeline, from the first eight digits.
    public var timeline: UInt32
    /// The middle eight digits.
    public var log: UInt32
    /// The last eight digits.
    public var segment: UInt32

    /// Parses a segment file name such as `000000010000000000000012`; nil for anything else.
    public init?(_ name: some StringProtocol) {
        let text = Array(name.utf8)
        guard text.count == 24, text.allSatisfy({ ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 70) }) else {
            return nil
        }
        func number(_ range: Range<Int>) -> UInt32 {
            text[range].reduce(0) { $0 << 4 | UInt32($1 <= 57 ? $1 - 48 : $1 - 55) }
        }
        timeline = number(0..<8)
        log = number(8..<16)
        segment = number(16..<24)
    }

    /// The position of the segment's first byte, for clusters with `segmentSize` bytes a segment.
    public func start(segmentSize: UInt64) -> LSN {
        LSN(UInt64(log) << 32 &+ UInt64(segment) &* segmentSize)
    }

    /// The file name.
    public var description: String {
        [timeline, log, segment].map { part in
            let digits = String(part, radix: 16, uppercase: true)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// Orders by position, then by timeline.
    public static func < (left: WALSegment, right: WALSegment) -> Bool {
        (left.log, left.segment, left.timeline) < (right.log, right.segment, right.timeline)
    }
}

/// Bytes as people read them: `1.5 GiB`.
public func formatBytes(_ bytes: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var (value, unit) = (abs(bytes), 0)
    while value >= 1024, unit < units.count - 1 {
        value /= 1024
        unit += 1
    }
    let tenths = (value * 10).rounded() / 10
    let number = unit == 0 || tenths >= 100 ? "\(Int(tenths.rounded()))" : "\(tenths)"
    return (bytes < 0 ? "-" : "") + number + " " + units[unit]
}

/// A span of time as people read it: `350 ms`, `12 s`, `4 min 10 s`, `3 h 20 min`, `2 d 4 h`.
public func formatDuration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e15 else { return "for ever" }
    if seconds < 0 { return "-" + formatDuration(seconds: -seconds) }
    if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
    let whole = Int(seconds.rounded(.down))
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
}
