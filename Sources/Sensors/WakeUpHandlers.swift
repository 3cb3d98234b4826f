internal import Synchronization

/// Handlers that are called when a source has news.
final class WakeUpHandlers: Sendable {
    private let handlers = Mutex<[@Sendable () -> Void]>([])

    /// Adds a handler; it stays for good.
    func add(_ handler: @escaping @Sendable () -> Void) { handlers.withLock { $0.append(handler) } }

    /// Calls every handler, on the calling thread.
    func call() {
        for handler in handlers.withLock({ $0 }) { handler() }
    }
}
