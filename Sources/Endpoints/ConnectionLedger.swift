import Exposition
import Synchronization

/// The open connections of one listener, and which of them goes where there are too many.
final class ConnectionLedger: Sendable {
    private struct Entry {
        var isAnswering = false
        /// Grows with everything that happens to any connection: who has the smallest has been quiet for longest.
        var lastUse: UInt64
        var close: @Sendable () -> Void
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var nextID: UInt64 = 0
        var nextUse: UInt64 = 0

        mutating func use() -> UInt64 {
            nextUse += 1
            return nextUse
        }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let counters: HTTPCounters
    private let audience: Audience

    init(limit: Int, audience: Audience, counters: HTTPCounters) {
        self.limit = limit
        self.audience = audience
        self.counters = counters
    }

    /// Enters a new connection, closing the quietest one where there are too many.
    ///
    /// - Returns: its number; nil where all connections are at work, so that the new one has to go.
    func enter(close: @escaping @Sendable () -> Void) -> UInt64? {
        let (id, evicted) = state.withLock { state -> (UInt64?, (@Sendable () -> Void)?) in
            var evicted: (@Sendable () -> Void)?
            if state.entries.count >= limit {
                let quiet = state.entries.filter { !$0.value.isAnswering }.min { $0.value.lastUse < $1.value.lastUse }
                guard let quiet else { return (nil, nil) }
                evicted = quiet.value.close
                state.entries[quiet.key] = nil
            }
            state.nextID += 1
            state.entries[state.nextID] = Entry(lastUse: state.use(), close: close)
            return (state.nextID, evicted)
        }
        // Outside the lock: closing a channel calls back.
        evicted?()
        if id == nil || evicted != nil { counters.reached(.connections) }
        counters.setConnections(state.withLock { $0.entries.count }, of: audience)
        return id
    }

    /// Notes that something happened to a connection.
    func used(_ id: UInt64, isAnswering: Bool) {
        state.withLock { state in
            let use = state.use()
            state.entries[id]?.lastUse = use
            state.entries[id]?.isAnswering = isAnswering
        }
    }

    /// Removes a connection that was closed.
    func leave(_ id: UInt64) {
        let count = state.withLock { state in
            state.entries[id] = nil
            return state.entries.count
        }
        counters.setConnections(count, of: audience)
    }
}

/// What all listeners count, and the places for those who wait.
final class HTTPCounters: Sendable {
    private let counts: Mutex<HTTPCounts>
    private let waiterLimit: Int

    init(waiters: Int) {
        var counts = HTTPCounts()
        for name in HTTPLimits.Name.allCases { counts.limitsReached[name.rawValue] = 0 }
        for audience in Audience.allCases { counts.connections[audience.rawValue] = 0 }
        self.counts = Mutex(counts)
        waiterLimit = waiters
    }

    /// The counters as they are.
    var now: HTTPCounts { counts.withLock { $0 } }

    func answered(_ path: String, code: Int) {
        counts.withLock { $0.answers[HTTPCounts.Answer(path: path, code: code), default: 0] += 1 }
    }

    func reached(_ limit: HTTPLimits.Name) {
        counts.withLock { $0.limitsReached[limit.rawValue, default: 0] += 1 }
    }

    func setConnections(_ count: Int, of audience: Audience) {
        counts.withLock { $0.connections[audience.rawValue] = count }
    }

    /// Takes a place among those who wait; false where there is none.
    ///
    /// Each place taken must be given back.
    func takeWaiter() -> Bool {
        let isTaken = counts.withLock { counts in
            guard counts.waiters < waiterLimit else { return false }
            counts.waiters += 1
            return true
        }
        if !isTaken { reached(.waiters) }
        return isTaken
    }

    func giveBackWaiter() { counts.withLock { $0.waiters -= 1 } }
}
