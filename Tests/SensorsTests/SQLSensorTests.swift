import Deadlines
import Facts
import Glibc
import PostgresLink
import Sensors
import Support
import Synchronization
import Testing

/// The sensors that ask by SQL, on real servers of every version.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SQLSensorTests {
    /// The three sensors of one configuration, on threads that end with the test.
    private struct Sensing {
        let held: HeldSessionSensor
        let admission: AdmissionSensor
        let walSender: WALSenderSensor
        let woken = Calls()

        static func with(
            _ conninfo: String,
            _ body: (Sensing) async throws -> Void
        ) async throws {
            let executors = [ThreadExecutor(name: "held"), ThreadExecutor(name: "attempts")]
            let watcher = try EventWatcher()
            defer {
                for executor in executors { executor.shutdown() }
                watcher.shutdown()
            }
            let link = try LinkConfiguration(conninfo: conninfo)
            let sensing = Sensing(
                held: HeldSessionSensor(link, executor: executors[0], watcher: watcher),
                admission: AdmissionSensor(link, executor: executors[1]),
                walSender: WALSenderSensor(link, executor: executors[1])
            )
            let woken = sensing.woken
            sensing.held.onWakeUp { woken.add() }
            try await body(sensing)
            await sensing.held.close()
        }
    }

    /// A counter that other threads increment.
    final class Calls: Sendable {
        private let value = Atomic<Int>(0)
        var count: Int { value.load(ordering: .acquiring) }
        func add() { value.wrappingAdd(1, ordering: .acquiringAndReleasing) }
    }

    private func withServer(
        _ major: Int,
        settings: [String: String] = [:],
        _ body: (PostgresServer) async throws -> Void
    ) async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(major, in: workspace, settings: settings)
            try await server.start()
            try await body(server)
        }
    }

    private func soon() -> Deadline { .after(seconds: 5) }

    @Test(arguments: PostgresInstallation.majors) func vitalSignsOfAPrimaryAndItsStandby(major: Int) async throws {
        try await withServer(major) { server in
            let standby = try await server.makeStandby()
            try await standby.start()
            try await server.standbyHasCaughtUp(standby)
            try await Sensing.with(server.conninfo()) { sensing in
                let vitals = try await sensing.held.vitals(deadline: soon())
                #expect(vitals.inRecovery == false && vitals.timeline == 1)
                #expect(vitals.currentLSN?.isValid == true && vitals.replayLSN == nil && vitals.receiveLSN == nil)
                #expect(vitals.replayPauseState == nil && vitals.lastReplayedTransactionAt == nil)
                #expect(vitals.clientBackends == 1 && vitals.clientBackendsByState == ["active": 1])
                #expect(vitals.walSenders == 1 && vitals.maxWALSenders == 5)
                #expect(vitals.ordinarySlots == 17 && vitals.recoveryMinApplyDelay == 0)
                let clock = try #require(vitals.serverClock)
                #expect(abs(clock - (vitals.localClock ?? 0)) < 0.5)
                #expect(try #require(vitals.postmasterStartedAt) < clock)
                #expect(vitals.configurationLoadedAt != nil && vitals.roundTripSeconds != nil)
                // One round trip each from now on.
                let before = sensing.held.usage
                _ = try await sensing.held.vitals(deadline: soon())
                #expect(sensing.held.usage.roundTrips == before.roundTrips + 1)
                let identity = await sensing.held.identity.value
                #expect(identity?.majorVersion == major)
                let held = await sensing.held.heldSession.value
                #expect(held?.isOpen == true && held?.opened == 1 && held?.backendPID != nil && held?.lastLoss == nil)
            }
            try await server.psql("CREATE TABLE t (i int); INSERT INTO t VALUES (1)")
            try await server.standbyHasCaughtUp(standby)
            try await Sensing.with(standby.conninfo()) { sensing in
                let vitals = try await sensing.held.vitals(deadline: soon())
                #expect(vitals.inRecovery == true && vitals.timeline == 1)
                #expect(vitals.currentLSN == nil && vitals.replayLSN?.isValid == true)
                #expect(vitals.receiveLSN?.isValid == true && vitals.replayPauseState == "not paused")
                #expect(vitals.lastReplayedTransactionAt != nil && vitals.recoveryMinApplyDelay == 0)
                // A promotion under a session that stays.
                try standby.promote()
                let isPrimary = try await eventually(within: 10) {
                    let vitals = try await sensing.held.vitals(deadline: soon())
                    return vitals.inRecovery == false && vitals.timeline == 2
                }
                #expect(isPrimary)
                let held = await sensing.held.heldSession.value
                #expect(held?.opened == 1)
            }
        }
    }

    @Test(arguments: PostgresInstallation.majors) func holdersAreNamed(major: Int) async throws {
        try await withServer(major) { server in
            try await server.psql("ALTER ROLE app CONNECTION LIMIT 9; ALTER DATABASE app CONNECTION LIMIT 8")
            try await server.holdSessions(.init(4))
            try await server.holdSessions(.init(2, user: "app2", query: "BEGIN"), as: "open")
            for user in ["howdah", "postgres", "howdah_blind"] {
                let isBlind = user == "howdah_blind"
                try await Sensing.with(server.conninfo(user: user)) { sensing in
                    // A backend of the step before may still be leaving.
                    #expect(
                        try await eventually(within: 10) {
                            try await sensing.held.vitals(deadline: soon()).clientBackends == 7
                        }
                    )
                    let vitals = try await sensing.held.vitals(deadline: soon())
                    #expect(vitals.clientBackends == 7 && vitals.walSenders == (isBlind ? nil : 0))
                    let states = isBlind ? ["active": 1, "": 6] : ["active": 1, "idle": 4, "idle in transaction": 2]
                    #expect(vitals.clientBackendsByState == states)
                    let sessions = try await sensing.held.sessions(deadline: soon())
                    #expect(sessions.clientBackends == 7 && sessions.sessionsInOtherGroups == 0)
                    let first = try #require(sessions.groups.first)
                    #expect(first.user == "app" && first.database == "app" && first.count == 4)
                    #expect(first.state == (isBlind ? "" : "idle") && first.clientAddress == "")
                    #expect(sessions.limitedRoles == [ConnectionLimit(name: "app", limit: 9, used: 4)])
                    #expect(sessions.limitedDatabases == [ConnectionLimit(name: "app", limit: 8, used: 6)])
                    #expect((sessions.oldestTransactionSeconds != nil) == !isBlind)
                    #expect((sessions.longestIdleInTransactionSeconds != nil) == !isBlind)
                    #expect(sessions.oldestQuerySeconds == nil && !sessions.throughWALSender)
                }
            }
        }
    }

    @Test(arguments: PostgresInstallation.majors) func aWALSenderNamesTheHoldersWhenAllIsFull(major: Int) async throws {
        try await withServer(major) { server in
            try await server.holdSessions(.init(nil), as: "app")
            try await server.holdSessions(.init(nil, user: "postgres"), as: "superuser")
            try await Sensing.with(server.conninfo()) { sensing in
                let first = try await sensing.admission.observe(deadline: soon())
                let second = try await sensing.admission.observe(deadline: soon())
                #expect(first.outcome.kind == "full" && first.consecutive == 1 && second.consecutive == 2)
                await #expect(throws: Failure.self) { try await sensing.held.vitals(deadline: soon()) }
                let sessions = try await sensing.walSender.observe(deadline: soon())
                #expect(sessions.throughWALSender && sessions.clientBackends == 20)
                #expect(sessions.groups.first?.user == "app" && sessions.groups.first?.count == 17)
                let failure = await failure { () async throws(Failure) in
                    try await sensing.walSender.observe(deadline: soon(), identity: blind())
                }
                #expect(failure?.kind == .notPermitted && failure?.message.contains("lacks REPLICATION") == true)
            }
            try await Sensing.with(server.conninfo(user: "howdah_blind")) { sensing in
                let failure = await failure { () async throws(Failure) in
                    try await sensing.walSender.observe(deadline: soon())
                }
                #expect(failure?.kind == .notPermitted && failure?.sqlState == "42501")
                #expect(failure?.message.contains("lacks REPLICATION") == true)
            }
        }
    }

    private func blind() -> ServerIdentity {
        var identity = ServerIdentity()
        identity.role = "howdah_blind"
        return identity
    }

    private func failure<Value>(_ body: () async throws(Failure) -> Value) async -> Failure? {
        do throws(Failure) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    // The hang-up wakes us, and the look that follows knows why.
    @Test(arguments: PostgresInstallation.majors) func lossesAreNoticedAndNamed(major: Int) async throws {
        try await withServer(major) { server in
            try await Sensing.with(server.conninfo()) { sensing in
                let ways: [(SessionLoss.Cause, () async throws -> Void)] = [
                    (
                        .administratorCommand,
                        {
                            _ = try await server.psql(
                                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'howdah'"
                            )
                        }
                    ),
                    (
                        .crashOfAnotherProcess,
                        {
                            try await server.holdSessions(.init(1))
                            server.child(titled: "app app")?.send(SIGKILL)
                        }
                    ),
                    (.administratorCommand, { try await server.stop(.fast) }),
                    (.other("57P01"), { await server.crash() }),
                ]
                for (number, way) in ways.enumerated() {
                    if server.postmaster == nil { try await server.start() }
                    let isOpen = await eventually(within: 10) {
                        await failure { () async throws(Failure) in try await sensing.held.vitals(deadline: soon()) }
                            == nil
                    }
                    #expect(isOpen)
                    try await Task.sleep(for: .milliseconds(50))
                    let woken = sensing.woken.count
                    let began = ContinuousClock.now
                    try await way.1()
                    #expect(await eventually(within: 8, every: 1) { sensing.woken.count > woken })
                    let failed = await failure { () async throws(Failure) in
                        try await sensing.held.vitals(deadline: soon())
                    }
                    print(major, way.0, "after", began.duration(to: .now))
                    #expect(failed?.kind == .lost)
                    let held = await sensing.held.heldSession.value
                    #expect(held?.isOpen == false && held?.lastLoss?.cause == way.0 && held?.opened == number + 1)
                }
                // Nothing to ask on.
                let failed = await failure { () async throws(Failure) in
                    try await sensing.held.sessions(deadline: soon())
                }
                #expect(failed?.kind == .lost)
            }
        }
    }

    @Test func aStoppedBackendIsGivenUp() async throws {
        try await withServer(15) { server in
            try await Sensing.with(server.conninfo()) { sensing in
                _ = try await sensing.held.vitals(deadline: soon())
                let pid = try #require(await sensing.held.heldSession.value?.backendPID)
                let backend = try #require(TrackedProcess(pid: pid))
                backend.send(SIGSTOP)
                let failed = await failure { () async throws(Failure) in
                    try await sensing.held.vitals(deadline: .after(seconds: 0.3))
                }
                #expect(failed?.kind == .timedOut)
                let held = await sensing.held.heldSession.value
                #expect(held?.lastLoss?.cause == .timedOut && held?.isOpen == false)
                let next = await failure { () async throws(Failure) in try await sensing.held.vitals(deadline: soon()) }
                #expect(next == nil)
                backend.send(SIGCONT)
            }
        }
    }

    @Test(arguments: PostgresInstallation.majors) func theCostIsSmall(major: Int) async throws {
        try await withServer(major) { server in
            try await server.holdSessions(.init(10))
            try await Sensing.with(server.conninfo()) { sensing in
                for _ in 0..<10 { _ = try await sensing.held.vitals(deadline: soon()) }
                let before = sensing.held.usage
                for _ in 0..<300 { _ = try await sensing.held.vitals(deadline: soon()) }
                let middle = sensing.held.usage
                for _ in 0..<100 { _ = try await sensing.held.sessions(deadline: soon()) }
                let after = sensing.held.usage
                let vitals = (middle.querySeconds - before.querySeconds) / 300 * 1000
                let sessions = (after.querySeconds - middle.querySeconds) / 100 * 1000
                print(major, "vitals", vitals, "ms, sessions", sessions, "ms a round trip")
                #expect(vitals + sessions / 10 < 2)
            }
        }
    }
}
