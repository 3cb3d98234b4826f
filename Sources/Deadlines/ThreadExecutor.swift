import CLinux
import Glibc
import Synchronization

/// A serial executor that owns one thread, so that C calls which block never occupy Swift's cooperative pool.
///
/// An actor uses it by returning it from `unownedExecutor` and holding a strong reference. The thread lives until
/// `shutdown()`. Jobs that arrive later, or that find no thread because the system gave none, run on the thread that
/// brings them: still one at a time and in order, so that nothing that awaits the actor waits for ever.
public final class ThreadExecutor: SerialExecutor, Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        var hasThread = false
        var isShutDown = false
        /// A job runs, or somebody is about to take one: nobody else may.
        var isDraining = false
    }

    private let state = Mutex(State())
    private let arrived = Semaphore()

    /// Starts the thread; its name (at most 15 bytes) is what `top -H` shows.
    public init(name: String) {
        state.withLock { $0.hasThread = true }
        do {
            // The thread keeps the executor alive, so that `unownedExecutor` never dangles under a running job.
            try startThread(name: name) { self.run() }
        } catch {
            state.withLock { $0.hasThread = false }
        }
    }

    /// Takes a job; called by Swift.
    public func enqueue(_ job: consuming ExecutorJob) {
        // Swift calls with an unowned reference, and the job may let go of the last owner while we are still at it.
        let keeper = unsafe Unmanaged.passRetained(self)
        defer { unsafe keeper.release() }
        let job = UnownedJob(job)
        let hasThread = state.withLock { state in
            state.jobs.append(job)
            return state.hasThread
        }
        if hasThread { arrived.post() } else { drain() }
    }

    /// Ends the thread after the jobs that have arrived so far.
    ///
    /// Does not wait for that. Calling it again does nothing.
    public func shutdown() {
        let wasRunning = state.withLock { state in
            defer { state.isShutDown = true }
            return state.hasThread && !state.isShutDown
        }
        if wasRunning { arrived.post() }
    }

    /// Whether the thread runs: false once `shutdown()` has taken effect.
    public var isRunning: Bool { state.withLock { $0.hasThread } }

    /// The body of the thread.
    private func run() {
        while true {
            drain()
            let isOver = state.withLock { state in
                guard state.isShutDown, state.jobs.isEmpty else { return false }
                state.hasThread = false
                return true
            }
            if isOver { return }
            arrived.wait()
        }
    }

    /// Runs jobs until there are none, unless another thread is at it.
    private func drain() {
        guard
            state.withLock({ state in
                guard !state.isDraining else { return false }
                state.isDraining = true
                return true
            })
        else { return }
        while let job = nextJob() { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    /// The next job; where there is none the right to run jobs is given back in the same step, so that none is forgotten.
    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.isDraining = false
                return nil
            }
            return state.jobs.removeFirst()
        }
    }
}

/// A counting semaphore of the C library: no descriptor, cannot fail.
@safe private final class Semaphore: @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<sem_t>

    init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe sem_init(pointer, 0, 0)
    }

    func post() { unsafe sem_post(pointer) }

    func wait() {
        while unsafe sem_wait(pointer) != 0, errno == EINTR {}
    }

    deinit {
        unsafe sem_destroy(pointer)
        unsafe pointer.deallocate()
    }
}
