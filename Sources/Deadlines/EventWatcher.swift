import CLinux
import Glibc
import Synchronization

/// One thread on one epoll instance that calls a handler the moment a descriptor has news.
///
/// For descriptors that say *now* where polling says *later*: a pidfd, an inotify descriptor, the hang-up of a socket.
/// Watches are edge-triggered: a handler is called once per event, also for one that is already there when the watch
/// begins, and need not read the descriptor for the next event to be seen.
public final class EventWatcher: Sendable {
    /// How many watches there can be at once; the next one throws.
    public static let watchLimit = 256
    /// There is something to read: `EPOLLIN`.
    public static let readable: UInt32 = EPOLLIN.rawValue
    /// The other side has closed its end of a socket: `EPOLLRDHUP`.
    public static let hangUp: UInt32 = EPOLLRDHUP.rawValue

    private let core: WatcherCore

    /// Starts the thread; throws if the system gives no thread or no descriptor.
    public init(name: String = "events") throws(SystemCallError) {
        let core = try WatcherCore()
        self.core = core
        try startThread(name: name) { core.run() }
    }

    /// Calls `handler` on the watcher's thread for each event on `fd` out of `events` (`EPOLLIN`, `EPOLLRDHUP`, …);
    /// errors and hang-up (`EPOLLERR`, `EPOLLHUP`) always count.
    ///
    /// Handlers must be short: they share the thread. The descriptor stays the caller's, who should cancel the watch
    /// before closing it. A descriptor that was closed all the same and whose number now means another file is no harm.
    /// Throws at `watchLimit` (ENOSPC), after `shutdown()` (ECANCELED), and where epoll does not take the descriptor.
    public func watch(
        fd: Int32,
        events: UInt32,
        _ handler: @escaping @Sendable () -> Void
    ) throws(SystemCallError) -> Registration {
        let id = try core.add(fd: fd, events: events, handler: handler)
        return Registration(id: id, core: core)
    }

    /// Ends the thread; no handler begins after that.
    ///
    /// Calling it again does nothing.
    public func shutdown() { core.stop() }

    /// How many watches there are.
    public var watchCount: Int { core.watchCount }

    deinit { core.stop() }
}

/// A watch on a descriptor; it ends with `cancel()` or when the last reference goes.
public final class Registration: Sendable {
    private let id: UInt64
    private let core: WatcherCore

    fileprivate init(id: UInt64, core: WatcherCore) {
        self.id = id
        self.core = core
    }

    /// Ends the watch: no call of the handler begins after this.
    ///
    /// One that is under way on the watcher's thread finishes. Calling it again does nothing.
    public func cancel() { core.remove(id) }

    deinit { core.remove(id) }
}

/// What the thread, the watcher and the registrations share.
private final class WatcherCore: Sendable {
    private struct Watch {
        var fd: Int32
        var handler: @Sendable () -> Void
    }

    private struct State {
        /// By registration, never by descriptor: a descriptor's number comes back, a registration's does not.
        var watches: [UInt64: Watch] = [:]
        /// Which registration a descriptor's number belongs to now.
        var owners: [Int32: UInt64] = [:]
        var nextID: UInt64 = 1
        var isStopped = false
    }

    private let state = Mutex(State())
    private let epoll: Int32
    private let stopSignal = WakeSignal()
    /// Events taken from the kernel at a time.
    private static let batchSize = 32
    /// The id of the stop signal, which is not a registration.
    private static let stopID: UInt64 = 0

    init() throws(SystemCallError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemCallError("epoll_create1") }
        guard stopSignal.descriptor >= 0 else { throw SystemCallError("eventfd") }
        try control(EPOLL_CTL_ADD, stopSignal.descriptor, EPOLLIN.rawValue, id: Self.stopID)
    }

    var watchCount: Int { state.withLock { $0.watches.count } }

    func add(
        fd: Int32,
        events: UInt32,
        handler: @escaping @Sendable () -> Void
    ) throws(SystemCallError) -> UInt64 {
        try state.withLock { state throws(SystemCallError) in
            guard !state.isStopped else { throw SystemCallError("epoll_ctl", code: ECANCELED) }
            guard state.watches.count < EventWatcher.watchLimit else {
                throw SystemCallError("epoll_ctl", code: ENOSPC)
            }
            let id = state.nextID
            try control(EPOLL_CTL_ADD, fd, events | EPOLLET.rawValue, id: id)
            state.nextID += 1
            state.watches[id] = Watch(fd: fd, handler: handler)
            state.owners[fd] = id
            return id
        }
    }

    func remove(_ id: UInt64) {
        // The handler is released outside the lock: what it holds may own a registration, too.
        let removed: Watch? = state.withLock { state in
            guard let watch = state.watches.removeValue(forKey: id) else { return nil }
            guard state.owners[watch.fd] == id else { return watch }
            state.owners[watch.fd] = nil
            // Fails harmlessly if the descriptor was closed before, which ended the watch in the kernel.
            try? control(EPOLL_CTL_DEL, watch.fd, 0, id: id)
            return watch
        }
        _ = removed
    }

    func stop() {
        let removed = state.withLock { state in
            state.isStopped = true
            let watches = state.watches
            state.watches = [:]
            state.owners = [:]
            return watches
        }
        _ = removed
        stopSignal.raise()
    }

    func run() {
        let buffer = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.batchSize)
        defer { unsafe buffer.deallocate() }
        while true {
            // No deadline: this wait ends with `stop()`, and nobody waits for it.
            let count = unsafe epoll_wait(epoll, buffer, Int32(Self.batchSize), -1)
            if count < 0, errno != EINTR { return }
            for index in 0..<max(0, Int(count)) {
                let id = unsafe buffer[index].data.u64
                if id == Self.stopID { return }
                state.withLock({ $0.watches[id]?.handler })?()
            }
        }
    }

    private func control(_ operation: Int32, _ fd: Int32, _ events: UInt32, id: UInt64) throws(SystemCallError) {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: id))
        guard unsafe epoll_ctl(epoll, operation, fd, &event) == 0 else { throw SystemCallError("epoll_ctl") }
    }

    deinit {
        if epoll >= 0 { close(epoll) }
    }
}
