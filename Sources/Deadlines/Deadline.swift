import CLinux
import Glibc

/// The moment by which a blocking call must have returned.
///
/// Measured on `CLOCK_MONOTONIC`: no clock step moves it, and a suspended machine does not use it up, because the other
/// side was suspended too. Nothing in Howdah waits without one.
public struct Deadline: Sendable, Hashable, Comparable {
    /// Nanoseconds on `CLOCK_MONOTONIC`.
    private var nanoseconds: Int64

    /// The longest wait that can be asked for, in seconds: a day; longer ones are cut to it.
    public static let maximumSeconds = 86_400.0

    /// A deadline `seconds` from now; at once where negative or not a number.
    public static func after(seconds: Double) -> Deadline {
        let bounded = seconds.isNaN ? 0 : min(max(seconds, 0), maximumSeconds)
        return Deadline(nanoseconds: monotonicNanoseconds() + Int64(bounded * 1e9))
    }

    /// Whether it is too late.
    public var hasPassed: Bool { remainingNanoseconds <= 0 }

    /// Seconds left; negative once it has passed.
    public var remainingSeconds: Double { Double(remainingNanoseconds) / 1e9 }

    /// Milliseconds left as `poll(2)` wants them: rounded up, so that a wait never ends just before; 0 once it has passed.
    public var remainingMilliseconds: Int32 {
        let left = remainingNanoseconds
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// This deadline, or one `seconds` from now if that is earlier.
    public func butWithin(seconds: Double) -> Deadline { min(self, .after(seconds: seconds)) }

    /// Orders by time.
    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    private var remainingNanoseconds: Int64 { nanoseconds - monotonicNanoseconds() }
}

/// `CLOCK_MONOTONIC` in nanoseconds.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
