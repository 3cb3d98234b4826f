import Deadlines
import Facts
import Glibc
import Support
import Synchronization
import Testing

@testable import Sensors

/// Counts calls, for handlers.
final class CallCounter: Sendable {
    private let counter = Mutex((count: 0, last: Moment(boot: 0, wall: 0)))

    var count: Int { counter.withLock { $0.count } }
    var last: Moment { counter.withLock { $0.last } }

    func call() {
        let now = SystemClock.now()
        counter.withLock { $0 = ($0.count + 1, now) }
    }
}

/// Folders with the files of a data directory, and real inotify.
struct DataDirectorySensorTests {
    let watcher: EventWatcher
    let calls = CallCounter()

    init() throws { watcher = try EventWatcher() }

    private func sensor(_ path: String?) -> DataDirectorySensor {
        DataDirectorySensor(path: path, watcher: watcher, onEvent: { [calls] in calls.call() })
    }

    private func observe(_ sensor: DataDirectorySensor) async throws -> DataDirectory {
        try await sensor.observe(deadline: .after(seconds: 5))
    }

    private func failure(_ sensor: DataDirectorySensor) async -> Failure? {
        do throws(Failure) {
            _ = try await sensor.observe(deadline: .after(seconds: 5))
            return nil
        } catch {
            return error
        }
    }

