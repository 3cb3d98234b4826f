import Diagnosis
import Exposition
import Facts
import Logging
import ServiceLifecycle
import Synchronization

@testable import Endpoints

/// A source of verdicts whose revision a test moves.
final class TestBoard: VerdictSource {
    private let situation: Mutex<Situation>

    init(_ situation: Situation = .primary) { self.situation = Mutex(situation) }

    func latest() -> Published { situation.withLock { $0.published } }

    func move() { situation.withLock { $0.revision += 1 } }

    func change(after revision: UInt64, timeout: Duration) async -> Published {
        let end = ContinuousClock.now + timeout
        while latest().verdict.revision == revision, ContinuousClock.now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(2))
        }
        return latest()
    }
}

/// What was closed, in order.
final class Closed: Sendable {
    private let numbers = Mutex<[Int]>([])
    var all: [Int] { numbers.withLock { $0 } }
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

/// A listener that runs while a test looks at it.
struct TestHouse {
    var server: HTTPServer
    var address: ListenAddress
    var board: TestBoard
    var group: ServiceGroup

    var port: Int { if case .tcp(_, let port) = address { port } else { 0 } }

    /// The status that a new client gets; nil where it gets none.
    func status(_ target: String) async -> Int? {
        guard let client = try? RawClient(address) else { return nil }
        _ = try? await client.ask(target)
        return client.status
    }

    /// Listens, calls `body`, shuts down gracefully and checks that this ends within five seconds.
    static func with(
        _ address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
        for audience: Audience = .everyone,
        limits: HTTPLimits = HTTPLimits(),
        _ body: (TestHouse) async throws -> Void
    ) async throws {
        let board = TestBoard()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let server = HTTPServer(source: board, limits: limits, logger: logger) { Situation.now }
        let listener = server.listener(on: address, for: audience)
        let group = ServiceGroup(services: [listener], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let bound: ListenAddress
            do throws(ListenError) {
                bound = try await listener.bound()
            } catch {
                try? await tasks.waitForAll()
                await server.shutDown()
                throw error
            }
            let outcome: Result<Void, any Error>
            do {
                try await body(TestHouse(server: server, address: bound, board: board, group: group))
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            await server.shutDown()
            try outcome.get()
        }
    }
}
