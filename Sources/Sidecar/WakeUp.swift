import Synchronization

/// A call that ends a sensor's wait early.
///
/// At most one is pending: ten events wake a sensor once.
final class WakeUp: Sendable {
    private struct State {
        var isPending = false
        var sleeper: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Ends the present wait, or makes the next one end at once.
    func call() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let sleeper = state.sleeper else {
                state.isPending = true
                return nil
            }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// Waits until called, at most `duration`; returns early when the task is cancelled.
    ///
    /// One waiter at a time.
    func wait(atMost duration: Duration) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled by the return of the other, which is the point; a sleep that is cut short is no error.
                do { try await Task.sleep(for: duration) } catch { return }
                self.call()
            }
            await untilCalled()
            group.cancelAll()
        }

    }

    private func untilCalled() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state -> Bool in
                    if state.isPending || state.isCancelled {
                        state.isPending = false
                        return true
                    }
                    state.sleeper = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.isCancelled = true
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume()
        }
    }
}
