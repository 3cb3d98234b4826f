import CLinux
import Deadlines
import Facts
import Glibc
import Synchronization

/// Watches one process to its end through a pidfd: it is known at once, and no later process of the number is mistaken
/// for it.
final class ProcessWatch: Sendable {
    /// The process.
    let pid: Int32
    private let descriptor: Int32
    private let registration: Registration?
    private let end: EndOfProcess

    /// Begins to watch; nil where the kernel gives no pidfd: no such process, older than 5.3, or seccomp.
    init?(pid: Int32, watcher: EventWatcher, onEnd: @escaping @Sendable () -> Void) {
        let descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else { return nil }
        let end = EndOfProcess()
        self.pid = pid
        self.descriptor = descriptor
        self.end = end
        registration = try? watcher.watch(fd: descriptor, events: EPOLLIN.rawValue) {
            end.note(at: SystemClock.now())
            onEnd()
        }
    }

    /// When it ended, as precisely as we know; nil while it lives.
    var endedAt: Moment? {
        if let at = end.at { return at }
        guard case .ready = waitUntilReady(descriptor, for: Int16(POLLIN), until: .after(seconds: 0)) else {
            return nil
        }
        end.note(at: SystemClock.now())
        return end.at
    }

    deinit {
        registration?.cancel()
        close(descriptor)
    }
}

/// When a process ended.
private final class EndOfProcess: Sendable {
    private let moment = Mutex<Moment?>(nil)

    var at: Moment? { moment.withLock { $0 } }

    func note(at now: Moment) { moment.withLock { if $0 == nil { $0 = now } } }
}
