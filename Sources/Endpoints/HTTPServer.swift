public import Facts
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// What the listeners share: one event-loop thread, the source of verdicts, the limits and the counters.
public final class HTTPServer: Sendable {
    let source: any VerdictSource
    let now: @Sendable () -> Moment
    let limits: HTTPLimits
    let logger: Logger
    let counters: HTTPCounters
    let eventLoop: MultiThreadedEventLoopGroup

    /// Starts the event-loop thread; it ends with ``shutDown()``.
    public init(
        source: any VerdictSource,
        limits: HTTPLimits = HTTPLimits(),
        logger: Logger,
        now: @escaping @Sendable () -> Moment
    ) {
        self.source = source
        self.limits = limits
        self.logger = logger
        self.now = now
        counters = HTTPCounters(waiters: limits.waiters)
        eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// A listener; several may run at once, each once.
    public func listener(on address: ListenAddress, for audience: Audience) -> HTTPListener {
        HTTPListener(server: self, address: address, audience: audience)
    }

    /// Ends the event-loop thread; to be called after the listeners' `run()` have returned.
    public func shutDown() async {
        // It fails only where it was called before.
        try? await eventLoop.shutdownGracefully()
    }
}

/// One listener: an address, served until the service group shuts down.
///
/// Graceful shutdown: no new connections, answers under way are finished, long polls are answered and event streams
/// end.
public final class HTTPListener: Service {
    let server: HTTPServer
    /// Where it was told to listen.
    public let address: ListenAddress
    /// Whom it serves.
    public let audience: Audience
    private let gate = BindingGate()

    init(server: HTTPServer, address: ListenAddress, audience: Audience) {
        self.server = server
        self.address = address
        self.audience = audience
    }

    /// Listens and serves until graceful shutdown or cancellation.
    ///
    /// - Throws: ``ListenError`` where the address cannot be bound.
    public func run() async throws {
        do {
            try await serve()
            gate.settle(.failure(.failed(address, "it was stopped before it listened")))
        } catch {
            let failure = listenError(error)
            gate.settle(.failure(failure))
            throw failure
        }
    }

    /// Waits until ``run()`` listens, and answers with the address that it got: the real port where 0 was asked for.
    ///
    /// - Throws: ``ListenError`` where the address could not be bound.
    public func bound() async throws(ListenError) -> ListenAddress { try await gate.wait() }

    private func serve() async throws {
        switch address {
        case .tcp: try await serve(at: address) { channel in self.gate.settle(.success(self.realAddress(channel))) }
        case .unix(let path):
            let file = UnixSocketFile(path: path)
            try file.prepare()
            defer { file.remove() }
            try await serve(at: .unix(path: file.bindingPath)) { _ in
                try file.publish()
                self.gate.settle(.success(self.address))
            }
        }
    }

    private func serve(
        at address: ListenAddress,
        whenBound: @escaping @Sendable (any Channel) throws -> Void
    ) async throws {
        let failure = Mutex<(any Error)?>(nil)
        try await runServer(listener: self, at: address) { channel in
            do {
                try whenBound(channel)
            } catch {
                failure.withLock { $0 = error }
                channel.close(promise: nil)
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private func realAddress(_ channel: any Channel) -> ListenAddress {
        guard case .tcp(let host, _) = address, let port = channel.localAddress?.port else { return address }
        return .tcp(host: host, port: port)
    }

    private func listenError(_ error: any Error) -> ListenError {
        switch error {
        case let error as ListenError: error
        case let error as IOError: ListenError(address, errno: error.errnoCode)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            .failed(address, "the host name does not resolve")
        default: .failed(address, "\(error)")
        }
    }
}

/// Holds those who wait for a listener until it is known whether it listens; settled once.
private final class BindingGate: Sendable {
    private typealias Outcome = Result<ListenAddress, ListenError>

    private struct State {
        var outcome: Outcome?
        var waiting: [CheckedContinuation<Outcome, Never>] = []
    }

    private let state = Mutex(State())

    func settle(_ outcome: Result<ListenAddress, ListenError>) {
        let waiting = state.withLock { state in
            guard state.outcome == nil else { return [CheckedContinuation<Outcome, Never>]() }
            state.outcome = outcome
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    func wait() async throws(ListenError) -> ListenAddress {
        let outcome = await withCheckedContinuation { continuation in
            let settled = state.withLock { state in
                if state.outcome == nil { state.waiting.append(continuation) }
                return state.outcome
            }
            if let settled { continuation.resume(returning: settled) }
        }
        return try outcome.get()
    }
}
