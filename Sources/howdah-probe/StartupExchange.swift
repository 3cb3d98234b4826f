/// The client's side of the start of a PostgreSQL session, as a pure function over the bytes that arrive: no socket, no
/// clock, no import. It goes as far as an answer to one question: does the server let sessions in?
///
/// Protocol 3.0, "Message Flow: Start-up" (https://www.postgresql.org/docs/current/protocol-flow.html). No password is
/// ever sent: a server that asks for one lives and accepts connections, and that is enough. Where the server lets the
/// session in unasked, the exchange goes on to ReadyForQuery, because only then can it be left without a line in the
/// server's log, and because `in_hot_standby` arrives on the way (14 and later).
struct StartupExchange {
    /// What the server's bytes come to.
    enum Answer {
        /// It asks for authentication: it accepts connections.
        case asksForAuthentication
        /// It let the session in; `inHotStandby` is its own word on its role, nil if it did not say.
        case letIn(inHotStandby: Bool?)
        /// An ErrorResponse with a SQLSTATE.
        case error(ServerError)
        /// The postmaster could not fork a process for the connection; it says so without a SQLSTATE.
        case cannotFork(String)
        /// It closed the connection before an answer was complete.
        case closed
        /// Not the PostgreSQL protocol; the text says in what way.
        case notUnderstood(String)
    }

    /// What an ErrorResponse says.
    struct ServerError {
        /// Field C, five characters.
        var sqlState: String
        /// Field M.
        var message: String
        /// Field D, empty if there is none.
        var detail: String
    }

    /// The most that is read of an answer, in bytes.
    static let limitBytes = 8192
    /// The longest ErrorResponse of this protocol; a larger length is text of the protocol before it (as in libpq).
    static let errorLimitBytes = 30_000

    /// The StartupMessage: asks for a session on `database` as `user`, protocol 3.0.
    static func startupMessage(user: String, database: String, applicationName: String) -> [UInt8] {
        var body: [UInt8] = [0, 3, 0, 0]
        for text in ["user", user, "database", database, "application_name", applicationName] {
            body.append(contentsOf: text.utf8.prefix { $0 != 0 })
            body.append(0)
        }
        body.append(0)
        return bigEndian(UInt32(body.count + 4)) + body
    }

    /// The Terminate message, the polite end of a session that was let in.
    static let terminateMessage: [UInt8] = [UInt8(ascii: "X"), 0, 0, 0, 4]

    private var buffer: [UInt8] = []
    /// Where the first message begins that is not understood yet.
    private var next = 0
    private var isAuthenticated = false
    private var inHotStandby: Bool?
    private var answer: Answer?

    /// Takes the bytes that arrived; gives the answer once it is complete.
    ///
    /// Bytes after the answer are ignored.
    mutating func receive(_ bytes: some Collection<UInt8>) -> Answer? {
        if answer == nil {
            buffer.append(contentsOf: bytes.prefix(Self.limitBytes - buffer.count))
            while answer == nil, readMessage() {}
            if answer == nil, buffer.count >= Self.limitBytes {
                answer = isAuthenticated ? .letIn(inHotStandby: inHotStandby) : .notUnderstood("an endless answer")
            }
        }
        return answer
    }

    /// The answer where the server closed the connection.
    mutating func endOfInput() -> Answer {
        if let answer { return answer }
        let rest = buffer[next...]
        if rest.first == UInt8(ascii: "E"), rest.count > 5, Self.isOldErrorLength(Self.length(of: rest)) {
            return .cannotFork(Self.text(rest.dropFirst()))
        }
        return .closed
    }

    /// The answer as far as it is known where no more time is left; nil if not one byte has come.
    func outOfTime() -> Answer? {
        if let answer { return answer }
        if isAuthenticated { return .letIn(inHotStandby: inHotStandby) }
        return buffer.isEmpty ? nil : .notUnderstood("the beginning of an answer and no more")
    }

