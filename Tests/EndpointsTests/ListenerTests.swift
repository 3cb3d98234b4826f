import Diagnosis
import Exposition
import Glibc
import Support
import Testing

@testable import Endpoints

/// A real listener on the loopback interface, and clients that behave and that do not.
@Suite(.serialized) struct ListenerTests {
    @Test func requestsOnOneConnection() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            #expect(try await client.ask("/state").contains("\"state\": \"live\""))
            let head = try await client.ask("/metrics", method: "HEAD")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
            #expect(try await client.ask("/metrics").contains("howdah_state{state=\"live\"} 1\n"))
            #expect(try await client.ask("/livez").hasSuffix("\r\n\r\npass: it answers\n"))
            #expect(try await client.ask("/no/such/path").contains("404 Not Found"))
            #expect(!client.isClosed)
        }
    }

    /// The answers to requests that were sent at once come in their order.
    @Test func pipelining() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send(
                "GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /nothing HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            )
            #expect(try await client.wait { $0.isClosed })
            let statuses = client.text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "404", "200"])
        }
    }

    @Test func theOldProtocolClosesBehindItsAnswer() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("OPTIONS /primary HTTP/1.0\r\n\r\n")
            #expect(try await client.wait(8) { $0.isClosed })
            #expect(client.status == 200)
            #expect(client.text.lowercased().contains("connection: close"))
        }
    }

    @Test func aClientThatFinishesEarlyIsAnswered() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            client.finish()
            #expect(try await client.wait(8) { $0.isClosed })
            #expect(client.status == 200)
        }
    }

    /// A request that no client should send, and its answer.
    struct BadRequest: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var status: Int

        init(_ name: String, _ text: String, _ status: Int) {
            testDescription = name
            self.text = text
            self.status = status
        }
    }

    @Test(arguments: [
        BadRequest("not HTTP", "hello\r\n\r\n", 400),
        BadRequest("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{3}\u{3}", 400),
        BadRequest("zero byte", "GET /\u{0} HTTP/1.1\r\n\r\n", 400),
        BadRequest("header without colon", "GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        BadRequest("unknown version", "GET / HTTP/9.9\r\n\r\n", 400),
        BadRequest("length that is none", "POST /state HTTP/1.1\r\nhost: x\r\ncontent-length: banana\r\n\r\n", 400),
        BadRequest("long header", "GET / HTTP/1.1\r\nx: " + String(repeating: "a", count: 9000) + "\r\n\r\n", 431),
        BadRequest("long target", "GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n\r\n", 431),
        BadRequest("many headers", "GET / HTTP/1.1\r\n" + String(repeating: "x: y\r\n", count: 101) + "\r\n", 431),
        BadRequest("large body", "POST /state HTTP/1.1\r\nhost: x\r\ncontent-length: 65537\r\n\r\n", 413),
        BadRequest("traversal", "GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
        BadRequest(
            "a wait of a year",
            "GET /state?wait=31536000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            400
        ),
    ]) func badRequests(_ bad: BadRequest) async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send(bad.text)
            #expect(try await client.wait(8) { $0.isClosed })
            #expect(client.status == bad.status, "\(client.text)")
            #expect(client.text.lowercased().contains("content-type: application/problem+json"))
            #expect(client.text.contains("\"detail\": "))
            #expect(await house.status("/livez") == 200)
        }
    }

    /// A body that is not wanted is read to its end and the connection lives.
    @Test func bodiesOfRefusedMethodsAreDropped() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send(
                "POST /state HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n"
                    + String(repeating: "x", count: 60_000)
            )
            try await client.wait { $0.hasWholeAnswer() }
            #expect(client.status == 405)
            #expect(try await client.ask("/livez").contains("200 OK"))
        }
    }

    @Test func aBodyWithoutEndIsCut() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("POST /state HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in 0..<20 {
                let isSent = (try? client.send("1000\r\n" + String(repeating: "x", count: 4096) + "\r\n")) != nil
                if !isSent { break }
            }
            #expect(try await client.wait(8) { $0.isClosed })
            #expect(house.server.counters.now.limitsReached["body_bytes"] == 1)
        }
    }

    @Test(arguments: ["GET /li", "", "GET /livez HTTP/1.1\r\nx: "]) func aByteAtATimeIsCut(_ start: String) async throws
    {
        var limits = HTTPLimits()
        limits.requestSeconds = 0.5
        try await TestHouse.with(limits: limits) { house in
            let client = try RawClient(house.address)
            let begun = ContinuousClock.now
            if !start.isEmpty { try client.send(start) }
            while ContinuousClock.now - begun < .seconds(3), try await !client.wait(0.05, until: { $0.status != nil }) {
                if !start.isEmpty { try? client.send("a") }
            }
            #expect(client.status == 408)
            #expect((.milliseconds(450) ... .milliseconds(2900)).contains(ContinuousClock.now - begun))
            #expect(house.server.counters.now.limitsReached["request_seconds"] == 1)
            #expect(try await client.wait(8) { $0.isClosed })
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        var limits = HTTPLimits()
        limits.idleSeconds = 0.3
        try await TestHouse.with(limits: limits) { house in
            let client = try RawClient(house.address)
            _ = try await client.ask("/livez")
            #expect(!client.isClosed)
            #expect(try await client.wait(8) { $0.isClosed })
        }
    }

    /// A thousand idle connections do not keep a scrape from its metrics.
    @Test func idleConnectionsStarveNobody() async throws {
        var files = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = min(files.rlim_max, 8192)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        try await TestHouse.with { house in
            let scraper = try RawClient(house.address)
            _ = try await scraper.ask("/livez")
            var idle: [RawClient] = []
            for _ in 0..<1000 { idle.append(try RawClient(house.address)) }
            let begun = ContinuousClock.now
            let client = try RawClient(house.address)
            #expect(try await client.ask("/metrics").contains("howdah_state"))
            #expect(ContinuousClock.now - begun < .seconds(2))
            try await idle[0].wait { $0.isClosed }
            #expect(idle[0].isClosed)
            let counts = house.server.counters.now
            #expect((1...256).contains(counts.connections["everyone"] ?? 0))
            #expect((counts.limitsReached["connections"] ?? 0) >= 700)
        }
    }

    @Test func whereAllConnectionsAreAtWorkTheNextIsToldSo() async throws {
        var limits = HTTPLimits()
        limits.connections = 3
        try await TestHouse.with(limits: limits) { house in
            let busy = try (0..<3).map { _ in try RawClient(house.address) }
            for client in busy { try client.send("GET /state?wait=30 HTTP/1.1\r\nhost: x\r\n\r\n") }
            try await waitUntil { house.server.counters.now.waiters == 3 }
            let client = try RawClient(house.address)
            #expect(try await client.wait(8) { $0.isClosed })
            #expect(client.status == 503)
            house.board.move()
            for client in busy { #expect(try await client.wait { $0.hasWholeAnswer() }) }
        }
    }
}

/// Waits until something holds, five seconds at most.
func waitUntil(_ holds: () -> Bool) async throws {
    for _ in 0..<2500 where !holds() { try await Task.sleep(for: .milliseconds(2)) }
    #expect(holds())
}
