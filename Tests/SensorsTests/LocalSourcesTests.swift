import Deadlines
import Facts
import Glibc
import Support
import Testing

@testable import Sensors

/// Both local sensors on real servers, of every version.
@Suite(.serialized)
struct LocalSourcesTests {
    /// The two sensors beside one server, wired as the sidecar wires them.
    struct Local {
        let server: PostgresServer
        let watcher: EventWatcher
        let data: DataDirectorySensor
        let processes: ProcessSensor
        let dataCalls = CallCounter()
        let processCalls = CallCounter()

        init(_ server: PostgresServer) throws {
            self.server = server
            watcher = try EventWatcher()
            data = DataDirectorySensor(path: server.dataDirectory, watcher: watcher) { [dataCalls] in dataCalls.call() }
            processes = ProcessSensor(watcher: watcher) { [processCalls] in processCalls.call() }
        }

        func observe() async throws -> (DataDirectory, Processes) {
            let files = try await data.observe(deadline: .after(seconds: 5))
            processes.expect(lockFile: files.lockFile, dataDirectory: files.path)
            let table = try await processes.observe(deadline: .after(seconds: 5))
            data.note(postmaster: table.postmaster)
            return (files, table)
        }

        func control() async throws -> ControlFile.ClusterState? {
            guard case .present(let file) = try await observe().0.control else { return nil }
            return file.state
        }
    }