    /// Reads one message, if it is complete; false if more bytes are needed.
    private mutating func readMessage() -> Bool {
        let rest = buffer[next...]
        guard let type = rest.first else { return false }
        guard isExpected(type) else {
            answer = .notUnderstood("a byte \(type) where an answer to the start-up message should begin")
            return true
        }
        guard rest.count >= 5 else { return false }
        let length = Self.length(of: rest)
        if type == UInt8(ascii: "E"), Self.isOldErrorLength(length) { return readOldError(rest.dropFirst()) }
        guard length >= 4, length <= Self.errorLimitBytes else {
            answer = .notUnderstood("a message of \(length) bytes")
            return true
        }
        guard rest.count > length else { return false }
        let body = rest.dropFirst(5).prefix(length - 4)
        next += 1 + length
        readBody(of: type, body)
        return true
    }

    /// Before authentication: R, E, and v for a version that it does not speak; after it also S, K, N and Z.
    private func isExpected(_ type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "R"), UInt8(ascii: "E"), UInt8(ascii: "v"): true
        case UInt8(ascii: "S"), UInt8(ascii: "K"), UInt8(ascii: "N"), UInt8(ascii: "Z"): isAuthenticated
        default: false
        }
    }

    private mutating func readBody(of type: UInt8, _ body: ArraySlice<UInt8>) {
        switch type {
        case UInt8(ascii: "E"):
            answer = Self.readError(body)
        case UInt8(ascii: "R"):
            guard body.count >= 4 else {
                answer = .notUnderstood("an authentication request of \(body.count) bytes")
                return
            }
            // Any request but AuthenticationOk (0) waits for something from us.
            isAuthenticated = body.prefix(4).allSatisfy { $0 == 0 }
            if !isAuthenticated { answer = .asksForAuthentication }
        case UInt8(ascii: "S"):
            let parts = body.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].elementsEqual("in_hot_standby".utf8) else { return }
            inHotStandby = parts[1].elementsEqual("on".utf8)
        case UInt8(ascii: "Z"):
            answer = .letIn(inHotStandby: inHotStandby)
        default:
            break
        }
    }

    /// Reads the fields of an ErrorResponse: a letter and a text with a final zero each, and a zero after the last.
    private static func readError(_ body: ArraySlice<UInt8>) -> Answer {
        var fields = ServerError(sqlState: "", message: "", detail: "")
        for field in body.split(separator: 0) {
            switch field.first {
            case UInt8(ascii: "C"): fields.sqlState = text(field.dropFirst())
            case UInt8(ascii: "M"): fields.message = text(field.dropFirst())
            case UInt8(ascii: "D"): fields.detail = text(field.dropFirst())
            default: break
            }
        }
        let isState = fields.sqlState.utf8.count == 5 && fields.sqlState.utf8.allSatisfy(isUpperAlphanumeric)
        return isState ? .error(fields) : .notUnderstood("an error without a SQLSTATE")
    }

    /// Reads what the postmaster sends where it cannot fork: E and a text with a final zero, without a length.
    private mutating func readOldError(_ rest: ArraySlice<UInt8>) -> Bool {
        guard rest.contains(0) else { return false }
        answer = .cannotFork(Self.text(rest))
        return true
    }

    private static func isOldErrorLength(_ length: Int) -> Bool { length < 8 || length > errorLimitBytes }

    /// The length word of a message whose first byte is its type; it counts itself and not the type.
    private static func length(of message: ArraySlice<UInt8>) -> Int {
        message.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    /// The bytes up to the first zero as text, at most 300 of them.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let line = bytes.prefix(300).prefix { $0 != 0 }
        return String(decoding: line.last == UInt8(ascii: "\n") ? line.dropLast() : line, as: UTF8.self)
    }

    private static func isUpperAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
            UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value),
        ]
    }
}

#if !hasFeature(Embedded)
// For the tests and the fuzz target. The probe compares no answers, and Embedded Swift could not compare their texts.
extension StartupExchange.Answer: Equatable {}
extension StartupExchange.ServerError: Equatable {}
#endif
