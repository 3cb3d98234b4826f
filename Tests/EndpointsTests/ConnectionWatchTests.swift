import Exposition
import Testing

@testable import Endpoints

/// The limits of a connection, told as a story of events with a clock in seconds.
@Suite struct ConnectionWatchTests {
    private var watch = ConnectionWatch(limits: HTTPLimits(), now: 0)

    private mutating func ruling(at seconds: Double) -> ConnectionWatch.Ruling { watch.ruling(at: at(seconds)) }

    private func at(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    @Test mutating func aConnectionThatSaysNothingIsRefused() {
        #expect(watch.nextRuling == at(10))
        #expect(ruling(at: 9.9) == .proceed)
        #expect(ruling(at: 10) == .refuse(.tooSlow(10)))
    }

    /// A byte a second wins nothing: the time counts from the first.
    @Test mutating func aSlowRequestIsRefused() {
        for second in 1...9 { watch.received(at: at(Double(second))) }
        #expect(ruling(at: 10) == .refuse(.tooSlow(10)))
    }

    @Test mutating func aSlowBodyIsCut() {
        watch.received(at: at(1))
        #expect(watch.headEnded(keepsAlive: true, announcedBytes: 100) == .proceed)
        for second in 2...9 { #expect(watch.bodyReceived(1) == .proceed, "\(second)") }
        // An answer is under way: there is no room for another, and it is not cut off.
        #expect(ruling(at: 10) == .drop(.requestSeconds))
        #expect(watch.isClosing && watch.nextRuling == nil)
    }

    @Test mutating func betweenRequestsItMayBeIdle() {
        watch.received(at: at(1))
        _ = watch.headEnded(keepsAlive: true, announcedBytes: nil)
        watch.requestEnded()
        #expect(watch.nextRuling == nil)
        #expect(ruling(at: 1000) == .proceed)
        let closes2 = watch.answerEnded(at: at(2))
        #expect(!closes2)
        #expect(ruling(at: 66.9) == .proceed)
        #expect(ruling(at: 67) == .close(.idleSeconds))
        // The next request has its own time.
        watch.received(at: at(50))
        #expect(ruling(at: 59.9) == .proceed)
        #expect(ruling(at: 60) == .refuse(.tooSlow(10)))
    }

    @Test mutating func bodiesAreBounded() {
        #expect(watch.headEnded(keepsAlive: true, announcedBytes: 65_537) == .refuse(.bodyTooLarge(65_536)))
        #expect(watch.headEnded(keepsAlive: true, announcedBytes: nil) == .proceed)
        #expect(watch.bodyReceived(65_536) == .proceed)
        #expect(watch.bodyReceived(1) == .drop(.bodyBytes))
    }

    @Test mutating func itClosesBehindTheLastAnswer() {
        _ = watch.headEnded(keepsAlive: true, announcedBytes: nil)
        watch.requestEnded()
        _ = watch.headEnded(keepsAlive: false, announcedBytes: nil)
        watch.requestEnded()
        #expect(watch.isClosing)
        let closes1 = watch.answerEnded(at: at(1))
        #expect(!closes1)
        let closes2 = watch.answerEnded(at: at(2))
        #expect(closes2)
    }

    @Test mutating func aReaderThatStopsIsCut() {
        _ = watch.headEnded(keepsAlive: true, announcedBytes: nil)
        watch.requestEnded()
        watch.writeBegan(at: at(1))
        watch.writeBegan(at: at(2))
        #expect(ruling(at: 10.9) == .proceed)
        #expect(ruling(at: 11) == .close(.writeSeconds))
        // Each write that is taken buys time for the rest.
        watch.writeEnded(at: at(10))
        #expect(ruling(at: 19.9) == .proceed)
        watch.writeEnded(at: at(11))
        #expect(watch.nextRuling == nil)
    }

    @Test mutating func whatIsNotHTTPIsRefusedUnlessAnAnswerIsUnderWay() {
        #expect(watch.notUnderstood(headersTooLarge: false) == .refuse(.notHTTP))
        #expect(watch.notUnderstood(headersTooLarge: true) == .refuse(.headersTooLarge(8192)))
        _ = watch.headEnded(keepsAlive: true, announcedBytes: nil)
        #expect(watch.notUnderstood(headersTooLarge: true) == .drop(.headerBytes))
    }
}

@Suite struct ConnectionLedgerTests {
    @Test func theQuietestGoes() {
        let counters = HTTPCounters(waiters: 1)
        let ledger = ConnectionLedger(limit: 3, audience: .everyone, counters: counters)
        let closed = Closed()
        let ids = (0..<3).compactMap { number in ledger.enter { closed.add(number) } }
        ledger.used(ids[0], isAnswering: false)
        ledger.used(ids[1], isAnswering: true)
        #expect(counters.now.connections["everyone"] == 3)
        // 2 has been quiet for longest, then 0; 1 is at work.
        #expect(ledger.enter {} != nil)
        #expect(ledger.enter {} != nil)
        #expect(closed.all == [2, 0])
        #expect(counters.now.limitsReached["connections"] == 2)
        #expect(counters.now.connections["everyone"] == 3)
    }

    @Test func whereAllAreAtWorkTheNewOneGoes() throws {
        let ledger = ConnectionLedger(limit: 1, audience: .local, counters: HTTPCounters(waiters: 1))
        let id = try #require(ledger.enter {})
        ledger.used(id, isAnswering: true)
        #expect(ledger.enter {} == nil)
        ledger.leave(id)
        #expect(ledger.enter {} != nil)
    }

    @Test func placesToWaitAreBounded() {
        let counters = HTTPCounters(waiters: 2)
        #expect(counters.takeWaiter() && counters.takeWaiter() && !counters.takeWaiter())
        #expect(counters.now.limitsReached["waiters"] == 1)
        counters.giveBackWaiter()
        #expect(counters.takeWaiter())
    }
}
