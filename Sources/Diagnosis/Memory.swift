import Facts

/// What the diagnosis remembers from one verdict to the next.
///
/// Only `diagnose` advances it.
public struct Memory: Sendable {
    /// The verdict before.
    public internal(set) var verdict: Verdict?
    /// Conditions that hold or held a moment ago.
    var holds: [String: Hold] = [:]
    /// Moments at which the server began to reinitialize; the latest `reinitializationLimit`.
    var reinitializations: [Moment] = []
    /// How the recovery under way has moved.
    var progress: ProgressMemory?
    /// Since when the phase has been unknown; nil while it is known.
    var unknownSince: Moment?

    /// The data directory was another cluster's when that could last be told.
    var directoryIsForeign = false
    /// The start attempt that was seen to be told to stop.
    var stoppedStart: Moment?
    /// The phase that `settledProbes` belong to.
    var settledPhase: Phase?
    /// The probes' answers of the last verdict that did not have to hold any.
    var settledProbes: Probes?

    static let reinitializationLimit = 100

    /// Remembers nothing.
    public init() {}

    /// A condition's place between appearing and clearing.
    struct Hold: Sendable {
        var firstSeen: Moment
        var lastSeen: Moment
        var isActive: Bool
        var finding: Finding
    }
}

/// How the recovery under way has moved: samples of the position, at most one a second.
struct ProgressMemory: Sendable {
    var start: LSN?
    var samples: [(at: Moment, position: LSN)] = []
    var advancedAt: Moment
    var position: LSN

    static let sampleLimit = 61

    init(position: LSN, at: Moment) {
        self.position = position
        advancedAt = at
        samples = [(at, position)]
    }

    mutating func record(_ newPosition: LSN, at now: Moment) {
        if newPosition > position {
            position = newPosition
            advancedAt = now
        }
        if let last = samples.last, now.seconds(since: last.at) < 1 { return }
        samples.append((now, position))
        if samples.count > Self.sampleLimit { samples.removeFirst(samples.count - Self.sampleLimit) }
    }

    /// Bytes a second over the samples kept; nil where it has not moved or there is only one sample.
    var bytesPerSecond: Double? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let seconds = last.at.seconds(since: first.at)
        let bytes = last.position.distance(from: first.position)
        return seconds >= 1 && bytes > 0 ? Double(bytes) / seconds : nil
    }
}