    private func with(
        _ major: Int,
        settings: [String: String] = [:],
        _ body: (Local) async throws -> Void
    ) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace, settings: settings)
            try await body(try Local(server))
        }
    }

    private func alive(_ processes: Processes) throws -> PostmasterProcess {
        guard case .alive(let process) = processes.postmaster else { throw TimedOut("\(processes.postmaster)") }
        return process
    }

    @Test(arguments: PostgresInstallation.majors)
    func startRunStop(major: Int) async throws {
        try await with(major, settings: ["cluster_name": "'test: one'"]) { local in
            var (files, table) = try await local.observe()
            #expect(files.lockFile == .absent)
            #expect(files.version == "\(major)")
            // This test runs in the machine's own pid namespace or in a container's; only the first one proves absence.
            if case .alive = table.postmaster { Issue.record("alive before its start") }

            try await local.server.start()
            // The last of the children are made after the server says that it is ready, and set their titles later still.
            let isComplete = try await eventually(within: 10) {
                (files, table) = try await local.observe()
                return table.children["logical replication launcher"] == 1 && table.children["starting"] == nil
            }
            #expect(isComplete, "\(table.children)")
            let process = try alive(table)
            #expect(process.pid == local.server.postmaster?.pid)
            #expect(process.childCount == table.children.values.reduce(0, +))
            #expect(files.lastStart?.stage == .reachedReady)
            #expect(files.lastStart?.endedAt == nil)
            #expect(local.data.sightings.last?.status == .ready)
            #expect(try await local.control() == .inProduction)
            guard case .present(let lock) = files.lockFile else { throw TimedOut("\(files.lockFile)") }
            #expect(lock.port == local.server.port)
            #expect(lock.listenAddress == "127.0.0.1")
            #expect(lock.socketDirectory == local.server.socketDirectory)
            #expect(lock.sharedMemoryID != nil)
            for kind in ["checkpointer", "background writer", "walwriter", "autovacuum launcher"] {
                #expect(table.children[kind] == 1, "\(kind) of \(table.children)")
            }
            #expect(table.children["stats collector"] == (major == 14 ? 1 : nil))
            #expect(table.children["io worker"] == (major >= 18 ? 3 : nil))
            #expect(table.children["other"] == nil && table.children["background worker"] == nil, "\(table.children)")

            try await local.server.stop(.fast)
            #expect(await eventually(within: 10) { local.data.sightings.last?.status == .stopping })
            (files, table) = try await local.observe()
            #expect(files.lockFile == .absent)
            #expect(files.lastStart?.endedAt != nil)
            guard case .gone = table.postmaster else { throw TimedOut("\(table.postmaster)") }
            #expect(try await local.control() == .shutDown)
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func killed(major: Int) async throws {
        try await with(major) { local in
            try await local.server.start()
            let before = try await local.observe()
            _ = try alive(before.1)
            let calls = local.processCalls.count
            let began = SystemClock.now()
            let family = local.server.children
            local.server.postmaster?.send(SIGKILL)
            #expect(await eventually(within: 10, every: 1) { local.processCalls.count > calls })
            #expect(local.processCalls.last.seconds(since: began) < 1)
            // The wake-up may have been an earlier event's: the end itself is looked for until it is there.
            #expect(
                try await eventually(within: 10) {
                    if case .gone = try await local.observe().1.postmaster { true } else { false }
                }
            )
            let (files, table) = try await local.observe()
            guard case .gone(let reason, let at) = table.postmaster else { throw TimedOut("\(table.postmaster)") }
            #expect(reason.contains("ended while it was watched"))
            #expect(at.seconds(since: began) < 1)
            // The lock file stays, and says what was true before.
            guard case .present(let lock) = files.lockFile else { throw TimedOut("\(files.lockFile)") }
            #expect(lock.status == .ready)
            #expect(try await local.control() == .inProduction)
            for process in family { await process.ended(within: 5) }
            // Asked again, the answer has the same beginning.
            #expect(try await local.observe().1.postmaster == table.postmaster)

            // The old lock file says `ready`, too.
            // A server refuses to start for as long as a process of the killed one still has its shared memory.
            var isAlive = false
            for _ in 0..<3 where !isAlive {
                try await local.server.launch()
                isAlive = try await eventually(within: 10) {
                    let (files, table) = try await local.observe()
                    guard case .alive(let process) = table.postmaster, case .present(let lock) = files.lockFile else {
                        return false
                    }
                    return process.pid == lock.pid
                }
            }
            let (lastFiles, lastTable) = try await local.observe()
            #expect(isAlive, "\(lastTable.postmaster) beside \(lastFiles.lockFile)\n\(local.server.lastLogLines())")
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func brokenConfiguration(major: Int) async throws {
        try await with(major) { local in
            _ = try await local.observe()
            let broken = "\(local.server.dataDirectory)/conf.d/50-fault.conf"
            try TextFile.write("no_such_setting = 1\n", to: broken)
            try await failToStart(local, at: .readConfiguration)

            // The same beside the lock file of a server that was killed.
            TextFile.remove(broken)
            try await local.server.start()
            _ = try await local.observe()
            await local.server.crash()
            _ = try await local.observe()
            try TextFile.write("no_such_setting = 1\n", to: broken)
            try await failToStart(local, at: .readConfiguration)

            // A broken pg_hba.conf is found later, when the lock file is there.
            TextFile.remove(broken)
            try local.server.writeHBA(["nonsense"])
            try await failToStart(local, at: .tookLock)
        }
    }

    /// Runs the server to its failure, and waits for what the sensor makes of it.
    private func failToStart(_ local: Local, at stage: StartAttempt.Stage) async throws {
        let began = SystemClock.now()
        let arguments = [local.server.installation.program("postgres"), "-D", local.server.dataDirectory]
        let result = try await Command.run(arguments, as: User.postgres, within: 20)
        #expect(result.exitCode == 1, "\(result)")
        var start: StartAttempt?
        _ = try await eventually(within: 10) {
            start = try await local.observe().0.lastStart
            return start?.stage == stage && start?.endedAt != nil
        }
        #expect(start?.stage == stage)
        #expect(start.map { $0.beganAt >= began } == true)
        #expect(start?.endedAt != nil)
    }

    // pg_ctl opens postgresql.conf and PG_VERSION, pg_controldata the control file.
    @Test(arguments: PostgresInstallation.majors)
    func toolsAreNoStart(major: Int) async throws {
        try await with(major) { local in
            _ = try await local.observe()
            let installation = local.server.installation
            for arguments in [
                [installation.program("pg_ctl"), "-D", local.server.dataDirectory, "status"],
                [installation.program("pg_controldata"), local.server.dataDirectory],
            ] {
                _ = try await Command.run(arguments, as: User.postgres, within: 20)
            }
            try await Task.sleep(for: .seconds(DirectoryHistory.lockFileGrace + 0.2))
            #expect(try await local.observe().0.lastStart == nil)
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func stoppedPostmasterAndSessions(major: Int) async throws {
        try await with(major) { local in
            try await local.server.start()
            _ = try await local.observe()
            let checkpointer = try #require(local.server.child(titled: "checkpointer"))
            checkpointer.send(SIGSTOP)
            local.server.postmaster?.send(SIGSTOP)
            #expect(
                try await eventually(within: 10) {
                    let table = try await local.observe().1
                    return try alive(table).isStopped && table.stopped == ["checkpointer": 1]
                }
            )
            local.server.postmaster?.send(SIGCONT)
            checkpointer.send(SIGCONT)
            #expect(try await eventually(within: 10) { try await !alive(local.observe().1).isStopped })
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func crashOfABackend(major: Int) async throws {
        try await with(major) { local in
            try await local.server.start()
            let before = try alive(await local.observe().1)
            let calls = local.processCalls.count
            let began = SystemClock.now()
            local.server.child(titled: "background writer")?.send(SIGKILL)
            #expect(await eventually(within: 10, every: 1) { local.processCalls.count > calls })
            #expect(local.processCalls.last.seconds(since: began) < 1)
            #expect(
                try await eventually(within: 10) { try await local.observe().1.children["background writer"] == 1 }
            )
            let after = try await local.observe().1
            #expect(try alive(after).pid == before.pid)
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func standby(major: Int) async throws {
        try await with(major) { primary in
            try await primary.server.start()
            let standby = try await primary.server.makeStandby()
            let local = try Local(standby)
            _ = try await local.observe()
            try await standby.start()
            try await primary.server.standbyHasCaughtUp(standby)
            let (files, table) = try await local.observe()
            #expect(files.hasStandbySignal)
            #expect(table.children["walreceiver"] == 1)
            #expect(table.startupTitle?.hasPrefix("startup ") == true)
            #expect(
                try await eventually(within: 10) { try await local.observe().1.recoveringSegment?.timeline == 1 }
            )
            #expect(try await local.control() == .inArchiveRecovery)
            // That of pg_basebackup may still be on its way out.
            #expect(
                try await eventually(within: 10) { try await primary.observe().1.children["walsender"] == 1 }
            )

            try standby.promote()
            #expect(
                try await eventually(within: 10) {
                    let files = try await local.observe().0
                    return files.promotionRequestedAt != nil && files.standbySignalRemovedAt != nil
                }
            )
            #expect(try await eventually(within: 10) { try await local.control() == .inProduction })
            #expect(try await eventually(within: 10) { try await local.observe().1.startupTitle == nil })
        }
    }

    // A shutdown that waits for a session names it.
    @Test(arguments: PostgresInstallation.majors)
    func smartShutdownWithASession(major: Int) async throws {
        try await with(major) { local in
            try await local.server.start()
            _ = try await local.observe()
            try await local.server.workspace.start(
                "session",
                [
                    local.server.installation.program("psql"), "-h", local.server.socketDirectory, "-p",
                    "\(local.server.port)", "-U", "app", "-d", "postgres", "-c", "SELECT pg_sleep(60)",
                ]
            )
            #expect(
                try await eventually(within: 10) { try await local.observe().1.children["client backend"] == 1 }
            )
            #expect(try await local.observe().1.holdingTitles == [])
            try await local.server.stop(.smart, within: 0)
            #expect(await eventually(within: 10) { local.data.sightings.last?.status == .stopping })
            var titles: [String] = []
            _ = try await eventually(within: 10) {
                titles = try await local.observe().1.holdingTitles
                return titles == ["app postgres [local] SELECT"]
            }
            #expect(titles == ["app postgres [local] SELECT"])
            await local.server.workspace.end("session")
        }
    }

    @Test(arguments: PostgresInstallation.majors)
    func singleUser(major: Int) async throws {
        try await with(major) { local in
            _ = try await local.observe()
            let program = local.server.installation.program("postgres")
            // Its standard input stays open for as long as the sleep holds it.
            try await local.server.workspace.start(
                "single",
                ["sh", "-c", "sleep 60 | \(program) --single -D \(local.server.dataDirectory) postgres"]
            )
            #expect(
                try await eventually(within: 10) {
                    guard case .present(let lock) = try await local.observe().0.lockFile else { return false }
                    return lock.isSingleUser
                }
            )
            let (files, table) = try await local.observe()
            #expect(try alive(table).pid == local.server.postmaster?.pid)
            #expect(files.lastStart == nil)
            let backend = try #require(local.server.postmaster)
            backend.send(SIGKILL)
            await backend.ended(within: 5)
            guard case .gone = try await local.observe().1.postmaster else {
                Issue.record("a dead single-user backend counts as alive")
                return
            }
        }
    }

    // A server in a pid namespace below ours has another number here than in its lock file.
    @Test(.enabled(if: User.isRoot, "a pid namespace takes root"), arguments: PostgresInstallation.majors)
    func namespaceBelow(major: Int) async throws {
        try await with(major) { local in
            _ = try await local.observe()
            try await local.server.launch(prefix: ["unshare", "--pid", "--fork", "--kill-child"])
            #expect(await eventually(within: 10) { local.server.lockFileStatus == "ready" })
            let (files, table) = try await local.observe()
            guard case .present(let lock) = files.lockFile else { throw TimedOut("\(files.lockFile)") }
            let process = try alive(table)
            #expect(process.pid != lock.pid)
            #expect(
                try await eventually(within: 10) { try await local.observe().1.children["checkpointer"] == 1 }
            )
            kill(process.pid, SIGKILL)
            #expect(
                try await eventually(within: 10) {
                    if case .gone = try await local.observe().1.postmaster { true } else { false }
                }
            )
        }
    }
}
