import CLinux
import Glibc
import Synchronization

/// A flag that another thread can raise and that ends a `poll(2)`: an eventfd.
///
/// Where no descriptor can be had (EMFILE) the flag still works, only the wait does not end early.
public final class WakeSignal: Sendable {
    /// The descriptor to wait on; -1 (which `poll` ignores) where none could be had.
    public let descriptor: Int32
    private let raised = Atomic<Bool>(false)

    /// Makes a lowered signal.
    public init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    }

    /// Raises the signal; whoever waits on it returns.
    ///
    /// Any thread may call it, any number of times.
    public func raise() {
        raised.store(true, ordering: .releasing)
        guard descriptor >= 0 else { return }
        // Only a counter at its maximum makes this fail, and then the descriptor is readable anyway.
        _ = eventfd_write(descriptor, 1)
    }

    /// Lowers the signal and says whether it had been raised.
    @discardableResult
    public func lower() -> Bool {
        if descriptor >= 0 {
            var count: eventfd_t = 0
            _ = unsafe eventfd_read(descriptor, &count)
        }
        return raised.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Waits until the signal is raised or the deadline passes, lowers it, and says whether it had been raised.
    ///
    /// Blocks the calling thread: only for threads that Howdah owns.
    public func wait(until deadline: Deadline) -> Bool {
        _ = waitUntilReady(descriptor, for: Int16(POLLIN), until: deadline)
        return lower()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
