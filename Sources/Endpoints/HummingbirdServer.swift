import Diagnosis
import Exposition
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

// The only file that knows the HTTP server: what it takes over is accepting, HTTP/1.1, back pressure and draining.

/// Binds `address` and serves `listener`'s routes on it until graceful shutdown; `whenBound` is called once it listens.
func runServer(
    listener: HTTPListener,
    at address: ListenAddress,
    whenBound: @escaping @Sendable (any Channel) async -> Void
) async throws {
    let bindAddress: BindAddress =
        switch address {
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    var logger = listener.server.logger
    // The server's own lines are about its parts, not about what the operator asked for.
    logger.logLevel = max(logger.logLevel, .critical)
    let service = GuardedChannel(listener: listener).server(
        configuration: ServerConfiguration(address: bindAddress, backlog: listenBacklog),
        onServerRunning: whenBound,
        eventLoopGroup: listener.server.eventLoop,
        logger: logger
    )
    try await service.run()
}

/// Connections that the kernel keeps waiting; the kernel cuts it to `net.core.somaxconn`.
private let listenBacklog = 1024

/// Hummingbird's HTTP/1.1 connection with our guards around its parser.
private struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel
    let server: HTTPServer
    let ledger: ConnectionLedger

    init(listener: HTTPListener) {
        server = listener.server
        let limits = server.limits
        ledger = ConnectionLedger(limit: limits.connections, audience: listener.audience, counters: server.counters)
        let responder = Responder(server: server, router: Router(audience: listener.audience))
        http = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, on: channel, writer: writer)
            },
            // No idle timeout here: ours begins with the first byte of a request and not with its head.
            configuration: HTTP1Channel.Configuration(
                idleTimeout: nil,
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.headerBytes,
                    maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerFields
                )
            )
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let id = ledger.enter { channel.close(promise: nil) }
            if let id { channel.closeFuture.whenComplete { _ in ledger.leave(id) } }
            let guardian = ConnectionGuard(limits: server.limits, ledger: ledger, counters: server.counters, id: id)
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(PartGuard(guardian), position: .after(parser))
            try pipeline.addHandler(guardian, position: .first)
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}

/// Carries the routes' outcomes out.
private struct Responder: Sendable {
    let server: HTTPServer
    let router: Router

    @concurrent func respond(
        to request: HummingbirdCore.Request,
        on channel: any Channel,
        writer: consuming ResponseWriter
    ) async throws {
        let asked = Request(
            request.method.rawValue,
            request.head.path ?? "/",
            headers: request.headers.map { Request.Header($0.name.canonicalName, $0.value) }
        )
        switch router.answer(asked, known) {
        case .answer(let response): try await send(response, for: asked, writer)
        case .wait(let revision, let seconds):
            let response = try await wait(for: asked, on: channel, after: revision, seconds: seconds)
            try await send(response, for: asked, writer)
        case .events(let form): try await stream(form, for: asked, on: channel, writer)
        }
    }

    private var known: Known {
        Known(
            server.source.latest(),
            now: server.now(),
            process: { OwnProcess.read() },
            counts: { [counters = server.counters] in counters.now }
        )
    }

    @concurrent private func send(
        _ response: Response,
        for request: Request,
        _ writer: consuming ResponseWriter
    ) async throws {
        server.counters.answered(router.countedPath(of: request), code: response.status)
        var head = responseHead(response)
        // RFC 9110, section 8.6: 204 has no length, and HEAD has the length of what GET would send.
        if response.status != 204 { head.headerFields[.contentLength] = String(response.body.count) }
        if request.method == "HEAD" || response.status == 204 {
            try await writer.writeResponse(head)
        } else {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
        }
    }

    private func responseHead(_ response: Response) -> HTTPResponse {
        var head = HTTPResponse(status: HTTPResponse.Status(code: response.status))
        for header in response.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            head.headerFields[name] = header.value
        }
        return head
    }

    /// Waits for another revision and asks the routes again.
    ///
    /// Ends early at graceful shutdown, with the present document, and throws where the client has gone.
    private func wait(
        for request: Request,
        on channel: any Channel,
        after revision: UInt64,
        seconds: Double
    ) async throws -> Response {
        guard server.counters.takeWaiter() else { return tooManyWaiters }
        defer { server.counters.giveBackWaiter() }
        let source = server.source
        try await whileConnected(channel) {
            _ = await source.change(after: revision, timeout: .milliseconds(Int64(seconds * 1000)))
        }
        guard case .answer(let response) = router.answer(request, known, hasWaited: true) else { return tooManyWaiters }
        return response
    }

    private var tooManyWaiters: Response {
        .problem(
            503,
            "Too many wait already",
            "All \(server.limits.waiters) places for long polls and event streams are taken; ask without waiting.",
            headers: [Request.Header("retry-after", "5")]
        )
    }

    @concurrent private func stream(
        _ form: EventForm,
        for request: Request,
        on channel: any Channel,
        _ writer: consuming ResponseWriter
    ) async throws {
        let response = Response(200, .events, [], headers: [.noStore])
        guard request.method == "GET" else { return try await send(response, for: request, writer) }
        guard server.counters.takeWaiter() else { return try await send(tooManyWaiters, for: request, writer) }
        defer { server.counters.giveBackWaiter() }
        server.counters.answered(router.countedPath(of: request), code: 200)
        let outbound = EventWriter(try await writer.writeHead(responseHead(response)))
        try await whileConnected(channel) { try await sendEvents(form, to: outbound) }
        try await outbound.finish()
    }

    /// Does something that takes time: cancels it at graceful shutdown, and throws where the client goes before it is
    /// done.
    ///
    /// Not `RequestBody.consumeWithCancellationOnInboundClose`: in HummingbirdCore 2.28.1 that ends the process where
    /// the request has a body that has not come in whole.
    private func whileConnected(
        _ channel: any Channel,
        _ operation: @escaping @Sendable () async throws -> Void
    ) async throws {
        let (gone, source) = AsyncStream<Never>.makeStream()
        try await channel.triggerUserOutboundEvent(WaitEvent.begins { source.finish() }).get()
        defer { channel.triggerUserOutboundEvent(WaitEvent.ends, promise: nil) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in gone {}
                return false
            }
            group.addTask {
                try await cancelWhenGracefulShutdown { try await operation() }
                return true
            }
            defer { group.cancelAll() }
            guard try await group.next() == true else { throw ClientGone() }
        }
    }

    private struct ClientGone: Error {}

    /// Sends the present verdict, then each one with another revision, and a comment where nothing happens.
    private func sendEvents(_ form: EventForm, to outbound: EventWriter) async throws {
        var published = server.source.latest()
        var sent: UInt64?
        while !Task.isCancelled {
            let revision = published.verdict.revision
            let event = revision == sent ? ": nothing new\n\n" : eventText(published, form, at: server.now())
            try await outbound.write(event)
            sent = revision
            published = await server.source.change(
                after: revision,
                timeout: .milliseconds(Int64(HTTPLimits.heartbeatSeconds * 1000))
            )
        }
    }
}

/// The body of an event stream; used by one task at a time.
private struct EventWriter: @unchecked Sendable {
    private let writer: any ResponseBodyWriter

    init(_ writer: some ResponseBodyWriter) { self.writer = writer }

    func write(_ text: String) async throws {
        var writer = writer
        try await writer.write(ByteBuffer(string: text))
    }

    func finish() async throws { try await writer.finish(nil) }
}
