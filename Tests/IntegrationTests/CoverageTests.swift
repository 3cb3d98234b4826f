import Faults
import Support
import Testing

/// A phase or condition without a fault that produces it on a real server is not done.
@Suite("Coverage")
struct CoverageTests {
    /// What no real server can be brought into here, and why.
    static let excused = [
        "sensor_stale":
            "says that Howdah itself is stuck; a stuck Howdah does not answer, and one that goes on is not stale"
    ]

    /// Phases that a fault leads to, or through.
    @Test func everyPhaseHasAFault() {
        let phases: Set = [
            "uninitialized", "starting", "crash_recovery", "archive_recovery", "running", "warm_standby",
            "reinitializing", "promoting", "stopping", "stopped", "crashed", "start_failed", "single_user",
            "unresponsive", "unknown",
        ]
        let expectations = Fault.all.flatMap { fault in PostgresInstallation.majors.map { fault.expect($0) } }
        let covered = Set(expectations.flatMap { [$0.phase] + $0.seen })
        #expect(phases.subtracting(covered).isEmpty)
    }

    @Test func everyConditionHasAFault() async throws {
        let markdown = try await Command.succeed([HowdahSidecar.binary, "conditions", "--markdown"])
        // Rows look like: | `connections_full` | critical | …
        let names = markdown.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("| `") else { return nil }
            return line.dropFirst(3).split(separator: "`").first.map(String.init)
        }
        #expect(names.count > 10)
        let expectations = Fault.all.flatMap { fault in PostgresInstallation.majors.map { fault.expect($0) } }
        let covered = expectations.reduce(into: Set(Self.excused.keys)) { $0.formUnion($1.conditions) }
        let uncovered = Set(names).subtracting(covered).sorted()
        #expect(uncovered.isEmpty, "no fault produces \(uncovered.joined(separator: ", "))")
    }

    @Test func namesAreUnique() {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
    }
}
