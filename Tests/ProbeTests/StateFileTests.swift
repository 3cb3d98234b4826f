import Glibc
import Support
import Testing

/// The probe reads what Howdah wrote last, and believes it only while it counts.
@Suite(.serialized) struct StateFileTests {
    @Test(arguments: ["liveness", "readiness", "read-write", "read-only"], ["pass", "fail"])
    func saysWhatAFreshFileSays(probe: String, word: String) async throws {
        try await Workspace.with { workspace in
            let name = probe == "read-write" ? "read_write" : probe == "read-only" ? "read_only" : probe
            var file = StateFileText()
            for other in StateFileLayout.probes { file.probes[other] = word == "pass" ? "fail" : "pass" }
            file.probes[name] = word
            try file.write(to: workspace.path)
            let run = try await ProbeBinary.ask(probe, in: workspace.path)
            #expect(run.exitCode == (word == "pass" ? 0 : 1))
            #expect(run.line == "\(name) because")
        }
    }

    @Test func findsTheRunDirectoryInTheEnvironment() async throws {
        try await Workspace.with { workspace in
            try StateFileText().write(to: workspace.path)
            let run = try await ProbeBinary.run(["readiness"], environment: ["HOWDAH_RUN_DIRECTORY": workspace.path])
            #expect(run.exitCode == 0)
            #expect(run.line == "readiness because")
        }
    }

    @Test func skipsLinesOfALaterVersion() async throws {
        try await Workspace.with { workspace in
            var file = StateFileText()
            file.extra = ["weather fair", "probe write_only fail never", "server smoke-signals hill 5"]
            try file.write(to: workspace.path)
            let run = try await ProbeBinary.ask("readiness", in: workspace.path)
            #expect(run.exitCode == 0)
            #expect(run.line == "readiness because")
        }
    }

    @Test func aFileGrowsOld() async throws {
        try await Workspace.with { workspace in
            var file = StateFileText()
            file.age = 300
            try file.write(to: workspace.path)
            #expect(try await ProbeBinary.ask("readiness", in: workspace.path, maxAge: 600).exitCode == 0)
            let stale = try await ProbeBinary.ask("readiness", in: workspace.path)
            #expect(stale.exitCode == 1)
            #expect(stale.line.contains("Howdah is down: its last word is 5 min old"))
            file.probes["liveness"] = "fail"
            try file.write(to: workspace.path)
            let liveness = try await ProbeBinary.ask("liveness", in: workspace.path)
            #expect(liveness.exitCode == 0)
            #expect(liveness.line == "passes, as nobody can tell: Howdah is down: its last word is 5 min old")
        }
    }

    @Test func aHowdahThatStoppedIsNotWaitedFor() async throws {
        try await Workspace.with { workspace in
            var file = StateFileText()
            file.observer = "stopped"
            file.age = 300
            try file.write(to: workspace.path)
            let run = try await ProbeBinary.ask("readiness", in: workspace.path, maxAge: 86_400)
            #expect(run.exitCode == 1)
            #expect(run.line.contains("Howdah is down: it stopped 5 min ago"))
            #expect(try await ProbeBinary.ask("liveness", in: workspace.path).exitCode == 0)
        }
    }

    /// Each of these is as good as no file, and says in what way.
    static let unbelievable: [(name: String, text: String?, word: String)] = {
        var future = StateFileText()
        future.age = -3600
        var reboot = StateFileText()
        reboot.bootID = "00000000-0000-0000-0000-000000000000"
        var version = StateFileText()
        version.magic = "howdah-state 2"
        var headless = StateFileText()
        headless.magic = "#!/bin/sh"
        var cut = StateFileText()
        cut.end = ""
        var almost = StateFileText()
        almost.end = "end"
        var large = StateFileText()
        large.extra = Array(repeating: "filler " + String(repeating: "x", count: 100), count: 40)
        var twice = StateFileText()
        twice.extra = ["role standby"]
        var undecided = StateFileText()
        undecided.probes["readiness"] = "perhaps"
        var control = StateFileText()
        control.reason = "\u{1B}[31mred"
        var observer = StateFileText()
        observer.observer = "asleep"
        return [
            ("missing", nil, "missing"), ("empty", "", "empty"), ("future", future.text, "stamped in the future"),
            ("reboot", reboot.text, "from before a reboot"), ("version", version.text, "of another version"),
            ("headless", headless.text, "not a state file"), ("cut", cut.text, "cut short"),
            ("almost", almost.text, "cut short"), ("large", large.text, "larger than 4096 bytes"),
            ("twice", twice.text, "garbled: role twice"), ("undecided", undecided.text, "garbled: readiness"),
            ("control", control.text, "garbled"), ("observer", observer.text, "garbled: observer"),
            ("zeros", String(repeating: "\0", count: 512), "not a state file"),
        ]
    }()

