import Diagnosis
import Endpoints
import Exposition
import Facts
import Sensors
import Synchronization

/// The latest snapshot and verdict, and the one place where a new observation becomes a new verdict.
///
/// Sensors write through ``record(_:_:)``; requests read ``latest()`` and never wait for a sensor.
final class Board: VerdictSource {
    /// How many changes are kept.
    static let historyLimit = 256

    fileprivate struct State {
        var snapshot: Snapshot
        var memory = Memory()
        var verdict: Verdict
        var history: [Transition] = []
        /// How many changes there have been, those that fell out of `history` included.
        var transitionCount = 0
        var stateTransitions: [StateChange: Int] = [:]
        var cost = Cost()
        var confirmedAt: Moment
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Waits whose time ran out before they had begun.
        var expired: Set<UInt64> = []
        var nextWaiter: UInt64 = 0
    }

    /// What Howdah has asked of the server so far.
    struct Cost: Sendable {
        var querySeconds = 0.0
        var queries = 0
        var connectionAttempts = 0
    }

    private let state: Mutex<State>
    private let policy: Policy
    private let version: String
    private let catalogue: [CatalogueEntry]
    /// Called after a change of the verdict, outside the lock; must be quick.
    private let onChange: @Sendable () -> Void

    init(snapshot: Snapshot, policy: Policy, version: String, onChange: @escaping @Sendable () -> Void) {
        self.policy = policy
        self.version = version
        self.onChange = onChange
        catalogue = Catalogue.definitions.map {
            CatalogueEntry(name: $0.name, family: $0.family, severity: policy.severity($0))
        }
        let now = snapshot.watchingSince
        let (verdict, memory) = diagnose(snapshot, memory: Memory(), policy: policy, now: now)
        state = Mutex(State(snapshot: snapshot, memory: memory, verdict: verdict, confirmedAt: now))
    }

    /// Changes the snapshot and reaches a new verdict from it.
    func record(_ change: (inout Snapshot, inout Cost) -> Void) {
        let (waiters, isNew) = state.withLock { state -> ([CheckedContinuation<Void, Never>], Bool) in
            // Read under the lock, so that verdicts follow each other in time.
            let now = SystemClock.now()
            change(&state.snapshot, &state.cost)
            let before = state.verdict
            let (verdict, memory) = diagnose(state.snapshot, memory: state.memory, policy: policy, now: now)
            state.verdict = verdict
            state.memory = memory
            state.confirmedAt = now
            state.note(Diagnosis.transitions(from: before, to: verdict), from: before, to: verdict)
            guard verdict.revision != before.revision else { return ([], false) }
            defer { state.waiters = [:] }
            return (Array(state.waiters.values), true)
        }
        for waiter in waiters { waiter.resume() }
        if isNew { onChange() }
    }

    /// Reaches a new verdict from the same snapshot: time itself is evidence.
    func tick() { record { _, _ in } }

    /// The snapshot as it is now.
    func snapshot() -> Snapshot { state.withLock { $0.snapshot } }

    /// The verdict as it is now, and when it was last found to hold.
    func verdict() -> (verdict: Verdict, confirmedAt: Moment) { state.withLock { ($0.verdict, $0.confirmedAt) } }

    /// The changes after the first `count`, with how many there have been in all.
    func transitions(after count: Int) -> (new: [Transition], count: Int) {
        state.withLock { state in
            let new = min(state.transitionCount - count, state.history.count)
            return (Array(state.history.suffix(new)), state.transitionCount)
        }
    }

    func latest() -> Published { state.withLock { published($0) } }

    func change(after revision: UInt64, timeout: Duration) async -> Published {
        let id = state.withLock { state -> UInt64 in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withDiscardingTaskGroup { group in
            group.addTask {
                do { try await Task.sleep(for: timeout) } catch { return }
                self.release(id)
            }
            await wait(id, revision: revision)
            group.cancelAll()
        }
        state.withLock { _ = $0.expired.remove(id) }
        return latest()
    }

    private func wait(_ id: UInt64, revision: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state -> Bool in
                    guard state.verdict.revision == revision, !Task.isCancelled, !state.expired.contains(id) else {
                        return true
                    }
                    state.waiters[id] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            release(id)
        }
    }

    private func release(_ id: UInt64) {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let waiter = state.waiters.removeValue(forKey: id) { return waiter }
            state.expired.insert(id)
            return nil
        }?.resume()
    }

    private func published(_ state: borrowing State) -> Published {
        Published(
            snapshot: state.snapshot,
            verdict: state.verdict,
            history: state.history,
            stateTransitions: state.stateTransitions,
            catalogue: catalogue,
            observer: ObserverReport(
                version: version,
                startedAt: state.snapshot.watchingSince,
                querySeconds: state.cost.querySeconds,
                queries: state.cost.queries,
                connectionAttempts: state.cost.connectionAttempts,
                doctor: examine(state.snapshot)
            )
        )
    }
}

extension Board.State {
    fileprivate mutating func note(_ changes: [Transition], from before: Verdict, to after: Verdict) {
        history += changes
        transitionCount += changes.count
        if history.count > Board.historyLimit { history.removeFirst(history.count - Board.historyLimit) }
        guard before.state != after.state else { return }
        stateTransitions[StateChange(from: before.state, to: after.state), default: 0] += 1
    }
}
