/// A point in time as both clocks read it: one to measure ages with, one to show to people.
///
/// Ages come from `CLOCK_BOOTTIME`, which no administrator or NTP step can move; the wall clock is only printed.
public struct Moment: Sendable, Hashable, Comparable {
    /// Nanoseconds since the machine booted, suspend included (`CLOCK_BOOTTIME`).
    public var boot: Int64
    /// Nanoseconds since 1970-01-01T00:00:00Z (`CLOCK_REALTIME`).
    public var wall: Int64

    /// Makes a moment from the readings of both clocks, in nanoseconds.
    public init(boot: Int64, wall: Int64) {
        self.boot = boot
        self.wall = wall
    }

    /// Orders by the boot clock; the wall clock may run backwards.
    public static func < (left: Moment, right: Moment) -> Bool { left.boot < right.boot }

    /// Seconds from `earlier` to this moment on the boot clock; negative if `earlier` is later.
    public func seconds(since earlier: Moment) -> Double { Double(boot - earlier.boot) / 1e9 }

    /// The moment `seconds` later (earlier where negative), on both clocks.
    public func advanced(seconds: Double) -> Moment {
        let nanoseconds = Int64(seconds * 1e9)
        return Moment(boot: boot + nanoseconds, wall: wall + nanoseconds)
    }

    /// Seconds since the epoch, for metrics.
    public var unixSeconds: Double { Double(wall) / 1e9 }

    /// The wall clock as RFC 3339 in UTC with milliseconds, such as `2026-11-21T08:15:02.114Z`.
    public var rfc3339: String { Self.rfc3339(wall: wall) }

    /// Formats nanoseconds since the epoch as RFC 3339 in UTC with milliseconds.
    public static func rfc3339(wall: Int64) -> String {
        let milliseconds = wall.flooredDivision(by: 1_000_000).quotient
        let (days, inDay) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = civil(daysSinceEpoch: days)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = String(1000 + inDay % 1000).dropFirst()
        return
            "\(String(10000 + year).dropFirst())-\(two(month))-\(two(day))T\(two(inDay / 3_600_000)):"
            + "\(two(inDay / 60_000 % 60)):\(two(inDay / 1000 % 60)).\(fraction)Z"
    }

    /// Days since the epoch to a date of the proleptic Gregorian calendar (years 0 to 9999).
    private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredDivision(by: 146_097).quotient
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
