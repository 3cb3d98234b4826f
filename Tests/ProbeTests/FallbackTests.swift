import Glibc
import Support
import Testing

/// Howdah is down: the probe asks the server itself, in time.
@Suite(.serialized) struct FallbackTests {
    /// An old file that remembers where the server was.
    static func remember(_ servers: [String], role: String = "primary", in folder: String) throws {
        var file = StateFileText()
        file.age = 300
        file.role = role
        file.servers = servers
        try file.write(to: folder)
    }

    /// Runs a probe against a listener that answers with `bytes`.
    private func ask(
        _ probe: String,
        answering bytes: [UInt8],
        role: String = "primary",
        environment: [String: String] = [:]
    ) async throws -> ProbeBinary.Run {
        try await Workspace.with { workspace in
            let listener = try Listener(at: "\(workspace.path)/socket")
            try Self.remember(["unix \(listener.path)"], role: role, in: workspace.path)
            async let answered: Void = listener.answer(with: bytes)
            let run = try await ProbeBinary.ask(probe, in: workspace.path, environment: environment)
            try await answered
            return run
        }
    }

    /// What a server may say, and whether readiness passes then.
    static let answers: [(name: String, bytes: [UInt8], passes: Bool, words: String)] = [
        ("password", StartupExchangeTests.message("R", [0, 0, 0, 10]), true, "accepts connections"),
        ("trust", StartupExchangeTests.letIn + StartupExchangeTests.ready, true, "lets sessions in"),
        (
            "full", StartupExchangeTests.error("53300", "sorry, too many clients already"), true,
            "is full, which is not down: sorry, too many clients already"
        ),
        ("no role", StartupExchangeTests.error("28000", "role \"x\" does not exist"), true, "answers with 28000"),
        ("no database", StartupExchangeTests.error("3D000", "no such database"), true, "answers with 3D000"),
        (
            "starting", StartupExchangeTests.error("57P03", "starting up", detail: "soon"), false,
            "says: starting up (soon)"
        ),
        ("shutdown", StartupExchangeTests.error("57P01", "terminating connection"), false, "terminating connection"),
        ("no fork", StartupExchangeTests.oldError, false, "could not fork new process"),
        ("garbage", Array("220 mail.example ESMTP\r\n".utf8), false, "is not PostgreSQL"),
        ("nothing", [], false, "closed the connection without an answer"),
        ("escape codes", StartupExchangeTests.error("57P03", "\u{1B}[31mred\nline"), false, "says:  [31mred line"),
    ]

    @Test(arguments: answers.map(\.name)) func readinessFollowsTheServer(name: String) async throws {
        let (_, bytes, passes, words) = try #require(Self.answers.first { $0.name == name })
        let run = try await ask("readiness", answering: bytes)
        #expect(run.exitCode == (passes ? 0 : 1))
        #expect(run.line.contains(words), "\(run.line)")
        #expect(run.line.contains("; Howdah is down: its last word is 5 min old"))
    }

    @Test func readWriteNeedsAPrimary() async throws {
        let password = StartupExchangeTests.message("R", [0, 0, 0, 10])
        let was = try await ask("read-write", answering: password, role: "standby")
        #expect(was.exitCode == 1)
        #expect(was.line.contains("but it is a standby when Howdah last saw it"))
        #expect(try await ask("read-only", answering: password, role: "standby").exitCode == 0)
        #expect(try await ask("read-write", answering: password, role: "primary").exitCode == 0)
        // Nobody knows: the server refuses writes itself where it is a standby; a primary must not be lost.
        let unknown = try await ask("read-write", answering: password, role: "unknown")
        #expect(unknown.exitCode == 0)
        #expect(unknown.line.contains("its role is not known"))
    }

    @Test func theServersOwnWordOnItsRoleComesFirst() async throws {
        let standby = StartupExchangeTests.letIn + StartupExchangeTests.parameter("in_hot_standby", "on")
        let run = try await ask("read-write", answering: standby + StartupExchangeTests.ready, role: "primary")
        #expect(run.exitCode == 1)
        #expect(run.line.contains("but it is a standby by its own word"))
    }

    @Test func aPromotionSinceHowdahsLastWordIsSeen() async throws {
        try await Workspace.with { workspace in
            let password = StartupExchangeTests.message("R", [0, 0, 0, 10])
            try TextFile.write("15\n", to: "\(workspace.path)/PG_VERSION")
            let data = ["PGDATA": workspace.path]
            let promoted = try await ask("read-write", answering: password, role: "standby", environment: data)
            #expect(promoted.exitCode == 0)
            #expect(promoted.line.contains("primary by its data directory"))
            try TextFile.write("", to: "\(workspace.path)/standby.signal")
            let standby = try await ask("read-write", answering: password, role: "primary", environment: data)
            #expect(standby.exitCode == 1)
            #expect(standby.line.contains("but it is a standby by standby.signal"))
        }
    }

    @Test func aSilentServerIsNotWaitedFor() async throws {
        try await Workspace.with { workspace in
            let listener = try Listener(at: "\(workspace.path)/socket")
            try Self.remember(["unix \(listener.path)"], in: workspace.path)
            let run = try await ProbeBinary.medianOfFive("readiness", in: workspace.path)
            #expect(run.exitCode == 1)
            #expect(run.line.contains("the server does not answer"))
            #expect(run.seconds < ProbeBinary.longestSeconds)
        }
    }

    @Test func aFullQueueIsNotWaitedFor() async throws {
        try await Workspace.with { workspace in
            let listener = try Listener(at: "\(workspace.path)/socket", backlog: 1)
            let held = listener.fillQueue()
            defer { for client in held { close(client) } }
            try Self.remember(["unix \(listener.path)"], in: workspace.path)
            let run = try await ProbeBinary.medianOfFive("readiness", in: workspace.path)
            #expect(run.exitCode == 1)
            #expect(run.line.contains("no connection to \(listener.path) in time"))
            #expect(run.seconds < ProbeBinary.longestSeconds)
        }
    }

    @Test func aDeadAddressDoesNotHideALiveOne() async throws {
        try await Workspace.with { workspace in
            let listener = try Listener(at: "\(workspace.path)/socket")
            let port = try FreePort.take()
            try Self.remember(
                ["unix \(workspace.path)/gone", "tcp 127.0.0.1 \(port)", "unix \(listener.path)"],
                in: workspace.path
            )
            async let answered: Void = listener.answer(with: StartupExchangeTests.message("R", [0, 0, 0, 5]))
            let run = try await ProbeBinary.ask("readiness", in: workspace.path)
            try await answered
            #expect(run.exitCode == 0)
            #expect(run.line.contains(listener.path))
        }
    }

    @Test func nobodyListens() async throws {
        try await Workspace.with { workspace in
            let port = try FreePort.take()
            try Self.remember(["unix \(workspace.path)/gone", "tcp 127.0.0.1 \(port)"], in: workspace.path)
            let run = try await ProbeBinary.ask("read-only", in: workspace.path)
            #expect(run.exitCode == 1)
            #expect(run.line.contains("no server: connection to 127.0.0.1:\(port) refused"))
        }
    }
}
