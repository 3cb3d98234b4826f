import Deadlines
import Facts
import Glibc
import Support
import Testing

@testable import Sensors

/// What may be concluded from a process table, on folders that look like `/proc`.
struct ProcessSensorTests {
    /// A `/proc` of our making, and a data directory.
    struct Scene {
        let workspace: Workspace
        let sensor: ProcessSensor
        var root: String { "\(workspace.path)/proc" }
        var data: String { "\(workspace.path)/data" }

        init(_ workspace: Workspace, isInitialNamespace: Bool) throws {
            self.workspace = workspace
            let watcher = try EventWatcher()
            sensor = ProcessSensor(table: ProcessTable(root: "\(workspace.path)/proc"), watcher: watcher, onEvent: {})
            try TextFile.makeFolder("\(root)/self/ns")
            try TextFile.makeFolder(data)
            link("pid:[\(isInitialNamespace ? 4_026_531_836 : 4_026_532_199)]", "\(root)/self/ns/pid")
            try add(1, "init", age: 600)
        }

        private func link(_ target: String, _ path: String) { unsafe symlink(target, path) }

        /// A process that started `age` seconds ago.
        func add(
            _ pid: Int32,
            _ command: String,
            parent: Int32 = 0,
            age: Double,
            state: String = "S",
            in folder: String? = nil,
            line: [String] = [],
            innermost: Int32? = nil
        ) throws {
            let ticks = max(0, Int((Double(SystemClock.now().boot) / 1e9 - age) * 100))
            try TextFile.makeFolder("\(root)/\(pid)/task/\(pid)")
            let rest = "\(parent) 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 \(ticks) 1000 10"
            try TextFile.write("\(pid) (\(command)) \(state) \(rest)\n", to: "\(root)/\(pid)/stat")
            try TextFile.write(line.joined(separator: "\0"), to: "\(root)/\(pid)/cmdline")
            try TextFile.write("Name:\tx\nNSpid:\t\(pid)\t\(innermost ?? pid)\n", to: "\(root)/\(pid)/status")
            if let folder { link(folder, "\(root)/\(pid)/cwd") }
            let children = TextFile.names(in: root).compactMap { Int32($0) }.filter { $0 != pid && $0 > 1 }
            try TextFile.write("", to: "\(root)/\(pid)/task/\(pid)/children")
            if parent > 1, children.contains(parent) {
                let path = "\(root)/\(parent)/task/\(parent)/children"
                try TextFile.write(try TextFile.read(path) + "\(pid) ", to: path)
            }
        }

        func remove(_ pid: Int32) { TextFile.remove("\(root)/\(pid)") }

        /// A lock file that was written `age` seconds ago.
        func lock(_ pid: Int32, age: Double, status: LockFile.Status = .ready) -> LockFileState {
            var file = LockFile(pid: pid, isSingleUser: false)
            file.startedAt = Int64(SystemClock.now().unixSeconds - age)
            file.dataDirectory = data
            file.status = status
            return .present(file)
        }

        func look(_ lockFile: LockFileState) async throws -> Processes {
            sensor.expect(lockFile: lockFile, dataDirectory: data)
            return try await sensor.observe(deadline: .after(seconds: 5))
        }

        /// Expects `alive`, `gone` or `unknown`.
        func expect(
            _ expected: String,
            _ lockFile: LockFileState,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let postmaster = try await look(lockFile).postmaster
            let verdict =
                switch postmaster {
                case .alive: "alive"
                case .gone: "gone"
                case .unknown: "unknown"
                }
            #expect(verdict == expected, "\(postmaster)", sourceLocation: sourceLocation)
        }
    }

    private func with(initial: Bool = true, _ body: (Scene) async throws -> Void) async throws {
        try await Workspace.with { try await body(try Scene($0, isInitialNamespace: initial)) }
    }

