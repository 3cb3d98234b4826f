import Facts
import PostgresLink
import Support
import Testing

/// Answers that are not those of a healthy PostgreSQL.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StrangeServerTests {
    static let texts: [(answer: String, kind: String)] = [
        ("", "lost"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "not_understood"),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", "not_understood"),
        ("Ecould not fork new process for connection: Resource temporarily unavailable\n\0", "cannot_fork"),
    ]

    @Test(arguments: texts) func isNamed(answer: String, kind: String) async throws {
        let outcome = try await outcome(Array(answer.utf8))
        #expect(outcome.kind == kind)
    }

    // An ErrorResponse with a SQLSTATE that nobody knows, in a language that nobody expects.
    @Test func anUnknownStateIsKept() async throws {
        let message = Self.error(["S": "FATALE", "V": "FATAL", "C": "ZZ999", "M": "перезагрузка"])
        #expect(try await outcome(message) == .failed(sqlState: "ZZ999", message: "перезагрузка"))
    }

    @Test func anErrorWithoutFieldsIsHarmless() async throws {
        #expect(try await outcome(Self.error([:])) != .accepted)
    }

    // A server that never gets to the point is late all the same.
    @Test func endlessNoticesAreLate() async throws {
        let notice = [UInt8(ascii: "N")] + Self.error(["S": "NOTICE", "C": "00000", "M": "hello"]).dropFirst()
        let authenticationOk: [UInt8] = [UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 0]
        try await Workspace.with { workspace in
            let endless = (0..<200).flatMap { _ in notice }
            let server = try FakeServer(in: workspace.path, answer: authenticationOk, endless: endless)
            defer { server.stop() }
            let began = ContinuousClock.now
            let outcome = try await Link.outcome(server.conninfo, within: 0.5)
            #expect(outcome == .timedOut(.authentication))
            #expect(began.duration(to: .now) < .seconds(6))
        }
    }

    // Random bytes, and random bytes behind a believable first one.
    @Test(arguments: UInt64(0)..<30) func garbageIsHarmless(seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let bytes = (0..<Int.random(in: 1...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let first = "REKSZAN".utf8.randomElement(using: &random).map { [$0] } ?? []
        #expect(try await outcome(seed.isMultiple(of: 2) ? bytes : first + [0, 0, 0] + bytes) != .accepted)
    }

    private func outcome(_ answer: [UInt8]) async throws -> ConnectOutcome {
        try await Workspace.with { workspace in
            let server = try FakeServer(in: workspace.path, answer: answer)
            defer { server.stop() }
            return try await Link.outcome(server.conninfo, within: 0.5)
        }
    }

    /// An ErrorResponse of the given fields.
    static func error(_ fields: [String: String]) -> [UInt8] {
        var body: [UInt8] = []
        for (code, value) in fields.sorted(by: { $0.key < $1.key }) {
            body += Array(code.utf8) + Array(value.utf8) + [0]
        }
        body.append(0)
        let length = UInt32(body.count + 4)
        return [UInt8(ascii: "E")] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + body
    }
}