    @Test(arguments: unbelievable.map(\.name)) func isNotBelieved(name: String) async throws {
        let (_, text, word) = try #require(Self.unbelievable.first { $0.name == name })
        try await Workspace.with { workspace in
            if let text { try TextFile.write(text, to: "\(workspace.path)/state") }
            let liveness = try await ProbeBinary.ask("liveness", in: workspace.path)
            #expect(liveness.exitCode == 0)
            #expect(liveness.line.contains("no word from Howdah: the state file \(workspace.path)/state is \(word)"))
            let readiness = try await ProbeBinary.ask("readiness", in: workspace.path)
            #expect(readiness.exitCode == 1)
            #expect(readiness.line.contains("no server"))
            #expect(readiness.line.contains(word))
        }
    }

    @Test func whatIsNoFileDoesNotHoldItUp() async throws {
        try await Workspace.with { workspace in
            #expect(unsafe mkfifo("\(workspace.path)/state", 0o644) == 0)
            let pipe = try await ProbeBinary.ask("liveness", in: workspace.path)
            #expect(pipe.exitCode == 0)
            #expect(pipe.seconds < ProbeBinary.longestSeconds)
            TextFile.remove("\(workspace.path)/state")
            try TextFile.makeFolder("\(workspace.path)/state")
            let folder = try await ProbeBinary.ask("liveness", in: workspace.path)
            #expect(folder.exitCode == 0)
            #expect(folder.line.contains("unreadable (Is a directory)"))
        }
    }

    @Test func everyBeginningOfAFileIsCutShort() {
        let bytes = Array(StateFileText().text.utf8)
        for length in 0..<bytes.count {
            #expect(throws: StateRecord.Unreadable.self) { try StateRecord(bytes[..<length]) }
        }
        #expect(throws: Never.self) { try StateRecord(bytes[...]) }
    }

    /// Whatever is in the file: a record whose every probe has an answer, or a reason.
    ///
    /// Never a crash.
    @Test(arguments: UInt64(0)..<40) func anyBytesAreParsed(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let bytes = Self.mutated(&generator)
            do throws(StateRecord.Unreadable) {
                let record = try StateRecord(bytes[...])
                for probe in StateFileLayout.probes.compactMap({ Probe($0) }) { #expect(record[probe] != nil) }
                #expect(record.servers.count <= StateFileLayout.serverLimit)
            } catch {
                #expect(!error.reason.isEmpty)
            }
        }
    }

    /// The same by the program itself: it ends in time, with an answer.
    @Test(arguments: UInt64(0)..<8) func anyBytesAreAnswered(seed: UInt64) async throws {
        try await Workspace.with { workspace in
            var generator = SeededGenerator(seed: 1000 + seed)
            for _ in 0..<10 {
                let bytes = Self.mutated(&generator)
                try Self.write(bytes, to: "\(workspace.path)/state")
                let run = try await ProbeBinary.ask("liveness", in: workspace.path)
                #expect(run.exitCode == 0 || run.exitCode == 1)
                #expect(!run.line.isEmpty)
                #expect(run.line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
            }
        }
    }

    /// A good file with some bytes changed, lines exchanged, or nothing but noise.
    private static func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        if Int.random(in: 0..<5, using: &generator) == 0 {
            let count = Int.random(in: 0..<6000, using: &generator)
            return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        var file = StateFileText()
        file.servers = ["unix /run/.s.PGSQL.5432", "tcp 127.0.0.1 5432"]
        var lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf8) }
        if Bool.random(using: &generator) {
            lines.swapAt(lines.indices.randomElement(using: &generator) ?? 0, lines.indices.last ?? 0)
        }
        var bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        for _ in 0..<Int.random(in: 0..<6, using: &generator) {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = unsafe fopen(path, "w")
        let stream = try unsafe #require(file)
        defer { unsafe fclose(stream) }
        #expect(unsafe fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    }
}
