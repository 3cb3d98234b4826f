import Diagnosis
import Facts
import Testing

/// One snapshot, written down, and what it must mean.
struct Scenario: Sendable, CustomStringConvertible {
    var description: String
    var phase: Phase
    var state: State
    var role: Role
    var candidates: [Phase] = []
    var build: @Sendable () -> SnapshotBuilder

    static let all: [Scenario] = healthy + dead + starting + crashing + remote

    static let healthy: [Scenario] = [
        Scenario(description: "healthy primary", phase: .running, state: .live, role: .primary) {
            .healthyPrimary(at: 0)
        },
        Scenario(description: "healthy standby", phase: .running, state: .live, role: .standby) {
            .healthyStandby(at: 0)
        },
        Scenario(description: "locked out, no local sources", phase: .running, state: .liveBut, role: .unknown) {
            var builder = SnapshotBuilder()
            builder.snapshot.hasDataDirectory = false
            builder.admission(.notAuthenticated(sqlState: "28P01", message: "password authentication failed"), at: 0)
            return builder
        },
        Scenario(description: "promotion asked for", phase: .promoting, state: .liveBut, role: .standby) {
            var builder = SnapshotBuilder.healthyStandby(at: 0)
            builder.directory(at: 0, lock: .ready, control: .inArchiveRecovery) { $0.promotionRequestedAt = at(-1) }
            builder.vitals(at: 0.1, inRecovery: true)
            return builder
        },
        Scenario(description: "data directory of another cluster", phase: .running, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: 0)
            builder.identity(systemIdentifier: 8)
            builder.directory(at: 0, lock: nil, control: .shutDown)
            builder.postmasterGone(at: 0)
            return builder
        },
        Scenario(description: "another server's data directory, stopped", phase: .running, state: .live, role: .primary)
        {
            var builder = SnapshotBuilder.healthyPrimary(at: 0)
            builder.directory(at: 0.5, lock: nil, control: .inProduction)
            builder.snapshot.processes = .never
            return builder
        },
    ]

    static let dead: [Scenario] = [
        Scenario(description: "killed postmaster", phase: .crashed, state: .dead, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: -1)
            builder.postmasterGone(at: 0)
            return builder
        },
        Scenario(description: "stopped cleanly", phase: .stopped, state: .dead, role: .primary) {
            var builder = SnapshotBuilder()
            builder.admission(.noSocket("no such file"), at: 0)
            builder.directory(at: 0, lock: nil, control: .shutDown)
            return builder
        },
        Scenario(description: "standby stopped cleanly", phase: .stopped, state: .dead, role: .standby) {
            var builder = SnapshotBuilder()
            builder.admission(.refused("refused"), at: 0)
            builder.directory(at: 0, lock: nil, control: .shutDownInRecovery) { $0.hasStandbySignal = true }
            return builder
        },
        Scenario(description: "lock file says ready, nobody listens", phase: .crashed, state: .dead, role: .primary) {
            var builder = SnapshotBuilder()
            builder.snapshot.port = 5432
            var held = HeldSession()
            held.opened = 1
            builder.snapshot.heldSession = .fresh(held, at: at(-1))
            builder.admission(.refused("refused"), at: 0, consecutive: 2)
            builder.directory(at: 0, lock: .ready, control: .inProduction)
            return builder
        },
        Scenario(description: "start gave up", phase: .startFailed, state: .dead, role: .primary) {
            var builder = SnapshotBuilder()
            builder.directory(at: 0, lock: nil, control: .shutDown) {
                $0.lastStart = StartAttempt(stage: .tookLock, beganAt: at(-2), endedAt: at(-1))
            }
            return builder
        },
        Scenario(description: "empty data directory", phase: .uninitialized, state: .dead, role: .unknown) {
            var builder = SnapshotBuilder()
            var directory = DataDirectory()
            directory.path = "/data"
            directory.contents = .empty
            builder.snapshot.dataDirectory = .fresh(directory, at: at(0))
            builder.admission(.noSocket("no such file"), at: 0)
            return builder
        },
        Scenario(
            description: "gone, control file unreadable",
            phase: .unknown,
            state: .dead,
            role: .unknown,
            candidates: [.stopped, .crashed]
        ) {
            var builder = SnapshotBuilder()
            builder.directory(at: 0, lock: nil, control: .shutDown) { $0.control = .notUnderstood("bad checksum") }
            return builder
        },
    ]

    static let starting: [Scenario] = [
        Scenario(description: "starting", phase: .starting, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.startingUp, message: "the database system is starting up"), at: 0)
            builder.directory(at: 0, lock: .starting, control: .shutDown)
            builder.postmaster(at: 0)
            return builder
        },
        Scenario(description: "crash recovery", phase: .crashRecovery, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.notYetAccepting(.notConsistent), message: "not yet accepting"), at: 0)
            builder.directory(at: 0, lock: .starting, control: .inCrashRecovery)
            builder.postmaster(at: 0)
            return builder
        },
        Scenario(description: "crash recovery, no SQL at all", phase: .crashRecovery, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder()
            builder.directory(at: 0, lock: .starting, control: .inCrashRecovery)
            builder.postmaster(at: 0)
            return builder
        },
        Scenario(description: "standby before consistency", phase: .archiveRecovery, state: .liveBut, role: .standby) {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.notYetAccepting(.notConsistent), message: "not yet accepting"), at: 0)
            builder.directory(at: 0, lock: .starting, control: .inArchiveRecovery) { $0.hasStandbySignal = true }
            builder.postmaster(at: 0)
            return builder
        },
        Scenario(description: "warm standby", phase: .warmStandby, state: .liveBut, role: .standby) {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.hotStandbyDisabled, message: "not accepting"), at: 0)
            builder.directory(at: 0, lock: .standby, control: .inArchiveRecovery) { $0.hasStandbySignal = true }
            builder.postmaster(at: 0)
            return builder
        },
        Scenario(description: "single user", phase: .singleUser, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder()
            builder.admission(.noSocket("no such file"), at: 0)
            builder.directory(at: 0, lock: nil, control: .inProduction) {
                $0.lockFile = .present(LockFile(pid: 55, isSingleUser: true))
            }
            builder.postmaster(at: 0)
            return builder
        },
    ]

    static let crashing: [Scenario] = [
        Scenario(description: "last words of a crash", phase: .reinitializing, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: -1)
            builder.loss(.crashOfAnotherProcess, at: 0)
            return builder
        },
        Scenario(description: "in recovery mode", phase: .reinitializing, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: -1)
            builder.loss(.closed, at: -0.5)
            builder.admission(.rejected(.recoveryMode, message: "the database system is in recovery mode"), at: 0)
            return builder
        },
        Scenario(description: "shutting down by its lock file", phase: .stopping, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: -1)
            builder.directory(at: 0, lock: .stopping, control: .inProduction)
            return builder
        },
        Scenario(description: "stopped by a signal", phase: .unresponsive, state: .liveBut, role: .primary) {
            var builder = SnapshotBuilder.healthyPrimary(at: -1)
            builder.postmaster(at: 0, state: "T")
            return builder
        },
    ]

    static let remote: [Scenario] = [
        Scenario(
            description: "refused, no local source",
            phase: .unknown,
            state: .unknown,
            role: .unknown,
            candidates: [.stopped, .crashed, .startFailed, .starting]
        ) {
            var builder = SnapshotBuilder()
            builder.snapshot.hasDataDirectory = false
            builder.admission(.refused("refused"), at: 0)
            return builder
        },
        Scenario(
            description: "not yet accepting, no local source: the words do not tell the role",
            phase: .unknown,
            state: .liveBut,
            role: .unknown,
            candidates: [.crashRecovery, .archiveRecovery]
        ) {
            var builder = SnapshotBuilder()
            builder.snapshot.hasDataDirectory = false
            builder.admission(.rejected(.notYetAccepting(.notConsistent), message: "not yet accepting"), at: 0)
            return builder
        },
        Scenario(
            description: "packets dropped",
            phase: .unknown,
            state: .unknown,
            role: .unknown,
            candidates: [.running, .unresponsive, .stopped, .crashed]
        ) {
            var builder = SnapshotBuilder()
            builder.snapshot.hasDataDirectory = false
            builder.admission(.timedOut(.accept), at: 0, consecutive: 3)
            return builder
        },
        Scenario(description: "accepted by the kernel, silent", phase: .unresponsive, state: .liveBut, role: .unknown) {
            var builder = SnapshotBuilder()
            builder.snapshot.hasDataDirectory = false
            builder.admission(.timedOut(.firstByte), at: 0, consecutive: 2)
            return builder
        },
        Scenario(description: "nothing observed", phase: .unknown, state: .unknown, role: .unknown) {
            SnapshotBuilder()
        },
    ]
}

