import Deadlines
import Facts
import Glibc
import Synchronization

/// A thread of a sensor's own for system calls that no deadline can interrupt: a read on a storage that hangs.
///
/// Whoever asks waits for the answer only until its deadline; the call goes on, and until it returns nobody gets an
/// answer, which is a failure in time. Nothing else waits: neither the event watcher nor Swift's pool.
final class WorkerThread: Sendable {
    /// How many jobs wait at most; the next one is turned away.
    static let queueLimit = 64
    /// How many jobs wait for a later time at most; the next one is turned away.
    static let timerLimit = 16

    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var timers: [(due: Int64, job: Job)] = []
        var isStopped = false
        var hasThread = true
    }

    private let state = Mutex(State())
    private let arrived = WakeSignal()

    /// Starts the thread; where the system gives none, jobs run on the thread that brings them and timers never fire.
    init(name: String) {
        do {
            try startThread(name: name) { self.run() }
        } catch {
            state.withLock { $0.hasThread = false }
        }
    }

    /// Runs `job` after those that arrived before it; false where the queue is full or the thread has been told to end.
    @discardableResult
    func perform(_ job: @escaping Job) -> Bool {
        let (isAccepted, isInline) = state.withLock { state in
            guard !state.isStopped, state.jobs.count < Self.queueLimit else { return (false, false) }
            if state.hasThread { state.jobs.append(job) }
            return (true, !state.hasThread)
        }
        if isInline { job() } else if isAccepted { arrived.raise() }
        return isAccepted
    }

    /// Runs `job` once `seconds` have passed.
    func perform(after seconds: Double, _ job: @escaping Job) {
        let due = SystemClock.now().boot + Int64(max(0, seconds) * 1e9)
        state.withLock { state in
            if !state.isStopped, state.timers.count < Self.timerLimit { state.timers.append((due, job)) }
        }
        arrived.raise()
    }

    /// What `body` gives on the thread; nil where the deadline passed first or the thread takes no job.
    func value<Value: Sendable>(
        before deadline: Deadline,
        _ body: @escaping @Sendable () -> Value
    ) async -> Value? {
        let answer = Answer<Value>()
        guard perform({ if !answer.isGiven { answer.give(body()) } }) else { return nil }
        return await withTaskGroup(of: Void.self, returning: Value?.self) { group in
            group.addTask {
                try? await Task.sleep(for: .seconds(max(0, deadline.remainingSeconds)))
                answer.give(nil)
            }
            let value = await answer.wait()
            group.cancelAll()
            return value
        }
    }

    /// Ends the thread after the job that runs; jobs that wait are dropped.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.jobs = []
            state.timers = []
        }
        arrived.raise()
    }

    private func run() {
        while true {
            arrived.lower()
            while let job = next() { job() }
            let (isStopped, due) = state.withLock { ($0.isStopped, $0.timers.map(\.due).min()) }
            if isStopped { return }
            let seconds = due.map { Double($0 - SystemClock.now().boot) / 1e9 } ?? Deadline.maximumSeconds
            _ = waitUntilReady(arrived.descriptor, for: Int16(POLLIN), until: .after(seconds: seconds))
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            if !state.jobs.isEmpty { return state.jobs.removeFirst() }
            let now = SystemClock.now().boot
            guard let index = state.timers.firstIndex(where: { $0.due <= now }) else { return nil }
            return state.timers.remove(at: index).job
        }
    }
}

/// An answer that is given once, by whoever is first, to the one who waits for it.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value?, Never>)
        case given(Value?)
    }

    private let state = Mutex(State.open)

    var isGiven: Bool {
        state.withLock { if case .given = $0 { true } else { false } }
    }

    func give(_ value: Value?) {
        let waiting: CheckedContinuation<Value?, Never>? = state.withLock { state in
            switch state {
            case .open:
                state = .given(value)
                return nil
            case .awaited(let continuation):
                state = .given(value)
                return continuation
            case .given: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    func wait() async -> Value? {
        await withCheckedContinuation { continuation in
            let given: Value?? = state.withLock { state in
                if case .given(let value) = state { return .some(value) }
                state = .awaited(continuation)
                return nil
            }
            if let given { continuation.resume(returning: given) }
        }
    }
}
