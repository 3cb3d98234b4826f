import NIOCore
import NIOHTTP1

/// Holds one connection to its limits; stands next to the socket, where bytes can be counted and answers written raw.
///
/// Lives on its connection's event loop and nowhere else.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private var watch: ConnectionWatch
    private let ledger: ConnectionLedger
    private let counters: HTTPCounters
    /// The connection's number; nil where there was no place for it.
    private let id: UInt64?
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var timerDue: NIODeadline?
    /// The last answer has gone out: what still comes in is dropped.
    private(set) var isLingering = false
    /// What still comes in is dropped; answers that are under way go out.
    private(set) var isDropping = false
    /// The client has sent all it will send.
    private var isInputClosed = false
    /// To be called when the client goes, while somebody waits for something to tell it.
    private var whenGone: (@Sendable () -> Void)?

    init(limits: HTTPLimits, ledger: ConnectionLedger, counters: HTTPCounters, id: UInt64?) {
        watch = ConnectionWatch(limits: limits, now: Self.now)
        self.ledger = ledger
        self.counters = counters
        self.id = id
    }

    private static var now: Int64 { Int64(clamping: NIODeadline.now().uptimeNanoseconds) }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        schedule()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if id == nil { refuse(.tooManyConnections(watch.limits.connections)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        clientGoes()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLingering else { return }
        watch.received(at: Self.now)
        noteUse()
        context.fireChannelRead(data)
        schedule()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            isInputClosed = true
            clientGoes()
            // The client has said all it had to say, and it was all answered.
            if isLingering || watch.unanswered == 0 {
                context.close(promise: nil)
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let event = event as? WaitEvent else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        switch event {
        case .begins(let whenGone):
            self.whenGone = whenGone
            if isInputClosed || !context.channel.isActive { clientGoes() }
        case .ends: whenGone = nil
        }
        promise?.succeed()
    }

    private func clientGoes() {
        whenGone?()
        whenGone = nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        watch.writeBegan(at: Self.now)
        let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
        // On the event loop, as everything here.
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.watch.writeEnded(at: Self.now)
            self.schedule()
        }
        context.write(data, promise: promise)
        schedule()
    }

    // What the guard of the parts sees.

    /// Whether a request's head may go on to the routes.
    func headEnded(_ head: HTTPRequestHead) -> Bool {
        guard !isDropping, !isLingering, !watch.isClosing else { return false }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        // HTTP/1.0 closes after each answer: those who speak it count on that.
        let keepsAlive = head.isKeepAlive && head.version != .http1_0
        let ruling = watch.headEnded(keepsAlive: keepsAlive, announcedBytes: length)
        noteUse()
        return follow(ruling)
    }

    /// Whether a part of a body may go on to the routes.
    func bodyReceived(_ count: Int) -> Bool { !isDropping && !isLingering && follow(watch.bodyReceived(count)) }

    func requestEnded() {
        watch.requestEnded()
        schedule()
    }

    func notUnderstood(headersTooLarge: Bool) {
        guard !isDropping, !isLingering else { return }
        _ = follow(watch.notUnderstood(headersTooLarge: headersTooLarge))
    }

    /// The answer's head goes out: whether it has to say that the connection is closed behind it.
    func answerBegins(closing: Bool) -> Bool {
        if closing { watch.closeAfterAnswer() }
        return watch.isClosing
    }

    /// An answer went out whole.
    func answerEnded() {
        let closes = watch.answerEnded(at: Self.now)
        noteUse()
        if closes { linger() } else { schedule() }
    }

    private func noteUse() {
        if let id { ledger.used(id, isAnswering: watch.unanswered > 0) }
    }

    /// Does what the limits say; true where all may go on.
    private func follow(_ ruling: ConnectionWatch.Ruling) -> Bool {
        switch ruling {
        case .proceed: return true
        case .refuse(let refusal): refuse(refusal)
        case .drop(let limit):
            isDropping = true
            if let limit { counters.reached(limit) }
            schedule()
        case .close(let limit):
            counters.reached(limit)
            context?.close(promise: nil)
        }
        return false
    }

    private func refuse(_ refusal: Refusal) {
        guard !isLingering, let context else { return }
        if let limit = refusal.limit, id != nil { counters.reached(limit) }
        let response = refusal.response
        counters.answered("other", code: response.status)
        var text = "HTTP/1.1 \(response.status) \(HTTPResponseStatus(statusCode: response.status).reasonPhrase)\r\n"
        for header in response.headers { text += "\(header.name): \(header.value)\r\n" }
        text += "content-length: \(response.body.count)\r\nconnection: close\r\n\r\n"
        var buffer = context.channel.allocator.buffer(capacity: text.utf8.count + response.body.count)
        buffer.writeString(text)
        buffer.writeBytes(response.body)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
        linger()
    }

    /// Says that nothing more comes, and reads on for a moment: closing at once could destroy the answer on its way.
    private func linger() {
        guard !isLingering, let context else { return }
        isLingering = true
        timer?.cancel()
        context.close(mode: .output, promise: nil)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(HTTPLimits.lingerSeconds * 1e9)))
        {
            self.context?.close(promise: nil)
        }
    }

    /// Sees to it that the limits are asked when the next one runs out.
    private func schedule() {
        guard !isLingering, let context, let next = watch.nextRuling else { return }
        let due = NIODeadline.uptimeNanoseconds(UInt64(clamping: next))
        // One that comes too early looks again; only one that would come too late is replaced.
        if let timerDue, timer != nil, timerDue <= due { return }
        timer?.cancel()
        timerDue = due
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.timer = nil
            if self.follow(self.watch.ruling(at: Self.now)) { self.schedule() }
        }
    }
}

/// What a route that waits tells the guard of its connection, as an outbound event.
///
/// A client that closes its side while it is told nothing has gone; one that closes it behind a plain request has not.
enum WaitEvent: Sendable {
    /// From now on, call this when the client goes; at once if it has gone.
    case begins(whenGone: @Sendable () -> Void)
    /// The wait is over.
    case ends
}

/// Tells the guard what the HTTP parser makes of the bytes, and marks the answers behind which the connection is
/// closed.
final class PartGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: ConnectionGuard
    /// The request that is being read was refused: the rest of it is dropped.
    private var isDropping = false

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): isDropping = isDropping || !connection.headEnded(head)
        case .body(let bytes): isDropping = isDropping || !connection.bodyReceived(bytes.readableBytes)
        case .end: if !isDropping { connection.requestEnded() }
        }
        if !isDropping { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        isDropping = true
        connection.notUnderstood(headersTooLarge: error == .headerOverflow)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            let asksToClose = head.headers[canonicalForm: "connection"].contains("close")
            if connection.answerBegins(closing: asksToClose) {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in self.connection.answerEnded() }
            context.write(data, promise: promise)
        }
    }
}
