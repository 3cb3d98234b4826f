import CProbe

/// Points on the clocks, and the time that is left.
enum Clock {
    /// Nanoseconds on `clock`; 0 if the kernel does not have it.
    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds since boot, suspend included: the clock of the state file.
    static var boot: Int64 { nanoseconds(CLOCK_BOOTTIME) }
    /// Nanoseconds since the epoch.
    static var wall: Int64 { nanoseconds(CLOCK_REALTIME) }
    fileprivate static var monotonic: Int64 { nanoseconds(CLOCK_MONOTONIC) }
}

/// The moment at which a wait must be over.
struct TimeLimit {
    private let end: Int64

    /// A limit `milliseconds` from now.
    init(milliseconds: Int64) { end = Clock.monotonic + milliseconds * 1_000_000 }

    private init(end: Int64) { self.end = end }

    /// Milliseconds that are left, rounded up; 0 once the limit has passed.
    var remainingMilliseconds: Int32 {
        Int32(clamping: max(0, (end - Clock.monotonic + 999_999) / 1_000_000))
    }

    /// The limit that divides what is left in two.
    var half: TimeLimit {
        let now = Clock.monotonic
        return TimeLimit(end: now + max(0, end - now) / 2)
    }
}

/// The last resort: ends the process in time if a file system does not answer, which no poll can see.
enum Backstop {
    /// When it strikes, in milliseconds.
    private static let milliseconds = 480

    /// Arms it.
    ///
    /// Liveness passes then, as it does whenever Howdah's word is missing; the other probes fail.
    static func arm(passes: Bool) {
        if passes {
            signal(SIGALRM) { _ in Backstop.end("passes: the state file could not be read in time\n", 0) }
        } else {
            signal(SIGALRM) { _ in Backstop.end("no answer in time: a file system does not respond\n", 1) }
        }
        var timer = itimerval()
        timer.it_value.tv_usec = suseconds_t(milliseconds * 1000)
        unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }

    /// Runs in a signal handler: no allocation, no lock.
    private static func end(_ line: StaticString, _ code: Int32) {
        _ = unsafe write(STDOUT_FILENO, line.utf8Start, line.utf8CodeUnitCount)
        _exit(code)
    }
}
