public import Support

/// What came of a fault that was played.
public struct Performance: Sendable {
    /// The verdict that was reached.
    public var verdict: StateDocument
    /// Seconds from the fault to the verdict's arrival; 0 where it held all along.
    public var seconds: Double
    /// The phases that had to be told on the way, and were.
    public var seen: [String]
}

extension Fault {
    /// Plays the fault on a set stage and judges the verdict.
    ///
    /// - Throws: What went wrong, with what the sidecar said instead.
    public func play(on stage: Stage) async throws -> Performance {
        try await prepare(stage)
        let expected = expect(stage.server.installation.major)
        let began = ContinuousClock.now
        try await strike(stage)
        var reached: Performance?
        let came = await eventually(within: expected.within, every: 5) {
            reached = performance(on: stage, since: began, expected: expected)
            return reached != nil
        }
        guard came, let reached else {
            let told = Self.phases(stage.feed.arrivals(after: began)).joined(separator: " → ")
            throw TimedOut(
                "\(stage.unexpected(expected)) Told: \(told); wanted \(expected.seen.joined(separator: " → "))"
            )
        }
        if expected.holds > 0 { try await holds(expected, on: stage) }
        return reached
    }

    /// Mends the fault and waits for the verdict that must follow.
    public func undo(on stage: Stage) async throws {
        try await mend(stage)
        try await stage.sees(mended)
    }

    private func performance(
        on stage: Stage,
        since began: ContinuousClock.Instant,
        expected: Expectation
    ) -> Performance? {
        guard let latest = stage.feed.latest, expected.differences(from: latest).isEmpty else { return nil }
        let arrivals = stage.feed.arrivals(after: began)
        guard expected.hasSeenAll(arrivals) else { return nil }
        // The moment from which on it has been right without a break.
        let right = arrivals.reversed().prefix { expected.differences(from: $0.document).isEmpty }
        let seconds = right.last.map { began.duration(to: $0.at) / .seconds(1) } ?? 0
        return Performance(verdict: latest, seconds: seconds, seen: expected.seen)
    }

    private func holds(_ expected: Expectation, on stage: Stage) async throws {
        let began = ContinuousClock.now
        try await Task.sleep(for: .seconds(expected.holds))
        for arrival in stage.feed.arrivals(after: began) {
            let differences = expected.differences(from: arrival.document)
            guard differences.isEmpty else {
                throw TimedOut(
                    "did not hold: \(differences.joined(separator: "; ")). It said: \(arrival.document.digest)"
                )
            }
        }
    }

    private static func phases(_ arrivals: [VerdictFeed.Arrival]) -> [String] {
        var phases: [String] = []
        for arrival in arrivals where arrival.document.phase != phases.last { phases.append(arrival.document.phase) }
        return phases
    }
}
