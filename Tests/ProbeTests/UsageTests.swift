import Testing

/// The command line: one clear line and exit 2 for what it does not understand.
@Suite struct UsageTests {
    static let wrong: [[String]] = [
        [], ["liveliness"], ["liveness", "readiness"], ["read_write"], ["liveness", "--max-age"],
        ["liveness", "--max-age", "0"], ["liveness", "--max-age", "soon"], ["liveness", "--max-age", "nan"],
        ["liveness", "--max-age", "86401"], ["liveness", "--run-directory"], ["liveness", "--run-directory="],
        ["liveness", "--verbose"], ["--help=yes"],
    ]

    @Test(arguments: wrong) func exitsWithTwo(arguments: [String]) async throws {
        let run = try await ProbeBinary.run(arguments)
        #expect(run.exitCode == 2)
        #expect(run.line.isEmpty)
        #expect(run.error.hasPrefix("howdah-probe: "))
        #expect(run.error.split(separator: "\n").count == 1)
    }

    @Test(arguments: [["--max-age=2.5"], ["--max-age", "86400"], ["--run-directory=/nonexistent"]])
    func takesOptionsInBothForms(options: [String]) async throws {
        let run = try await ProbeBinary.run(options + ["liveness"])
        #expect(run.exitCode == 0)
    }

    @Test func tellsItsVersion() async throws {
        let run = try await ProbeBinary.run(["--version"])
        #expect(run.exitCode == 0)
        #expect(run.line.hasPrefix("howdah-probe "))
    }
}
