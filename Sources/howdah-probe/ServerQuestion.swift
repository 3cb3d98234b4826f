import CProbe

/// What came of asking the server at one address whether it lets sessions in.
enum ServerAnswer {
    /// The server said something.
    case answered(StartupExchange.Answer)
    /// The kernel accepted the connection and not one byte came.
    case silent
    /// The kernel did not accept the connection in time: dropped packets, or a full queue.
    case notAccepted
    /// No such socket file.
    case noSocket
    /// Nobody listens.
    case refused
    /// Any other error of the system.
    case failed(code: Int32)

    /// Whether it settles the matter, so that no other address is asked.
    fileprivate var isFinal: Bool {
        switch self {
        case .answered, .silent: true
        case .notAccepted, .noSocket, .refused, .failed: false
        }
    }
}

/// Asks the server: one start-up exchange, bounded, and without a name to resolve or a password to give.
struct ServerQuestion {
    /// The user that the start-up message names.
    var user: String
    /// The database that it names.
    var database: String

    /// Asks at one address after the other until one answers or time is up.
    ///
    /// An address that the kernel refuses costs nothing; one that drops packets may use half of the time that is left.
    func ask(_ addresses: [ServerAddress], until limit: TimeLimit) -> (at: ServerAddress, ServerAnswer)? {
        var first: (ServerAddress, ServerAnswer)?
        for (index, address) in addresses.enumerated() {
            let isLast = index == addresses.count - 1
            let answer = ask(address, connectUntil: isLast ? limit : limit.half, until: limit)
            if answer.isFinal { return (address, answer) }
            // Of several dead ends the one that is not a missing file says most.
            guard let (_, before) = first else {
                first = (address, answer)
                continue
            }
            if case .noSocket = before { first = (address, answer) }
        }
        return first
    }

    private func ask(
        _ address: ServerAddress,
        connectUntil connectLimit: TimeLimit,
        until limit: TimeLimit
    ) -> ServerAnswer {
        var file: Int32 = -1
        defer { if file >= 0 { close(file) } }
        if let failure = Self.connect(to: address, &file, until: connectLimit) { return failure }
        let message = StartupExchange.startupMessage(
            user: user,
            database: database,
            applicationName: "howdah-probe"
        )
        guard Self.send(message, to: file) else { return .answered(.closed) }
        return Self.read(from: file, until: limit)
    }

    /// Connects without waiting longer than the limit; gives back why it failed, or nil.
    private static func connect(
        to address: ServerAddress,
        _ file: inout Int32,
        until limit: TimeLimit
    ) -> ServerAnswer? {
        while true {
            let code = unsafe address.withSocketAddress { family, pointer, length -> Int32 in
                let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                file = socket(family, type, 0)
                guard file >= 0 else { return errno }
                return unsafe CProbe.connect(file, pointer, length) == 0 ? 0 : errno
            }
            switch code {
            case nil: return .failed(code: EINVAL)
            case 0: return nil
            case EINPROGRESS: return waitForConnection(file, until: limit)
            // A Unix socket whose queue is full; there is no event to wait for.
            case EAGAIN where limit.remainingMilliseconds > 0:
                close(file)
                file = -1
                usleep(10_000)
            case .some(let code): return answer(to: code)
            }
        }
    }

    private static func waitForConnection(_ file: Int32, until limit: TimeLimit) -> ServerAnswer? {
        guard wait(for: Int16(POLLOUT), on: file, until: limit) else { return .notAccepted }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else {
            return .failed(code: errno)
        }
        return code == 0 ? nil : answer(to: code)
    }

    private static func answer(to code: Int32) -> ServerAnswer {
        switch code {
        case ECONNREFUSED: .refused
        case ENOENT: .noSocket
        case EAGAIN, ETIMEDOUT: .notAccepted
        default: .failed(code: code)
        }
    }

    /// Sends a message that fits into an empty socket buffer.
    private static func send(_ message: [UInt8], to file: Int32) -> Bool {
        unsafe message.withUnsafeBytes {
            unsafe CProbe.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) == $0.count
        }
    }

    private static func read(from file: Int32, until limit: TimeLimit) -> ServerAnswer {
        var exchange = StartupExchange()
        var chunk = [UInt8](repeating: 0, count: 2048)
        while wait(for: Int16(POLLIN), on: file, until: limit) {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(file, $0.baseAddress, $0.count, 0) }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return .answered(exchange.endOfInput()) }
            guard let answer = exchange.receive(chunk[..<count]) else { continue }
            // Leaving a session without a word would leave a line in the server's log.
            if case .letIn = answer { _ = send(StartupExchange.terminateMessage, to: file) }
            return .answered(answer)
        }
        return exchange.outOfTime().map { .answered($0) } ?? .silent
    }

    /// Whether something happened on the socket before the limit.
    private static func wait(for events: Int16, on file: Int32, until limit: TimeLimit) -> Bool {
        while true {
            let milliseconds = limit.remainingMilliseconds
            var poller = pollfd(fd: file, events: events, revents: 0)
            let count = unsafe poll(&poller, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR || milliseconds == 0 { return false }
        }
    }
}
