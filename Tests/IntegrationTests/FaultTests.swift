import Faults
import Support
import Testing

/// Every fault on every version of PostgreSQL, against the real `howdah`.
///
/// `HOWDAH_FAULTS` and `HOWDAH_VERSIONS` (comma-separated) narrow it down while one works on a fault.
@Suite("Faults", .printsVerdictTable)
struct FaultTests {
    @Test("A fault leads to its verdict, and mending it back to live", arguments: Cell.all)
    func verdict(_ cell: Cell) async throws {
        await Crew.shared.work {
            do {
                let performance = try await Self.play(cell)
                await VerdictTable.shared.record(cell, .reached(performance))
            } catch {
                await VerdictTable.shared.record(cell, .missed("\(error)"))
                Issue.record("\(cell): \(error)")
            }
        }
    }

    private static func play(_ cell: Cell) async throws -> Performance {
        try await Workspace.with { workspace in
            let stage = try await Stage.set(for: cell.fault, major: cell.major, in: workspace)
            defer { stage.feed.stop() }
            do {
                let performance = try await cell.fault.play(on: stage)
                try await cell.fault.undo(on: stage)
                try await cell.fault.cleanUp(stage)
                return performance
            } catch {
                throw TimedOut("\(error)\n\(await Self.logs(of: stage))")
            }
        }
    }

    /// The ends of both logs, for whoever has to find out why.
    private static func logs(of stage: Stage) async -> String {
        let sidecar = ((try? TextFile.read(stage.sidecar.logFile)) ?? "").split(separator: "\n").suffix(12)
        return "sidecar:\n\(sidecar.joined(separator: "\n"))\nserver:\n\(stage.server.lastLogLines())"
    }
}

/// One cell of the table.
struct Cell: Sendable, CustomStringConvertible, CustomTestStringConvertible {
    var fault: Fault
    var major: Int

    var description: String { "\(fault.name) on \(major)" }
    var testDescription: String { description }

    static let faults: [Fault] = {
        guard let names = Environment.list("HOWDAH_FAULTS") else { return Fault.all }
        return Fault.all.filter { names.contains($0.name) }
    }()

    static let majors = Environment.list("HOWDAH_VERSIONS")?.compactMap { Int($0) } ?? PostgresInstallation.majors

    static let all: [Cell] = faults.flatMap { fault in majors.map { Cell(fault: fault, major: $0) } }
}

/// Lets a few cells play at a time: each has servers of its own, and most of its time is waiting.
actor Crew {
    static let shared = Crew(size: Environment.list("HOWDAH_CREW").flatMap { Int($0[0]) } ?? 6)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(size: Int) { free = size }

    func work(_ body: @Sendable () async throws -> Void) async rethrows {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
        defer {
            if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        }
        try await body()
    }
}
