import Deadlines
import Facts
import Sensors

/// How often a sensor looks, how long a look may take, and how it slows down while looks fail.
struct Pace: Sendable {
    /// Seconds between looks while all is well.
    var cadence: Double
    /// Seconds that one look may take.
    var deadline: Double
    /// Seconds before the first repetition of a failed look; doubles with each failure.
    var firstRetry: Double
    /// The longest wait between failed looks, in seconds.
    var longestRetry: Double
    /// The shortest time between two looks that events can cause, in seconds.
    var shortestGap = 0.02

    /// Seconds to wait after `failures` failed looks in a row, with a quarter of jitter so that sidecars of a cluster that
    /// fails as one do not come back as one.
    func wait(afterFailures failures: Int, atMost limit: Double? = nil) -> Double {
        guard failures > 0 else { return cadence }
        let doublings = min(failures - 1, 16)
        let wait = firstRetry * Double(1 << doublings)
        return min(wait, limit ?? longestRetry) * Double.random(in: 0.75...1.25)
    }
}

/// One look at a source: what came of it, and what else the snapshot learns from it.
struct Look<Value: Sendable>: Sendable {
    /// The value, or why there is none.
    var result: Result<Value, Failure>
    /// Puts what came along into the snapshot: the held session beside its vital signs, the cost.
    var addition: @Sendable (inout Snapshot, inout Board.Cost) -> Void = { _, _ in }

    /// A look that may throw.
    static func attempt(_ look: () async throws(Failure) -> Value) async -> Look {
        do throws(Failure) {
            return Look(result: .success(try await look()))
        } catch {
            return Look(result: .failure(error))
        }
    }
}

/// Runs one sensor at its own pace until the task is cancelled.
struct SensorLoop<Value: Sendable>: Sendable {
    let id: SensorID
    let pace: Pace
    let board: Board
    let wakeUp: WakeUp
    /// Where the observation stands in the snapshot.
    let place: any WritableKeyPath<Snapshot, Observation<Value>> & Sendable
    /// One look.
    let look: @Sendable (Deadline) async -> Look<Value>
    /// The longest wait after a look that came back without what it was after; nil where it was fine.
    var slowsDown: @Sendable (Value) -> Double? = { _ in nil }
    /// The longest wait after a failure, where it differs from the pace's.
    var longestRetry: @Sendable (Failure) -> Double? = { _ in nil }
    /// Called after the outcome is on the board.
    var afterwards: @Sendable (Result<Value, Failure>) -> Void = { _ in }

    func run() async {
        var failures = 0
        while !Task.isCancelled {
            let began = SystemClock.now()
            let look = await look(.after(seconds: pace.deadline))
            let ended = SystemClock.now()
            guard !Task.isCancelled else { return }
            board.record { snapshot, cost in
                switch look.result {
                case .success(let value): snapshot[keyPath: place] = .fresh(value, at: ended)
                case .failure(let failure):
                    snapshot[keyPath: place] = snapshot[keyPath: place].failing(with: failure, at: ended)
                }
                look.addition(&snapshot, &cost)
                snapshot.update(id, look.result.failureIfAny, at: ended, seconds: ended.seconds(since: began))
            }
            afterwards(look.result)
            let limit = slowness(look.result)
            failures = limit == nil ? 0 : failures + 1
            await wakeUp.wait(atMost: .seconds(pace.wait(afterFailures: failures, atMost: limit ?? pace.cadence)))
            // A burst of events must not become a burst of looks.
            let gap = pace.shortestGap - SystemClock.now().seconds(since: ended)
            if gap > 0 { await pause(gap) }
        }
    }

    private func slowness(_ result: Result<Value, Failure>) -> Double? {
        switch result {
        case .success(let value): slowsDown(value)
        case .failure(let failure): failure.kind == .absent ? nil : longestRetry(failure) ?? pace.longestRetry
        }
    }

    private func pause(_ seconds: Double) async {
        do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
    }
}

extension Result where Failure == Facts.Failure {
    fileprivate var failureIfAny: Facts.Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension Snapshot {
    /// Notes how a sensor's look went.
    mutating func update(_ id: SensorID, _ failure: Failure?, at: Moment, seconds: Double) {
        guard let index = sensors.firstIndex(where: { $0.id == id }) else { return }
        sensors[index].lastAt = at
        sensors[index].durationSeconds = seconds
        guard let failure else {
            sensors[index].condition = .fresh
            sensors[index].lastSuccessAt = at
            sensors[index].failingSince = nil
            return
        }
        if failure.kind == .absent {
            sensors[index].condition = .absent(failure.message)
            sensors[index].failingSince = nil
            return
        }
        sensors[index].condition = .failing(failure)
        sensors[index].lastFailure = failure
        sensors[index].failures[failure.kind, default: 0] += 1
        sensors[index].failingSince = sensors[index].failingSince ?? at
    }
}
