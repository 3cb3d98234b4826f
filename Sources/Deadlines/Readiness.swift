import CLinux
import Glibc

/// What ended a wait on a descriptor.
public enum Readiness: Sendable, Hashable {
    /// The descriptor is ready; the events are those of `poll(2)`, errors and hang-up included.
    case ready(Int16)
    /// The signal was raised first. It is still raised.
    case woken
    /// The deadline passed first.
    case timedOut
    /// `poll(2)` itself failed.
    case failed(SystemCallError)
}

/// Waits with `poll(2)` until `descriptor` is ready, `wake` is raised or the deadline passes, whichever is first.
///
/// A descriptor that is ready wins over a deadline that has passed: with a deadline in the past this only looks.
/// Blocks the calling thread: only for threads that Howdah owns. Signals do not end it (EINTR is retried).
public func waitUntilReady(
    _ descriptor: Int32,
    for events: Int16,
    wake: WakeSignal? = nil,
    until deadline: Deadline
) -> Readiness {
    while true {
        var entries = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: wake?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let count = unsafe poll(&entries, nfds_t(entries.count), deadline.remainingMilliseconds)
        if count < 0 {
            if errno == EINTR { continue }
            return .failed(SystemCallError("poll"))
        }
        if entries[0].revents != 0 { return .ready(entries[0].revents) }
        if entries[1].revents != 0 { return .woken }
        if deadline.hasPassed { return .timedOut }
    }
}
