import Facts

/// Decides when a sensor that hears of events calls for a look: at once, but not too often.
///
/// Urgent news (a lock file, a signal file) calls at once unless the last call was within `urgentGap`. Other news, the
/// control file that a busy server rewrites all the time, waits until `ordinaryGap` has passed since the last call.
/// Nothing is lost: what is put off is called for later, once.
struct WakeUpPacer {
    /// Seconds between two calls for a look after urgent news.
    static let urgentGap = 0.005
    /// Seconds between two calls for a look after other news: at most 20 a second.
    static let ordinaryGap = 0.05

    private var lastCall: Moment?
    private var putOffUntil: Moment?

    enum Answer: Equatable {
        /// Call now.
        case now
        /// Come back at that moment with `isDue`.
        case later(Moment)
        /// Somebody comes back earlier anyway.
        case pending
    }

    mutating func news(isUrgent: Bool, at now: Moment) -> Answer {
        let gap = isUrgent ? Self.urgentGap : Self.ordinaryGap
        guard let lastCall, now.seconds(since: lastCall) < gap else {
            lastCall = now
            putOffUntil = nil
            return .now
        }
        let due = lastCall.advanced(seconds: gap)
        if let putOffUntil, putOffUntil <= due { return .pending }
        putOffUntil = due
        return .later(due)
    }

    /// Whether a call that was put off is to be made now; the one who asks makes it.
    mutating func isDue(at now: Moment) -> Bool {
        guard let putOffUntil, putOffUntil <= now else { return false }
        self.putOffUntil = nil
        lastCall = now
        return true
    }
}
