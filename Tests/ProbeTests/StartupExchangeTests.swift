import Testing

/// The start-up exchange as a function over bytes; `StartupExchange.swift` here is the probe's own file.
@Suite struct StartupExchangeTests {
    /// A backend message: type, length, body.
    static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        let word = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        return Array(String(type).utf8) + word + body
    }

    static func error(_ state: String, _ text: String, detail: String? = nil) -> [UInt8] {
        var fields = ["SFATAL", "VFATAL", "C\(state)", "M\(text)"]
        if let detail { fields.append("D\(detail)") }
        return message("E", fields.flatMap { Array($0.utf8) + [0] } + [0])
    }

    static func parameter(_ name: String, _ value: String) -> [UInt8] {
        message("S", Array(name.utf8) + [0] + Array(value.utf8) + [0])
    }

    static let letIn = message("R", [0, 0, 0, 0])
    static let ready = message("Z", [UInt8(ascii: "I")])
    static let oldError = Array("Ecould not fork new process for connection: Resource temporarily unavailable\n\0".utf8)

    /// Conversations as servers have them, and what they come to.
    static let conversations: [(name: String, bytes: [UInt8], answer: StartupExchange.Answer)] = [
        ("password", message("R", [0, 0, 0, 5, 1, 2, 3, 4]), .asksForAuthentication),
        ("scram", message("R", [0, 0, 0, 10] + Array("SCRAM-SHA-256\0\0".utf8)), .asksForAuthentication),
        (
            "trust, primary",
            letIn + parameter("server_version", "18.1") + parameter("in_hot_standby", "off")
                + message("K", [0, 0, 0, 9, 0, 0, 0, 8]) + ready, .letIn(inHotStandby: false)
        ),
        ("trust, standby", letIn + parameter("in_hot_standby", "on") + ready, .letIn(inHotStandby: true)),
        ("trust, 13", letIn + parameter("server_version", "13.9") + ready, .letIn(inHotStandby: nil)),
        ("a notice on the way", letIn + message("N", Array("SWARNING\0\0".utf8)) + ready, .letIn(inHotStandby: nil)),
        ("another minor version", message("v", [0, 3, 0, 0, 0, 0, 0, 0]) + letIn + ready, .letIn(inHotStandby: nil)),
        (
            "starting up", error("57P03", "the database system is starting up"),
            .error(.init(sqlState: "57P03", message: "the database system is starting up", detail: ""))
        ),
        (
            "a detail", error("57P03", "not yet accepting", detail: "Consistent recovery state has not been reached."),
            .error(
                .init(
                    sqlState: "57P03",
                    message: "not yet accepting",
                    detail: "Consistent recovery state has not been reached."
                )
            )
        ),
        (
            "full after authentication", letIn + error("53300", "remaining connection slots are reserved"),
            .error(.init(sqlState: "53300", message: "remaining connection slots are reserved", detail: ""))
        ),
        (
            "no fork", oldError,
            .cannotFork("could not fork new process for connection: Resource temporarily unavailable")
        ),
        ("not a state", error("no", "hm"), .notUnderstood("an error without a SQLSTATE")),
        ("SSL's no", Array("N".utf8), .notUnderstood("a byte 78 where an answer to the start-up message should begin")),
        (
            "HTTP", Array("HTTP/1.1 400 Bad Request\r\n".utf8),
            .notUnderstood("a byte 72 where an answer to the start-up message should begin")
        ),
        (
            "a parameter too early", parameter("a", "b"),
            .notUnderstood("a byte 83 where an answer to the start-up message should begin")
        ),
        ("a length of zero", [UInt8(ascii: "R"), 0, 0, 0, 0], .notUnderstood("a message of 0 bytes")),
        (
            "a length without end", [UInt8(ascii: "R"), 255, 255, 255, 255],
            .notUnderstood("a message of 4294967295 bytes")
        ),
        ("a short request", message("R", [0]), .notUnderstood("an authentication request of 1 bytes")),
    ]

    @Test(arguments: conversations.map(\.name)) func comesToTheSameHoweverItIsCut(name: String) throws {
        let (_, bytes, expected) = try #require(Self.conversations.first { $0.name == name })
        for size in 1...bytes.count {
            var exchange = StartupExchange()
            var answer: StartupExchange.Answer?
            for start in stride(from: 0, to: bytes.count, by: size) {
                answer = exchange.receive(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(answer == expected, "in pieces of \(size)")
            #expect(exchange.endOfInput() == expected)
            #expect(exchange.outOfTime() == expected)
        }
    }

    @Test func knowsWhereTheServerWentSilent() {
        var exchange = StartupExchange()
        #expect(exchange.outOfTime() == nil)
        #expect(exchange.endOfInput() == .closed)
        #expect(exchange.receive([UInt8(ascii: "R"), 0]) == nil)
        #expect(exchange.outOfTime() == .notUnderstood("the beginning of an answer and no more"))
        #expect(exchange.endOfInput() == .closed)
        var authenticated = StartupExchange()
        #expect(authenticated.receive(Self.letIn + Self.parameter("in_hot_standby", "on")) == nil)
        #expect(authenticated.outOfTime() == .letIn(inHotStandby: true))
        #expect(authenticated.endOfInput() == .closed)
        var cut = StartupExchange()
        #expect(cut.receive(Self.oldError.dropLast(2)) == nil)
        #expect(
            cut.endOfInput()
                == .cannotFork("could not fork new process for connection: Resource temporarily unavailable")
        )
    }

    @Test func doesNotReadForEver() {
        var noise = StartupExchange()
        #expect(
            noise.receive(Self.message("E", Array(repeating: 1, count: 20_000))) == .notUnderstood("an endless answer")
        )
        var chatter = StartupExchange()
        let parameters = (0..<2000).flatMap { Self.parameter("p\($0)", "v") }
        #expect(chatter.receive(Self.letIn + parameters) == .letIn(inHotStandby: nil))
    }

    @Test func asksAsTheProtocolSays() {
        let bytes = StartupExchange.startupMessage(user: "u\0x", database: "d", applicationName: "a")
        let text = "user\0u\0database\0d\0application_name\0a\0\0"
        #expect(bytes == [0, 0, 0, UInt8(text.utf8.count + 8), 0, 3, 0, 0] + Array(text.utf8))
    }

    /// Whatever arrives: never a crash, and the same answer however it is cut.
    @Test(arguments: UInt64(0)..<40) func anyBytesAreUnderstoodAlike(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var bytes = Self.conversations.randomElement(using: &generator)?.bytes ?? []
            for _ in 0..<Int.random(in: 0..<4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
            var whole = StartupExchange()
            let atOnce = whole.receive(bytes)
            var pieces = StartupExchange()
            var inPieces: StartupExchange.Answer?
            for byte in bytes { inPieces = pieces.receive(CollectionOfOne(byte)) }
            #expect(atOnce == inPieces)
            #expect(whole.endOfInput() == pieces.endOfInput())
            #expect(whole.outOfTime() == pieces.outOfTime())
        }
    }
}
