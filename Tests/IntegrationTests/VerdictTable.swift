import Faults
import Support
import Testing

/// The table fault × version: the verdict that was reached and the time it took.
actor VerdictTable {
    static let shared = VerdictTable()

    enum Outcome: Sendable {
        case reached(Performance)
        case missed(String)
    }

    private var outcomes: [String: Outcome] = [:]

    func record(_ cell: Cell, _ outcome: Outcome) { outcomes[cell.description] = outcome }

    /// The table in Markdown.
    var markdown: String {
        let majors = Cell.majors
        var lines = [
            "| fault | verdict | " + majors.map { "\($0)" }.joined(separator: " | ") + " |",
            "|---|---|" + majors.map { _ in "---:|" }.joined(),
        ]
        for fault in Cell.faults {
            let found = majors.map { outcomes["\(fault.name) on \($0)"] }
            let cells = found.map(Self.time)
            lines.append("| `\(fault.name)` | \(Self.verdicts(found)) | \(cells.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }

    /// Seconds to the verdict; the versions differ in nothing else that the table shows.
    private static func time(_ outcome: Outcome?) -> String {
        switch outcome {
        case .reached(let performance):
            // Milliseconds, without a format string.
            let milliseconds = Int((performance.seconds * 1000).rounded())
            return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst()) s"
        case .missed: return "MISSED"
        case nil: return "not played"
        }
    }

    private static func verdicts(_ outcomes: [Outcome?]) -> String {
        var texts: [String] = []
        for case .reached(let performance)? in outcomes {
            let verdict = performance.verdict
            let seen = performance.seen.map { "\($0), then " }.joined()
            var text = "\(seen)\(verdict.state), \(verdict.phase), \(verdict.role)"
            if !verdict.conditions.isEmpty { text += ": " + verdict.conditionNames.joined(separator: ", ") }
            if !verdict.candidates.isEmpty { text += "; could be " + verdict.candidates.joined(separator: ", ") }
            if !texts.contains(text) { texts.append(text) }
        }
        return texts.isEmpty ? "–" : texts.joined(separator: " / ")
    }
}

/// Prints the table when the suite is over, and leaves it in `.build/faults.md`.
struct PrintsVerdictTable: SuiteTrait, TestScoping {
    @concurrent
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await function()
        let table = await VerdictTable.shared.markdown
        try TextFile.makeFolder("\(Project.root)/.build")
        try TextFile.write(table + "\n", to: "\(Project.root)/.build/faults.md")
        print(table)
    }
}

extension Trait where Self == PrintsVerdictTable {
    static var printsVerdictTable: Self { Self() }
}
