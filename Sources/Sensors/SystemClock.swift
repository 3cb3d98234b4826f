public import Facts
import Glibc

/// The machine's clocks: the only place where the time of an observation comes from.
public enum SystemClock {
    /// The present moment on both clocks, `CLOCK_BOOTTIME` and `CLOCK_REALTIME`.
    public static func now() -> Moment {
        Moment(boot: nanoseconds(CLOCK_BOOTTIME), wall: nanoseconds(CLOCK_REALTIME))
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
