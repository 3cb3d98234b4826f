import Glibc
import Subprocess

/// Runs programs to their end and collects what they print.
public enum Command {
    /// What a program printed and how it ended.
    public struct Result: Sendable {
        /// The exit code; 128 + n where signal n ended it; 124 where it took longer than allowed.
        public var exitCode: Int32
        /// Standard output.
        public var output: String
        /// Standard error.
        public var error: String

        /// Exit code 0.
        public var isSuccess: Bool { exitCode == 0 }
    }

    /// A program that did not do what the test needs.
    public struct Failed: Error, CustomStringConvertible {
        /// The program and its arguments.
        public var command: String
        /// What came of it.
        public var result: Result

        /// The command, its exit code and its last words.
        public var description: String {
            "\(command) ended with \(result.exitCode): \(result.error)\(result.output)"
        }
    }

    /// The most that is kept of each of a program's two outputs, in bytes.
    public static let outputLimit = 8 << 20

    /// A program that ends before it has read its input must not end the tests.
    private static let ignoreBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

    /// Runs a program and gives back what came of it, whether or not it succeeded.
    ///
    /// - Parameters:
    ///   - arguments: The program, by path or by name, and its arguments.
    ///   - user: The user to run it as; ignored unless the test runs as root.
    ///   - environment: Variables to set besides the inherited ones.
    ///   - input: What it reads on standard input.
    ///   - seconds: How long it may take; then it is killed and the exit code is 124.
    public static func run(
        _ arguments: [String],
        as user: String? = nil,
        environment: [String: String] = [:],
        input: String = "",
        within seconds: Double = 60
    ) async throws -> Result {
        let limited = ["-k", "1", "\(seconds)"] + User.prefix(for: user) + arguments
        var overrides: [Environment.Key: String?] = ["LC_ALL": "C", "PGSYSCONFDIR": nil, "PGSERVICE": nil]
        for (name, value) in environment { overrides[Environment.Key(stringLiteral: name)] = value }
        _ = ignoreBrokenPipes
        let environment = Environment.inherit.updating(overrides)
        let ended =
            input.isEmpty
            ? try await Subprocess.run(
                .name("timeout"),
                arguments: Arguments(limited),
                environment: environment,
                input: .none,
                output: .string(limit: outputLimit),
                error: .string(limit: outputLimit)
            )
            : try await Subprocess.run(
                .name("timeout"),
                arguments: Arguments(limited),
                environment: environment,
                input: .string(input),
                output: .string(limit: outputLimit),
                error: .string(limit: outputLimit)
            )
        let exitCode: Int32 =
            switch ended.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Result(exitCode: exitCode, output: ended.standardOutput, error: ended.standardError)
    }

    /// Runs a program that must succeed and gives back its standard output.
    @discardableResult
    public static func succeed(
        _ arguments: [String],
        as user: String? = nil,
        environment: [String: String] = [:],
        input: String = "",
        within seconds: Double = 60
    ) async throws -> String {
        let result = try await run(arguments, as: user, environment: environment, input: input, within: seconds)
        guard result.isSuccess else { throw Failed(command: arguments.joined(separator: " "), result: result) }
        return result.output
    }

    /// Starts a program that outlives this call, and this process if need be, in a session of its own.
    ///
    /// - Parameters:
    ///   - arguments: The program, by path or by name, and its arguments.
    ///   - user: The user to run it as; ignored unless the test runs as root.
    ///   - environment: Variables to set besides the inherited ones.
    ///   - log: The file that both its outputs are appended to.
    ///   - prefix: A program that execs the rest, such as `ip netns exec NAME`; it runs as the present user.
    /// - Returns: The process, by id and start time.
    public static func start(
        _ arguments: [String],
        as user: String? = nil,
        environment: [String: String] = [:],
        log: String,
        prefix: [String] = []
    ) async throws -> TrackedProcess {
        // A shell stays its parent: one that reaps at once. Process 1 may take its time, and PostgreSQL takes the
        // zombie of a killed postmaster for a living one.
        let parent = #"pid=$1; shift; "$@" & echo $! >"$pid.new"; mv "$pid.new" "$pid"; wait $!"#
        let script = #"log=$1; shift; setsid sh -c "$@" >>"$log" 2>&1 </dev/null &"#
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let full =
            prefix + User.prefix(for: user) + ["env", "-u", "PGDATA", "LC_ALL=C"] + variables + arguments
        let pidFile = "\(log).pid"
        TextFile.remove(pidFile)
        try await succeed(["sh", "-c", script, "sh", log, parent, "sh", pidFile] + full, within: 10)
        var process: TrackedProcess?
        _ = await eventually(within: 10, every: 1) {
            guard let text = try? TextFile.read(pidFile), let pid = Int32(text.filter { $0 != "\n" }) else {
                return false
            }
            process = TrackedProcess(pid: pid)
            return true
        }
        guard let process else {
            throw Failed(
                command: full.joined(separator: " "),
                result: Result(exitCode: 0, output: "ended at once, see \(log)", error: "")
            )
        }
        return process
    }
}
