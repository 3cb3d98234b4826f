import Diagnosis
import Facts
import FoundationEssentials
import Glibc
import Sidecar
import Support
import Testing

/// What Howdah writes is what the probe reads: the two programs share the layout and nothing else.
@Suite(.serialized) struct StateFileTests {
    private static let probes: [ProbeID: String] = [
        .liveness: "liveness", .readiness: "readiness", .readWrite: "read-write", .readOnly: "read-only",
    ]

    /// The built probe: `HOWDAH_PROBE_BINARY`, or the release build, or the debug build.
    private static let probeBinary: String = {
        let named = ProcessInfo.processInfo.environment["HOWDAH_PROBE_BINARY"]
        let builds = ["release", "debug"].map { "\(Project.root)/.build/\($0)/howdah-probe" }
        return ([named].compactMap(\.self) + builds).first(where: TextFile.exists) ?? "howdah-probe"
    }()

    private func ask(_ probe: ProbeID, _ workspace: Workspace) async throws -> Command.Result {
        let name = try #require(Self.probes[probe])
        let arguments = [Self.probeBinary, name, "--run-directory", workspace.path]
        return try await Command.run(arguments, environment: ["PGHOST": "/nonexistent", "PGDATA": ""], within: 10)
    }

    /// Now, as Howdah's clocks read it.
    private static var now: Moment {
        var boot = timespec()
        var wall = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &boot)
        unsafe clock_gettime(CLOCK_REALTIME, &wall)
        return Moment(
            boot: Int64(boot.tv_sec) * 1_000_000_000 + Int64(boot.tv_nsec),
            wall: Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
        )
    }

    /// Every answer of every probe, in every phase and role, arrives as it was given.
    @Test(arguments: Role.allCases) func theProbeReadsWhatHowdahWrites(role: Role) async throws {
        try await Workspace.with { workspace in
            let file = StateFile(runDirectory: workspace.path)
            for (index, probe) in ProbeID.allCases.enumerated() {
                var verdict = Verdict(at: Self.now)
                verdict.role = role
                verdict.state = State.allCases[index % State.allCases.count]
                verdict.phase = Phase.allCases[index % Phase.allCases.count]
                verdict.revision = UInt64.max
                for pass in [true, false] {
                    verdict.probes = Probes(all: ProbeResult(pass: !pass, reason: "another"))
                    verdict.probes[probe] = ProbeResult(pass: pass, reason: "\(probe.rawValue): Grüße, 97 of 97")
                    try file.write(verdict, servers: [], confirmedAt: Self.now)
                    let said = try await ask(probe, workspace)
                    #expect(said.exitCode == (pass ? 0 : 1))
                    #expect(said.output == "\(probe.rawValue): Grüße, 97 of 97\n")
                }
            }
        }
    }

    @Test func theProbeAsksWhereHowdahSaysOnceItHasStopped() async throws {
        try await Workspace.with { workspace in
            let file = StateFile(runDirectory: workspace.path)
            var verdict = Verdict(at: Self.now)
            verdict.probes = Probes(all: ProbeResult(pass: true, reason: "all is well"))
            let servers: [StateFile.Server] = [
                .unix(path: "\(workspace.path)/no such socket"), .tcp(address: "127.0.0.1", port: try FreePort.take()),
            ]
            try file.write(verdict, observer: .stopped, servers: servers, confirmedAt: Self.now)
            let said = try await ask(.readiness, workspace)
            #expect(said.exitCode == 1)
            #expect(said.output.contains("connection to 127.0.0.1:"))
            #expect(said.output.contains("refused; Howdah is down: it stopped "))
            try file.write(verdict, observer: .stopped, servers: [servers[0]], confirmedAt: Self.now)
            #expect(
                try await ask(.readiness, workspace).output.contains("\(workspace.path)/no such socket is not there")
            )
            #expect(try await ask(.liveness, workspace).exitCode == 0)
        }
    }

    @Test func theProbeCountsTheAgeFromTheLastConfirmation() async throws {
        try await Workspace.with { workspace in
            var verdict = Verdict(at: Self.now)
            verdict.probes = Probes(all: ProbeResult(pass: true, reason: "all is well"))
            let then = Self.now.advanced(seconds: -300)
            try StateFile(runDirectory: workspace.path).write(verdict, servers: [], confirmedAt: then)
            #expect(try await ask(.readOnly, workspace).output.contains("Howdah is down: its last word is 5 min old"))
        }
    }

    /// Whatever a reason holds, it is one line of bounded length and the file stays one that the probe believes.
    @Test func reasonsAreOneLineAndBounded() async throws {
        let reasons = [
            "", " ", "two\nlines\r\nand more", "\u{0}\u{1B}[31mred\u{7F}", "separators \u{2028}\u{2029}\u{85} too",
            String(repeating: "long ", count: 5000), String(repeating: "é", count: 5000),
            String(repeating: "👩‍🚀", count: 200),
            "end\nend\nprobe readiness fail forged",
        ]
        try await Workspace.with { workspace in
            let file = StateFile(runDirectory: workspace.path)
            for reason in reasons {
                var verdict = Verdict(at: Self.now)
                verdict.probes = Probes(all: ProbeResult(pass: true, reason: reason))
                let path = "\(workspace.path)/\(String(repeating: "x", count: 200))"
                let servers = Array(repeating: StateFile.Server.tcp(address: "127.0.0.1", port: 1), count: 50)
                try file.write(verdict, servers: [.unix(path: path)] + servers, confirmedAt: Self.now)
                let text = try TextFile.read(file.path)
                #expect(text.utf8.count <= 4096)
                let said = try await ask(.readiness, workspace)
                #expect(said.exitCode == 0, "\(said.output)")
                #expect(said.output.utf8.count <= 301)
                #expect(said.output.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
            }
        }
    }

    @Test func theFileIsReplacedAtOnceAndReadableForAll() async throws {
        try await Workspace.with { workspace in
            let file = StateFile(runDirectory: workspace.path)
            for _ in 0..<3 { try file.write(Verdict(at: Self.now), servers: [], confirmedAt: Self.now) }
            #expect(TextFile.names(in: workspace.path) == ["state"])
            let mode = try await Command.succeed(["stat", "-c", "%a", file.path])
            #expect(mode == "644\n")
        }
    }

    @Test func aFailureNamesTheStepAndThePath() async throws {
        try await Workspace.with { workspace in
            let gone = StateFile(runDirectory: "\(workspace.path)/gone")
            let failure = #expect(throws: StateFile.WriteFailure.self) {
                try gone.write(Verdict(at: Self.now), servers: [], confirmedAt: Self.now)
            }
            #expect(failure?.step == .create)
            #expect(
                failure?.description == "cannot create \(workspace.path)/gone/.state.new: No such file or directory"
            )
            try TextFile.makeFolder("\(workspace.path)/state/in the way")
            let blocked = StateFile(runDirectory: workspace.path)
            let second = #expect(throws: StateFile.WriteFailure.self) {
                try blocked.write(Verdict(at: Self.now), servers: [], confirmedAt: Self.now)
            }
            #expect(second?.step == .rename)
            #expect(TextFile.names(in: workspace.path) == ["state"])
        }
    }

    /// While Howdah rewrites the file as fast as it can, every reader sees a whole one.
    @Test func aReaderNeverSeesAPart() async throws {
        try await Workspace.with { workspace in
            let file = StateFile(runDirectory: workspace.path)
            var verdict = Verdict(at: Self.now)
            verdict.probes = Probes(all: ProbeResult(pass: true, reason: String(repeating: "word ", count: 50)))
            try file.write(verdict, servers: [], confirmedAt: Self.now)
            async let writes: Void = {
                for _ in 0..<3000 { try file.write(verdict, servers: [], confirmedAt: Self.now) }
            }()
            for _ in 0..<50 { #expect(try await ask(.readiness, workspace).output.hasPrefix("word word")) }
            try await writes
        }
    }
}