    /// A folder that looks like a cluster.
    private func makeCluster(_ path: String) throws {
        try TextFile.makeFolder("\(path)/global")
        try TextFile.makeFolder("\(path)/pg_wal")
        try TextFile.write("18\n", to: "\(path)/PG_VERSION")
        try copyControlFile("18-in-production", to: path)
        for name in ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"] {
            try TextFile.write("", to: "\(path)/\(name)")
        }
    }

    private func copyControlFile(_ fixture: String, to path: String) throws {
        try overwrite("\(path)/global/pg_control", with: ControlFileParserTests.bytes(fixture))
    }

    /// Writes in place, as a server does.
    private func overwrite(_ path: String, with bytes: [UInt8], truncating: Bool = false) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | (truncating ? O_TRUNC : 0), 0o600)
        try #require(descriptor >= 0)
        let count = unsafe write(descriptor, bytes, bytes.count)
        close(descriptor)
        #expect(count == bytes.count)
    }

    private func lockFile(_ status: String, pid: Int = 4711) -> [UInt8] {
        Array("\(pid)\n/data\n1795420800\n5432\n/run\n*\n 1 2\n\(status)\n".utf8)
    }

    /// Opens files one after the other, as a program that reads them does.
    private func read(_ names: [String], in path: String) {
        for name in names { close(unsafe open("\(path)/\(name)", O_RDONLY)) }
    }

    @Test func notConfigured() async {
        #expect(await failure(sensor(nil)) == Failure(.absent, "no data directory is configured"))
    }

    @Test func namedLater() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let sensor = sensor(nil)
            sensor.look(at: data + "/")
            let facts = try await observe(sensor)
            #expect(facts.path == data)
            #expect(facts.contents == .cluster)
        }
    }

    @Test func notThere() async {
        let failure = await failure(sensor("/nowhere/data"))
        #expect(failure?.kind == .absent)
        #expect(failure?.message == "/nowhere/data is not there: not mounted, or not made yet")
    }

    @Test func aFileInItsPlace() async throws {
        try await Workspace.with { workspace in
            try TextFile.write("", to: "\(workspace.path)/data")
            #expect(await failure(sensor("\(workspace.path)/data"))?.kind == .absent)
        }
    }

    // The text says whose it is and what would do. Root may look anywhere, so a process of its own steps down.
    @Test func notPermitted() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            unsafe chmod(data, 0o700)
            await #expect(processExitsWith: .success) { [data = data as String] in
                if geteuid() == 0 { try #require(seteuid(65_534) == 0) } else { unsafe chmod(data, 0) }
                do throws(Failure) {
                    _ = try DataDirectoryReader(path: data).read()
                    Issue.record("it could be read")
                } catch {
                    #expect(error.kind == .notPermitted)
                    #expect(error.message.contains("run Howdah as user "))
                }
            }
        }
    }

    @Test func emptyAndIncomplete() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try TextFile.makeFolder(data)
            let sensor = sensor(data)
            #expect(try await observe(sensor).contents == .empty)
            try TextFile.makeFolder("\(data)/lost+found")
            #expect(try await observe(sensor).contents == .empty)
            try TextFile.write("18\n", to: "\(data)/PG_VERSION")
            var facts = try await observe(sensor)
            #expect(facts.contents == .incomplete)
            #expect(facts.version == "18")
            #expect(facts.control == .absent)
            try makeCluster(data)
            facts = try await observe(sensor)
            #expect(facts.contents == .cluster)
        }
    }

    @Test func everythingIsRead() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            try overwrite("\(data)/postmaster.pid", with: lockFile("ready   "))
            for name in ["standby.signal", "recovery.signal", "backup_label"] {
                try TextFile.write("", to: "\(data)/\(name)")
            }
            for name in ["000000010000000000000007", "000000010000000000000006", "000000010000000000000008.partial"] {
                try TextFile.write("", to: "\(data)/pg_wal/\(name)")
            }
            var times = [timespec(tv_sec: 2_000_000_000, tv_nsec: 0), timespec(tv_sec: 2_000_000_000, tv_nsec: 0)]
            unsafe utimensat(AT_FDCWD, "\(data)/pg_wal/000000010000000000000006", &times, 0)
            let facts = try await observe(sensor(data))
            guard case .present(let lock) = facts.lockFile, case .present(let control) = facts.control else {
                Issue.record("\(facts)")
                return
            }
            #expect(lock.status == .ready)
            #expect(control.state == .inProduction)
            #expect(facts.hasStandbySignal && facts.hasRecoverySignal && facts.hasBackupLabel)
            #expect(!facts.hasPromoteSignal)
            #expect(facts.newestSegment?.description == "000000010000000000000006")
            #expect(facts.lastStart?.stage == .reachedReady)
        }
    }

    // A server may be in the middle of writing: a bad checksum is believed only when it stays.
    @Test func tornControlFile() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let whole = try ControlFileParserTests.bytes("18-in-production")
            var torn = whole
            torn[40] ^= 1
            try overwrite("\(data)/global/pg_control", with: torn)
            let reader = DataDirectoryReader(path: data)
            guard case .notUnderstood(let reason) = reader.controlFile() else {
                Issue.record("a damaged file was believed")
                return
            }
            #expect(reason.contains("checksum"))
            var pauses = 0
            let state = reader.controlFile {
                pauses += 1
                if pauses == 3 { try? overwrite("\(data)/global/pg_control", with: whole) }
            }
            guard case .present = state else {
                Issue.record("\(state)")
                return
            }
        }
    }

    @Test(arguments: [0, 1, 100, 295])
    func shortControlFile(length: Int) async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let part = Array(try ControlFileParserTests.bytes("18-in-production")[..<length])
            try overwrite("\(data)/global/pg_control", with: part, truncating: true)
            let facts = try await observe(sensor(data))
            #expect(facts.control == .notUnderstood("pg_control has only \(length) bytes"))
            #expect(facts.contents == .cluster)
        }
    }

    // A named pipe would make an ordinary open wait for ever.
    @Test func pipeInPlaceOfTheLockFile() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            unsafe mkfifo("\(data)/postmaster.pid", 0o600)
            guard case .notUnderstood = try await observe(sensor(data)).lockFile else {
                Issue.record("a pipe was taken for a lock file")
                return
            }
        }
    }

    // MARK: Events

    @Test func whatLastsForAMomentIsSeen() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            try overwrite("\(data)/postmaster.pid", with: lockFile("ready   "))
            try TextFile.write("", to: "\(data)/standby.signal")
            let sensor = sensor(data)
            _ = try await observe(sensor)
            #expect(sensor.watchProblem == nil)
            try TextFile.write("", to: "\(data)/promote")
            unsafe unlink("\(data)/promote")
            unsafe unlink("\(data)/standby.signal")
            try overwrite("\(data)/postmaster.pid", with: lockFile("stopping"))
            #expect(await eventually(within: 10) { sensor.sightings.last?.status == .stopping })
            unsafe unlink("\(data)/postmaster.pid")
            #expect(await eventually(within: 10) { calls.count >= 2 })
            let facts = try await observe(sensor)
            #expect(facts.promotionRequestedAt != nil)
            #expect(facts.standbySignalRemovedAt != nil)
            #expect(!facts.hasPromoteSignal)
            #expect(facts.lastStart?.endedAt != nil)
            #expect(sensor.sightings.map(\.status) == [.ready, .stopping])
        }
    }

    @Test func controlFileIsPaced() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let sensor = sensor(data)
            _ = try await observe(sensor)
            let began = SystemClock.now()
            while SystemClock.now().seconds(since: began) < 0.5 {
                try copyControlFile("18-in-production", to: data)
                try await Task.sleep(for: .milliseconds(2))
            }
            let count = calls.count
            #expect(count >= 3 && count <= 13, "\(count) calls in half a second")
            // The last write is told, too.
            try await Task.sleep(for: .milliseconds(100))
            try copyControlFile("18-shut-down", to: data)
            #expect(await eventually(within: 10) { calls.count > count })
        }
    }

    // A log in the data directory, or a table of `global`, is none of its business. Nor are its own looks.
    @Test func nothingElseWakesItUp() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            try overwrite("\(data)/postmaster.pid", with: lockFile("ready   "))
            let sensor = sensor(data)
            _ = try await observe(sensor)
            try await Task.sleep(for: .milliseconds(50))
            let before = calls.count
            for _ in 0..<20 {
                try TextFile.write("LOG: hello\n", to: "\(data)/server.log")
                try TextFile.write("x", to: "\(data)/global/1262")
                _ = try await observe(sensor)
            }
            try await Task.sleep(for: .milliseconds(100))
            #expect(calls.count == before)
        }
    }

    @Test func startThatReadsItsConfigurationOnly() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let sensor = sensor(data)
            _ = try await observe(sensor)
            read(["postgresql.conf", "postgresql.conf", "postgresql.auto.conf"], in: data)
            let before = calls.count
            #expect(await eventually(within: 10) { calls.count > before })
            let start = try await observe(sensor).lastStart
            #expect(start?.stage == .readConfiguration)
            #expect(start?.endedAt != nil)
        }
    }

    // A copy of the whole folder opens these files too, and others.
    @Test func backupIsNoStart() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let sensor = sensor(data)
            _ = try await observe(sensor)
            try await Command.succeed(["tar", "-cf", "/dev/null", "-C", workspace.path, "data"])
            try await Command.succeed(["cat", "\(data)/postgresql.conf"])
            try await Task.sleep(for: .seconds(1))
            #expect(try await observe(sensor).lastStart == nil)
        }
    }

    @Test func configurationElsewhere() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            unsafe unlink("\(data)/postgresql.conf")
            try TextFile.write("", to: "\(workspace.path)/postgresql.conf")
            let sensor = sensor(data)
            sensor.also(watchConfigFile: "\(workspace.path)/postgresql.conf")
            _ = try await observe(sensor)
            read(["postgresql.conf"], in: workspace.path)
            read(["postgresql.auto.conf"], in: data)
            try await Task.sleep(for: .seconds(1))
            #expect(try await observe(sensor).lastStart?.stage == .readConfiguration)
        }
    }

    // rm -rf and initdb, or a volume that is mounted again: the watch finds the new directory of the old name.
    @Test func directoryComesBack() async throws {
        try await Workspace.with { workspace in
            let data = "\(workspace.path)/data"
            try makeCluster(data)
            let sensor = sensor(data)
            _ = try await observe(sensor)
            TextFile.remove(data)
            #expect(await eventually(within: 10) { sensor.watchProblem != nil })
            #expect(await failure(sensor)?.kind == .absent)
            try makeCluster(data)
            _ = try await observe(sensor)
            #expect(sensor.watchProblem == nil)
            let before = calls.count
            try overwrite("\(data)/postmaster.pid", with: lockFile("starting"))
            #expect(await eventually(within: 10) { calls.count > before })
            #expect(await eventually(within: 10) { sensor.sightings.last?.status == .starting })
        }
    }

    @Test func eventsOfTheKernel() {
        func event(_ watch: Int32, _ mask: UInt32, _ name: String) -> [UInt8] {
            let padded = name.isEmpty ? [] : Array(name.utf8) + [UInt8](repeating: 0, count: 16 - name.utf8.count % 16)
            func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
            return bytes(UInt32(bitPattern: watch)) + bytes(mask) + bytes(0) + bytes(UInt32(padded.count)) + padded
        }
        let buffer = event(1, 0x100, "postmaster.pid") + event(-1, 0x4000, "") + event(2, 2, "")
        let expected = [
            FileEvent(watch: 1, mask: 0x100, name: "postmaster.pid"), FileEvent(watch: -1, mask: 0x4000, name: ""),
            FileEvent(watch: 2, mask: 2, name: ""),
        ]
        #expect(FileEvent.parse(buffer[...]) == expected)
        #expect(expected[1].isOverflow)
        for length in 0..<buffer.count { #expect(FileEvent.parse(buffer[..<length]).count < 3) }
    }
}
