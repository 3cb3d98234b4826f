import FoundationEssentials
import Support
import Testing

/// The probe as kubelets run it: the built program, its line and its exit code.
enum ProbeBinary {
    /// What one run came to.
    struct Run {
        /// 0 pass, 1 fail, 2 usage.
        var exitCode: Int32
        /// Standard output without its line feed.
        var line: String
        /// Standard error.
        var error: String
        /// From start to end, the start of the process included.
        var seconds: Double
    }

    /// The promise of the probe's help.
    static let longestSeconds = 0.5

    static let release = "\(Project.root)/.build/release/howdah-probe"

    /// `HOWDAH_PROBE_BINARY`, or the release build, or the debug build.
    static let path: String = {
        let named = ProcessInfo.processInfo.environment["HOWDAH_PROBE_BINARY"]
        let places = [named, release, "\(Project.root)/.build/debug/howdah-probe"].compactMap(\.self)
        return places.first(where: TextFile.exists) ?? release
    }()

    /// Runs it.
    ///
    /// Nothing of libpq's environment is inherited; PGHOST points nowhere unless the caller says otherwise.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        let own = ["PGHOST": "/nonexistent", "PGPORT": "", "PGHOSTADDR": "", "PGUSER": "", "PGDATA": ""]
        // The shell takes the time: it starts the probe and waits for it without the detours of a test process.
        let result = try await Command.run(
            ["bash", "-c", #"TIMEFORMAT=%R; time "$@""#, "bash", path] + arguments,
            environment: own.merging(["HOWDAH_RUN_DIRECTORY": ""]) { $1 }.merging(environment) { $1 },
            within: 10
        )
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 || result.exitCode == 2, "one line: \(result.output)")
        var errorLines = result.error.split(separator: "\n")
        let seconds = try #require(errorLines.popLast().flatMap { Double($0) }, "\(result.error)")
        let error = errorLines.joined(separator: "\n")
        return Run(exitCode: result.exitCode, line: String(lines[0]), error: error, seconds: seconds)
    }

    /// Runs a probe on a run directory.
    static func ask(
        _ probe: String,
        in folder: String,
        maxAge: Double? = nil,
        environment: [String: String] = [:]
    ) async throws -> Run {
        let age = maxAge.map { ["--max-age", "\($0)"] } ?? []
        return try await run([probe, "--run-directory", folder] + age, environment: environment)
    }

    /// Runs a probe five times and gives back the run of median length, so that a busy machine does not decide.
    static func medianOfFive(_ probe: String, in folder: String) async throws -> Run {
        var runs: [Run] = []
        for _ in 0..<5 { runs.append(try await ask(probe, in: folder)) }
        return runs.sorted { $0.seconds < $1.seconds }[2]
    }
}
