import Diagnosis
import Exposition
import Testing

@testable import Endpoints

/// Long polls and event streams on a real listener.
@Suite(.serialized) struct WaitingTests {
    @Test func aLongPollEndsWithTheChange() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("GET /state?wait=30&since=7 HTTP/1.1\r\nhost: x\r\n\r\n")
            try await waitUntil { house.server.counters.now.waiters == 1 }
            client.poll()
            #expect(client.received.isEmpty)
            house.board.move()
            #expect(try await client.wait(8) { $0.hasWholeAnswer() })
            #expect(client.text.contains("\"revision\": 8"))
            try await waitUntil { house.server.counters.now.waiters == 0 }
            // The connection lives on.
            #expect(try await client.ask("/state").contains("\"revision\": 8"))
        }
    }

    @Test func aLongPollEndsWithItsTime() async throws {
        try await TestHouse.with { house in
            let begun = ContinuousClock.now
            let client = try RawClient(house.address)
            let answer = try await client.ask("/state?wait=0.2")
            #expect(answer.contains("\"revision\": 7"))
            #expect((.milliseconds(190) ... .seconds(10)).contains(ContinuousClock.now - begun))
        }
    }

    @Test func aClientThatGoesGivesItsPlaceBack() async throws {
        try await TestHouse.with { house in
            let tails = [
                // Nothing, another request, not HTTP, a part of a request.
                "\r\n", "\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n", "\r\ngarbage\r\n\r\n", "\r\nGET /li",
                // A body that never ends, whole or in chunks.
                "content-length: 5\r\n\r\nab", "transfer-encoding: chunked\r\n\r\n5\r\nab",
            ]
            for (target, tail) in ["/state?wait=60", "/events"].flatMap({ target in tails.map { (target, $0) } }) {
                let client = try RawClient(house.address)
                try client.send("GET \(target) HTTP/1.1\r\nhost: x\r\n\(tail)")
                try await waitUntil { house.server.counters.now.waiters == 1 }
                client.close()
                try await waitUntil { house.server.counters.now.waiters == 0 }
            }
        }
    }

    /// What comes behind a request that waits does not disturb it.
    @Test(arguments: ["garbage\r\n\r\n", "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n", "GET /li"])
    func whatComesBehindALongPollWaits(_ tail: String) async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("GET /state?wait=30 HTTP/1.1\r\nhost: x\r\n\r\n" + tail)
            try await waitUntil { house.server.counters.now.waiters == 1 }
            house.board.move()
            #expect(try await client.wait { $0.hasWholeAnswer() })
            #expect(client.status == 200)
            #expect(client.text.contains("\"revision\": 8"))
        }
    }

    @Test func placesAreBounded() async throws {
        var limits = HTTPLimits()
        limits.waiters = 2
        try await TestHouse.with(limits: limits) { house in
            let waiting = try (0..<2).map { _ in try RawClient(house.address) }
            for client in waiting { try client.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n") }
            try await waitUntil { house.server.counters.now.waiters == 2 }
            let client = try RawClient(house.address)
            let answer = try await client.ask("/state?wait=10")
            #expect(answer.contains("503 Service Unavailable") && answer.lowercased().contains("retry-after: 5"))
            #expect(try await client.ask("/events").contains("503 Service Unavailable"))
            #expect(try await client.ask("/state").contains("200 OK"))
            #expect(house.server.counters.now.limitsReached["waiters"] == 2)
        }
    }

    @Test func eventsComeWithEachChange() async throws {
        try await TestHouse.with { house in
            let client = try RawClient(house.address)
            try client.send("GET /events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n")
            #expect(try await client.wait(8) { $0.text.contains("id: 7\n") })
            #expect(client.text.lowercased().contains("content-type: text/event-stream"))
            for revision in 8...10 {
                house.board.move()
                #expect(try await client.wait(8) { $0.text.contains("id: \(revision)\n") })
            }
            #expect(client.text.split(separator: "event: verdict").count == 5)
            let plain = try RawClient(house.address)
            #expect(try await plain.ask("/events", "accept: application/json").contains("406 Not Acceptable"))
            #expect(try await plain.ask("/events", method: "HEAD").contains("200 OK"))
        }
    }

    /// Shutting down answers those who wait, and does not wait for those who listen.
    @Test func shutdownEndsAllWaiting() async throws {
        var poll: RawClient?
        var events: RawClient?
        let begun = ContinuousClock.now
        try await TestHouse.with { house in
            let clients = try (0..<2).map { _ in try RawClient(house.address) }
            try clients[0].send("GET /state?wait=60 HTTP/1.1\r\nhost: x\r\n\r\n")
            try clients[1].send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
            try await waitUntil { house.server.counters.now.waiters == 2 }
            poll = clients[0]
            events = clients[1]
        }
        #expect(ContinuousClock.now - begun < .seconds(10))
        #expect(try await poll?.wait(8) { $0.hasWholeAnswer() } == true)
        #expect(try await events?.wait(8) { $0.isClosed } == true)
        #expect(events?.text.hasSuffix("0\r\n\r\n") == true)
    }
}