@Suite struct PhaseTests {
    @Test(arguments: Scenario.all)
    func scenario(_ scenario: Scenario) {
        var patient = Patient()
        let verdict = patient.verdict(scenario.build(), at: 0.2)
        #expect(verdict.phase == scenario.phase, "\(verdict.summary)")
        #expect(verdict.state == scenario.state, "\(verdict.summary)")
        #expect(verdict.role == scenario.role)
        #expect(verdict.candidates == scenario.candidates)
        let prefix = ["live": "Live", "live_but": "Live, but ", "dead": "Dead: ", "unknown": "Unknown: "]
        #expect(verdict.summary.hasPrefix(prefix[verdict.state.rawValue] ?? "?"), "\(verdict.summary)")
    }

    @Test func silenceNeedsTwoTimeouts() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.snapshot.dataDirectory = .never
        builder.snapshot.processes = .never
        #expect(patient.verdict(builder, at: 0).phase == .running)
        builder.admission(.timedOut(.firstByte), at: 5, consecutive: 1)
        builder.snapshot.vitals = builder.snapshot.vitals.failing(with: Failure(.timedOut, "no answer"), at: at(5))
        #expect(patient.verdict(builder, at: 5).phase == .running)
        builder.admission(.timedOut(.firstByte), at: 8, consecutive: 2)
        #expect(patient.verdict(builder, at: 8).phase == .unresponsive)
    }

    @Test func aCrashEndsWhenASessionIsLetIn() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        patient.verdict(builder, at: 0)
        builder.loss(.crashOfAnotherProcess, at: 1)
        #expect(patient.verdict(builder, at: 1).phase == .reinitializing)
        builder.admission(.accepted, at: 1.5)
        #expect(patient.verdict(builder, at: 1.5).phase == .running)
        // Full slots prove as well that the server takes sessions again.
        builder.loss(.crashOfAnotherProcess, at: 2)
        builder.admission(.full(.allSlots, message: "sorry, too many clients already"), at: 2.5)
        #expect(patient.verdict(builder, at: 2.5).phase == .running)
    }

    @Test func whoeverSpokeLastIsRight() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.postmasterGone(at: 1)
        #expect(patient.verdict(builder, at: 1).state == .dead)
        // A new server answers before the process table has been read again.
        builder.vitals(at: 2)
        #expect(patient.verdict(builder, at: 2).phase == .running)
    }

    @Test func staleWordsDecideNothing() {
        var patient = Patient()
        let builder = SnapshotBuilder.healthyPrimary(at: 0)
        #expect(patient.verdict(builder, at: 0).state == .live)
        let later = patient.verdict(builder, at: 120)
        #expect(later.state == .unknown)
        #expect(later.phase == .unknown)
    }

    @Test func aStopBeforeReadyIsNoFailedStart() {
        var patient = Patient()
        var builder = SnapshotBuilder()
        builder.directory(at: 0, lock: .stopping, control: .inCrashRecovery) {
            $0.lastStart = StartAttempt(stage: .tookLock, beganAt: at(-5))
        }
        builder.postmaster(at: 0)
        #expect(patient.verdict(builder, at: 0).phase == .stopping)
        builder.directory(at: 1, lock: nil, control: .inCrashRecovery) {
            $0.lastStart = StartAttempt(stage: .tookLock, beganAt: at(-5), endedAt: at(1))
        }
        builder.postmasterGone(at: 1)
        #expect(patient.verdict(builder, at: 1).phase == .crashed)
    }

    @Test func aForeignDirectoryStaysForeignWhenTheServerFallsSilent() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.identity(systemIdentifier: 8)
        builder.directory(at: 0, lock: nil, control: .shutDown)
        #expect(patient.verdict(builder, at: 0).phase == .running)
        builder.loss(.closed, at: 1)
        builder.admission(.refused("refused"), at: 1.1)
        builder.directory(at: 2, lock: nil, control: .shutDown)
        #expect(patient.verdict(builder, at: 2).state == .unknown)
    }

    @Test func anAddressThatNeverWorkedProvesNothing() {
        var patient = Patient()
        var builder = SnapshotBuilder()
        builder.snapshot.port = 5432
        builder.admission(.refused("refused"), at: 0, consecutive: 9)
        builder.directory(at: 0, lock: .ready, control: .inProduction)
        #expect(patient.verdict(builder, at: 0).state == .unknown)
    }

    @Test func aSignalFileBesideARunningPrimaryChangesNothing() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.directory(at: 1, lock: .ready, control: .inProduction) { $0.hasStandbySignal = true }
        #expect(patient.verdict(builder, at: 1).role == .primary)
    }

    @Test func promotionFollowsTheLatestSource() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyStandby(at: 0)
        #expect(patient.verdict(builder, at: 0).role == .standby)
        builder.directory(at: 1, lock: .ready, control: .inProduction) { $0.promotionRequestedAt = at(0.5) }
        let verdict = patient.verdict(builder, at: 1)
        #expect(verdict.role == .primary)
        #expect(verdict.phase == .running)
    }
}