    @Test func nothingToGoBy() async throws {
        let sensor = ProcessSensor(watcher: try EventWatcher(), onEvent: {})
        await #expect(throws: Failure(.absent, "no data directory, so no lock file names a process")) {
            try await sensor.observe(deadline: .after(seconds: 1))
        }
    }

    @Test func verifiedByItsWorkingDirectory() async throws {
        try await with { scene in
            // A script that became the postmaster ten minutes after it started, as container images do.
            try scene.add(40, "postgres", age: 600, in: scene.data)
            try await scene.expect("alive", scene.lock(40, age: 10))
        }
    }

    @Test func verifiedByItsStart() async throws {
        try await with(initial: false) { scene in
            try scene.add(40, "postgres", age: 10)
            try await scene.expect("alive", scene.lock(40, age: 10))
            // From now on absence means something.
            scene.remove(40)
            try await scene.expect("gone", scene.lock(40, age: 10))
            try await scene.expect("gone", .absent)
        }
    }

    @Test func olderThanItsLockFile() async throws {
        try await with { scene in
            try scene.add(40, "postgres", age: 600)
            try await scene.expect("unknown", scene.lock(40, age: 10))
            try scene.add(40, "postgres", age: 600, line: ["postgres", "-D", scene.data])
            try await scene.expect("alive", scene.lock(40, age: 10))
        }
    }

    @Test func reusedNumber() async throws {
        try await with { scene in
            try scene.add(40, "postgres", age: 10)
            try await scene.expect("gone", scene.lock(40, age: 600))
            try scene.add(41, "bash", age: 600)
            try await scene.expect("gone", scene.lock(41, age: 600))
            // Another cluster's postmaster, started in the same second.
            try scene.add(42, "postgres", age: 10, in: scene.workspace.path)
            try await scene.expect("gone", scene.lock(42, age: 10))
        }
    }

    // Two containers of a pod, each with a process table of its own: the server is process 1 there, and we are here.
    @Test func otherNamespace() async throws {
        try await with(initial: false) { scene in
            try scene.add(1, "howdah", age: 10)
            try await scene.expect("unknown", scene.lock(1, age: 10))
            try await scene.expect("unknown", scene.lock(77, age: 10))
            try await scene.expect("unknown", .absent)
            try await scene.expect("unknown", .notPermitted("mode"))
        }
    }

    @Test func namespaceOfTheMachine() async throws {
        try await with { scene in
            try await scene.expect("gone", .absent)
            try await scene.expect("gone", scene.lock(77, age: 10))
            // With hidepid we see ourselves only.
            scene.remove(1)
            try await scene.expect("unknown", .absent)
            try await scene.expect("unknown", scene.lock(77, age: 10))
        }
    }

    @Test func namespaceBelow() async throws {
        try await with { scene in
            try scene.add(900, "postgres", age: 10, in: scene.data, innermost: 1)
            try scene.add(
                901,
                "postgres",
                parent: 900,
                age: 9,
                in: scene.data,
                line: ["postgres: checkpointer "],
                innermost: 14
            )
            let processes = try await scene.look(scene.lock(1, age: 10))
            guard case .alive(let process) = processes.postmaster else { throw TimedOut("\(processes.postmaster)") }
            #expect(process.pid == 900)
            #expect(processes.children == ["checkpointer": 1])
        }
    }

    @Test func workingWithoutALockFile() async throws {
        try await with { scene in
            try scene.add(900, "postgres", age: 10, in: scene.data)
            try await scene.expect("unknown", .absent)
        }
    }

    @Test func zombie() async throws {
        try await with { scene in
            try scene.add(40, "postgres", age: 10, state: "Z")
            try await scene.expect("gone", scene.lock(40, age: 10))
        }
    }

    @Test func restartedUnderAnotherNumber() async throws {
        try await with { scene in
            try scene.add(40, "postgres", age: 100, in: scene.data)
            try await scene.expect("alive", scene.lock(40, age: 100))
            scene.remove(40)
            try scene.add(50, "postgres", age: 1, in: scene.data)
            try await scene.expect("alive", scene.lock(50, age: 1))
        }
    }

    @Test func statesAndBounds() async throws {
        try await with { scene in
            try scene.add(40, "postgres", age: 100, state: "D", in: scene.data)
            try scene.add(41, "postgres", parent: 40, age: 9, state: "D", line: ["postgres: checkpointer "])
            try scene.add(42, "postgres", parent: 40, age: 9, state: "T", line: ["postgres: app app [local] idle"])
            try scene.add(43, "postgres", parent: 40, age: 9, state: "Z", line: [])
            try scene.add(44, "sh", parent: 40, age: 9, line: ["sh", "-c", "sleep 1"])
            for pid in Int32(50)..<70 {
                try scene.add(pid, "postgres", parent: 40, age: 9, line: ["postgres: u d [local] idle"])
            }
            let processes = try await scene.look(scene.lock(40, age: 100, status: .stopping))
            guard case .alive(let process) = processes.postmaster else { throw TimedOut("\(processes.postmaster)") }
            #expect(process.isUninterruptible)
            #expect(process.childCount == 23)
            #expect(processes.children == ["checkpointer": 1, "client backend": 21, "other": 1])
            #expect(processes.uninterruptible == ["checkpointer": 1])
            #expect(processes.stopped == ["client backend": 1])
            #expect(processes.holdingTitles.count == ProcessCore.holdingLimit)
        }
    }

    // Who opened a configuration file a moment ago: among the newest processes, and for our data directory only.
    @Test(arguments: [
        (["/bin/postgres", "-D", "DATA"], DirectoryHistory.Reader.server),
        (["/bin/postgres", "-DDATA", "-c", "config_file=/etc/postgresql.conf"], .server),
        (["/bin/postgres", "-D", "DATA", "-C", "port"], .tool),
        (["/bin/postgres", "--single", "-D", "DATA"], .tool),
        (["/bin/postgres", "-D", "/somewhere/else"], .unknown),
        (["/bin/postgres", "-V"], .unknown),
        (["postgres: checkpointer "], .unknown),
        (["/bin/cat", "DATA/postgresql.conf"], .unknown),
    ])
    func reader(line: [String], expected: DirectoryHistory.Reader) async throws {
        try await with { scene in
            let line = line.map { $0.replacing("DATA", with: scene.data) }
            try TextFile.write("0.1 0.1 0.1 1/100 210\n", to: "\(scene.root)/loadavg")
            try scene.add(205, line[0].hasSuffix("cat") ? "cat" : "postgres", age: 0, line: line)
            let directory = try FileIdentity(scene.data)
            let table = ProcessTable(root: scene.root)
            #expect(StartingServer(table: table, directory: directory).find() == expected)
            // Old processes are none of its business.
            try TextFile.write("0.1 0.1 0.1 1/100 4000\n", to: "\(scene.root)/loadavg")
            #expect(StartingServer(table: table, directory: directory).find() == .unknown)
        }
    }

    @Test(arguments: ["", "1", "1 (", "1 (x", "1 (x) S", "(x) S 1 2", ") 1 (", "x (y) S 1 2 3"])
    func statLinesThatAreNone(line: String) { #expect(ProcessTable.Entry(Array(line.utf8)) == nil) }

    @Test func statLineWithAStrangeName() throws {
        let line = "7 (a) R (b\n) D 3 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 1000 10"
        let entry = try #require(ProcessTable.Entry(Array(line.utf8)))
        #expect(entry.command == "a) R (b\n")
        #expect(entry.state == "D")
        #expect(entry.parent == 3)
        #expect(entry.startTicks == 4242)
    }
}
