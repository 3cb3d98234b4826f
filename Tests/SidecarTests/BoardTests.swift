import Diagnosis
import Exposition
import Facts
import Sensors
import Testing

@testable import Sidecar

@Suite struct BoardTests {
    private func board(_ onChange: @escaping @Sendable () -> Void = {}) -> Board {
        var snapshot = Snapshot()
        snapshot.watchingSince = SystemClock.now()
        snapshot.sensors = SensorID.allCases.map { SensorStatus(id: $0, cadenceSeconds: 5) }
        return Board(snapshot: snapshot, policy: Policy(), version: "test", onChange: onChange)
    }

    private func accept(_ board: Board) {
        board.record { snapshot, _ in
            snapshot.admission = .fresh(Admission(.accepted), at: SystemClock.now())
        }
    }

    @Test func aChangeIsKeptCountedAndAnnounced() async {
        await confirmation { announced in
            let board = board { announced() }
            accept(board)
            accept(board)
            let published = board.latest()
            #expect(published.verdict.phase == .running)
            #expect(published.verdict.revision == 2)
            #expect(published.stateTransitions.values.reduce(0, +) == 1)
            let (new, count) = board.transitions(after: 0)
            #expect(new.map(\.what.rawValue).contains("phase"))
            #expect(new.count == count)
            #expect(board.transitions(after: count).new.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoWaitsIsToldAtOnce() async {
        let board = board()
        let revision = board.latest().verdict.revision
        async let waiting = board.change(after: revision, timeout: .seconds(30))
        // Whether the wait has begun by now or not, it must end with the change.
        accept(board)
        #expect(await waiting.verdict.revision == revision + 1)
        #expect(await board.change(after: revision, timeout: .seconds(30)).verdict.revision == revision + 1)
    }

    @Test func aWaitEndsWithItsTime() async {
        let board = board()
        let began = ContinuousClock.now
        let published = await board.change(after: board.latest().verdict.revision, timeout: .milliseconds(50))
        #expect(published.verdict.revision == 1)
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func historyIsBounded() {
        let board = board()
        for _ in 0..<Board.historyLimit {
            accept(board)
            board.record { snapshot, _ in
                snapshot.admission = .fresh(Admission(.refused("refused")), at: SystemClock.now())
            }
        }
        let (new, count) = board.transitions(after: 0)
        #expect(new.count == Board.historyLimit)
        #expect(count > Board.historyLimit)
    }

    @Test func sensorsKeepCountOfTheirFailures() {
        let board = board()
        let failure = Failure(.timedOut, "no answer")
        board.record { snapshot, _ in snapshot.update(.vitals, failure, at: SystemClock.now(), seconds: 2) }
        board.record { snapshot, _ in snapshot.update(.vitals, nil, at: SystemClock.now(), seconds: 0.1) }
        board.record { snapshot, _ in
            snapshot.update(.dataDirectory, Failure(.absent, "not configured"), at: SystemClock.now(), seconds: 0)
        }
        let sensors = board.snapshot().sensors
        let vitals = sensors.first { $0.id == .vitals }
        #expect(vitals?.condition == .fresh)
        #expect(vitals?.failures == [.timedOut: 1])
        #expect(vitals?.lastFailure == failure)
        #expect(vitals?.failingSince == nil)
        #expect(sensors.first { $0.id == .dataDirectory }?.condition == .absent("not configured"))
    }
}

@Suite struct WakeUpTests {
    @Test(.timeLimit(.minutes(1))) func aCallEndsTheWait() async {
        let wakeUp = WakeUp()
        async let waiting: Void = wakeUp.wait(atMost: .seconds(30))
        wakeUp.call()
        await waiting
    }

    @Test(.timeLimit(.minutes(1))) func aCallBeforeTheWaitIsNotLostAndTenAreOne() async {
        let wakeUp = WakeUp()
        for _ in 0..<10 { wakeUp.call() }
        await wakeUp.wait(atMost: .seconds(30))
        let began = ContinuousClock.now
        await wakeUp.wait(atMost: .milliseconds(50))
        #expect(ContinuousClock.now - began >= .milliseconds(45))
    }

    @Test(.timeLimit(.minutes(1))) func cancellationEndsTheWait() async {
        let wakeUp = WakeUp()
        await withDiscardingTaskGroup { group in
            group.addTask { await wakeUp.wait(atMost: .seconds(30)) }
            group.cancelAll()
        }
    }
}
