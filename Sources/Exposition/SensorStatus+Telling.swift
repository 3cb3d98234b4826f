import Facts

/// The five things that can be said of a sensor in documents; raw values are public API.
public enum SensorTelling: String, Sendable, Hashable, CaseIterable {
    /// It answered at its latest look.
    case fresh
    /// It did not answer at its latest look.
    case failing
    /// There is nothing to look at, by design.
    case absent
    /// It has not looked yet.
    case never
    /// Its latest look was good and is too long ago: the sensor hangs.
    case stale
}

extension SensorStatus {
    /// Seconds after which a good look no longer counts: three rounds and a little more for a slow one.
    var staleAfterSeconds: Double { 3 * cadenceSeconds + 2 }

    /// What is said of the sensor at `now`.
    func telling(at now: Moment) -> SensorTelling {
        switch condition {
        case .never: .never
        case .absent: .absent
        case .failing: .failing
        case .fresh:
            if let lastAt, now.seconds(since: lastAt) > staleAfterSeconds { .stale } else { .fresh }
        }
    }

    /// Why it says nothing now, in one sentence; nil while it is fresh or has not looked yet.
    func reason(at now: Moment) -> String? {
        switch condition {
        case .failing(let failure): return failure.message
        case .absent(let reason): return reason
        case .never, .fresh:
            guard telling(at: now) == .stale, let lastAt else { return nil }
            let age = formatDuration(seconds: now.seconds(since: lastAt))
            return "last looked \(age) ago, and looks every \(formatDuration(seconds: cadenceSeconds))"
        }
    }

    /// Seconds since it last answered; nil if it never did.
    func ageSeconds(at now: Moment) -> Double? { lastSuccessAt.map { max(0, now.seconds(since: $0)) } }
}

extension Snapshot {
    /// The value of an observation, only where the latest look was good and is not stale.
    ///
    /// Nothing that is shown as current may be older: unknown is absent.
    func current<Value>(_ observation: Observation<Value>, of sensor: SensorID, at now: Moment) -> Value? {
        let limit = sensors.first { $0.id == sensor }?.staleAfterSeconds ?? Self.secondsWithoutStatus
        return observation.value(within: limit, of: now)
    }

    /// The staleness limit where a sensor's own cadence is not known.
    private static let secondsWithoutStatus = 30.0
}
