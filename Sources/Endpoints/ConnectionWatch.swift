/// The limits of one connection in time and size, as a state machine that does no I/O.
///
/// Times are nanoseconds of any clock that only runs forward.
struct ConnectionWatch: Sendable {
    let limits: HTTPLimits
    /// When the first byte of the request that is being received came, for the first request when the connection was
    /// opened; nil between requests.
    private var receivingSince: Int64?
    /// When the last answer ended.
    private var idleSince: Int64
    /// When a write began of which the client has not yet taken everything; nil while nothing waits.
    private var writingSince: Int64?
    private var pendingWrites = 0
    private var bodyBytes = 0
    /// Requests whose head was let through and whose answer has not ended.
    private(set) var unanswered = 0
    /// Nothing more is read; the connection is closed after the answer that is under way.
    private(set) var isClosing = false

    /// What the limits have to say.
    enum Ruling: Sendable, Hashable {
        /// Go on.
        case proceed
        /// Answer with a problem document and close.
        case refuse(Refusal)
        /// Read no further; finish the answers that are under way and close behind them.
        case drop(HTTPLimits.Name?)
        /// Close without a word: nobody would read it.
        case close(HTTPLimits.Name)
    }

    /// A connection that was opened at `now`.
    init(limits: HTTPLimits, now: Int64) {
        self.limits = limits
        receivingSince = now
        idleSince = now
    }

    /// Bytes arrived.
    mutating func received(at now: Int64) {
        if receivingSince == nil, !isClosing { receivingSince = now }
    }

    /// The head of a request arrived, with the body that it announces.
    mutating func headEnded(keepsAlive: Bool, announcedBytes: Int?) -> Ruling {
        bodyBytes = 0
        if let announcedBytes, announcedBytes > limits.bodyBytes { return refusal(.bodyTooLarge(limits.bodyBytes)) }
        unanswered += 1
        if !keepsAlive { isClosing = true }
        return .proceed
    }

    /// A part of a body arrived.
    mutating func bodyReceived(_ count: Int) -> Ruling {
        bodyBytes += count
        guard bodyBytes > limits.bodyBytes else { return .proceed }
        return unanswered > 0 ? refusal(.bodyTooLarge(limits.bodyBytes)) : .close(.bodyBytes)
    }

    /// The request is complete.
    mutating func requestEnded() { receivingSince = nil }

    /// The bytes are not HTTP, or too many of them are headers.
    mutating func notUnderstood(headersTooLarge: Bool) -> Ruling {
        refusal(headersTooLarge ? .headersTooLarge(limits.headerBytes) : .notHTTP)
    }

    /// The answer asked for the connection to be closed behind it.
    mutating func closeAfterAnswer() { isClosing = true }

    /// An answer went out whole; says whether the connection is to be closed now.
    mutating func answerEnded(at now: Int64) -> Bool {
        unanswered = max(0, unanswered - 1)
        idleSince = now
        return isClosing && unanswered == 0
    }

    /// Bytes were given to the kernel's keeping, or wait for it.
    mutating func writeBegan(at now: Int64) {
        pendingWrites += 1
        if writingSince == nil { writingSince = now }
    }

    /// The kernel took the bytes of one write.
    mutating func writeEnded(at now: Int64) {
        pendingWrites -= 1
        writingSince = pendingWrites > 0 ? now : nil
    }

    /// What is due at `now`.
    mutating func ruling(at now: Int64) -> Ruling {
        if let writingSince, now >= writingSince + nanoseconds(limits.writeSeconds) { return .close(.writeSeconds) }
        if let receivingSince {
            guard now >= receivingSince + nanoseconds(limits.requestSeconds) else { return .proceed }
            return refusal(.tooSlow(limits.requestSeconds))
        }
        guard unanswered == 0, now >= idleSince + nanoseconds(limits.idleSeconds) else { return .proceed }
        return .close(.idleSeconds)
    }

    /// When to ask again; nil where nothing is running out.
    var nextRuling: Int64? {
        let dues = [
            writingSince.map { $0 + nanoseconds(limits.writeSeconds) },
            receivingSince.map { $0 + nanoseconds(limits.requestSeconds) },
            receivingSince == nil && unanswered == 0 ? idleSince + nanoseconds(limits.idleSeconds) : nil,
        ]
        return dues.compactMap { $0 }.min()
    }

    /// A problem document can only be sent where no answer is under way: two would be mixed up.
    private mutating func refusal(_ refusal: Refusal) -> Ruling {
        guard unanswered > 0 else { return .refuse(refusal) }
        isClosing = true
        receivingSince = nil
        return .drop(refusal.limit)
    }

    private func nanoseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }
}

/// Why a connection is answered without a route and closed.
enum Refusal: Sendable, Hashable {
    case notHTTP
    case headersTooLarge(Int)
    case bodyTooLarge(Int)
    case tooSlow(Double)
    case tooManyConnections(Int)

    /// The limit that it counts under; nil for what is not a limit.
    var limit: HTTPLimits.Name? {
        switch self {
        case .notHTTP: nil
        case .headersTooLarge: .headerBytes
        case .bodyTooLarge: .bodyBytes
        case .tooSlow: .requestSeconds
        case .tooManyConnections: .connections
        }
    }

    /// The answer to send.
    var response: Response {
        switch self {
        case .notHTTP: .problem(400, "Bad request", "This is not an HTTP/1.1 request. Try: curl http://HOST:PORT/state")
        case .headersTooLarge(let bytes):
            .problem(
                431,
                "Request header fields too large",
                "Request line and headers may have \(bytes) bytes together."
            )
        case .bodyTooLarge(let bytes): .problem(413, "Content too large", "A body may have \(bytes) bytes.")
        case .tooSlow(let seconds):
            .problem(408, "Request timeout", "A request must be complete within \(Int(seconds)) seconds.")
        case .tooManyConnections(let count):
            .problem(503, "Too many connections", "All \(count) connections of this listener are at work; try again.")
        }
    }
}
