import Diagnosis
import Facts
import Testing

@Suite struct ConditionTests {
    @Test func ordinarySlotsTaken() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.vitals(at: 0, used: 97)
        var group = SessionGroup()
        group.user = "app"
        group.database = "shop"
        group.application = "pool"
        group.state = "idle"
        group.count = 90
        var sessions = Sessions()
        sessions.groups = [group]
        builder.snapshot.sessions = .fresh(sessions, at: at(0))
        let verdict = patient.verdict(builder, at: 0)
        #expect(verdict.names == ["connections_full", "connections_reserved_only"])
        #expect(
            verdict.summary
                == "Live, but connections full: 97 of 97 ordinary slots in use (max_connections 100, 3 reserved)"
        )
        let holders = verdict.conditions.first?.evidence.filter { $0.fact == "holders" }
        #expect(holders?.first?.value == "90 × app@shop \"pool\" idle, from the local socket")
        #expect(verdict.probes.readWrite.pass)
        #expect(verdict.probes.readiness.pass)
        #expect(
            verdict.probes.readiness.reason
                == "primary, accepting; connections_full does not fail readiness by policy; "
                + "connections_reserved_only does not fail readiness by policy"
        )
    }

    @Test func everySlotTaken() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.snapshot.vitals = .never
        builder.admission(.full(.allSlots, message: "sorry, too many clients already"), at: 0)
        let verdict = patient.verdict(builder, at: 0)
        #expect(verdict.names == ["connections_full"])
        #expect(verdict.phase == .running)
    }

    @Test func aRefusalIsForgottenOnceSlotsAreFree() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.admission(.full(.reservedOnly, message: "remaining connection slots are reserved"), at: 1)
        #expect(patient.verdict(builder, at: 1).names.contains("connections_full"))
        builder.vitals(at: 2, used: 10)
        #expect(!patient.verdict(builder, at: 2).names.contains("connections_full"))
    }

    @Test(
        arguments: [
            .failed(sqlState: "58P01", message: "could not access file"), .lost(sqlState: nil, message: "closed"),
            .notUnderstood("HTTP/1.1"), .timedOut(.authentication), .timedOut(.firstByte), .noSocket("no such file"),
        ] as [ConnectOutcome]
    )
    func sessionsThatFailTwiceAreSaid(_ outcome: ConnectOutcome) {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        patient.verdict(builder, at: 0)
        builder.admission(outcome, at: 1)
        builder.vitals(at: 1)
        #expect(patient.verdict(builder, at: 1).state == .live)
        builder.admission(outcome, at: 2, consecutive: 2)
        builder.vitals(at: 2)
        let verdict = patient.verdict(builder, at: 2)
        #expect(verdict.names == ["sessions_failing"])
        #expect(verdict.phase == .running)
        #expect(verdict.probes.liveness.pass && !verdict.probes.readiness.pass && !verdict.probes.readWrite.pass)
    }

    /// Memory that runs out answers now with an error and now with nothing: it is the row of failures that counts.
    @Test func failuresOfDifferentKindsAddUp() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        var admission = Admission(.lost(sqlState: nil, message: "closed"))
        admission.failuresInARow = 2
        builder.snapshot.admission = .fresh(admission, at: at(0))
        #expect(patient.verdict(builder, at: 0).names == ["sessions_failing"])
    }

    /// Start-ups that hang take the slots in the end; that is not the cure.
    @Test func aPileOfHangingStartsIsStillFailing() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.admission(.timedOut(.firstByte), at: 0, consecutive: 2)
        patient.verdict(builder, at: 0)
        builder.snapshot.vitals = builder.snapshot.vitals.failing(
            with: Failure(.refused, "lock timeout", sqlState: "55P03"),
            at: at(1)
        )
        builder.admission(.full(.allSlots, message: "sorry, too many clients already"), at: 1)
        let verdict = patient.verdict(builder, at: 1)
        #expect(verdict.names.contains("sessions_failing"))
        #expect(!verdict.probes.readiness.pass)
        builder.vitals(at: 2)
        builder.admission(.accepted, at: 2)
        #expect(patient.verdict(builder, at: 2).names.isEmpty)
    }

    /// Attempts that nobody takes fill the backlog: the silence goes on, and the address is not wrong.
    @Test func aFullBacklogIsTheSameSilence() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.snapshot.vitals = .never
        builder.snapshot.heldSession = .never
        builder.admission(.timedOut(.firstByte), at: 0, consecutive: 2)
        #expect(patient.verdict(builder, at: 0).phase == .unresponsive)
        var admission = Admission(.timedOut(.accept))
        admission.failuresInARow = 3
        builder.snapshot.admission = .fresh(admission, at: at(4))
        builder.directory(at: 4, lock: .ready, control: .inProduction)
        builder.postmaster(at: 4)
        let verdict = patient.verdict(builder, at: 4)
        #expect(verdict.phase == .unresponsive)
        #expect(verdict.names.isEmpty)
        #expect(verdict.phaseSince == at(0))
    }

    /// What nobody can see is not killed while it works.
    @Test func livenessPassesWhileAnOpenSessionWorks() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.snapshot.processes = .never
        builder.admission(.timedOut(.firstByte), at: 0, consecutive: 2)
        patient.verdict(builder, at: 0)
        for second in stride(from: 10.0, to: 200, by: 10) {
            builder.admission(.timedOut(.firstByte), at: second, consecutive: 9)
            builder.vitals(at: second)
            builder.directory(at: second, lock: .ready, control: .inProduction)
            let verdict = patient.verdict(builder, at: second)
            #expect(verdict.phase == .unresponsive)
            #expect(verdict.probes.liveness.pass && !verdict.probes.readWrite.pass)
        }
    }

    /// A copy of the cluster that is not the server's own stays disbelieved while vital signs come back as errors.
    @Test func aForeignDirectoryStaysForeign() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.identity(systemIdentifier: 8)
        builder.directory(at: 0, lock: nil, control: .shutDown)
        builder.snapshot.processes = .never
        #expect(patient.verdict(builder, at: 0).phase == .running)
        builder.identity(systemIdentifier: 7)
        builder.snapshot.vitals = builder.snapshot.vitals.failing(
            with: Failure(.refused, "lock timeout", sqlState: "55P03"),
            at: at(1)
        )
        builder.admission(.timedOut(.firstByte), at: 1, consecutive: 2)
        builder.directory(at: 1, lock: nil, control: .shutDown)
        #expect(patient.verdict(builder, at: 1).state != .dead)
    }

    @Test func anErrorOnTheHeldSessionIsAnAnswer() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        patient.verdict(builder, at: 0)
        builder.admission(.timedOut(.firstByte), at: 1, consecutive: 2)
        let failure = Failure(.refused, "canceling statement due to lock timeout", sqlState: "55P03")
        builder.snapshot.vitals = builder.snapshot.vitals.failing(with: failure, at: at(1))
        let verdict = patient.verdict(builder, at: 1)
        #expect(verdict.phase == .running)
        #expect(verdict.names == ["sessions_failing"])
    }

    @Test func policyMakesFullFailReadiness() throws {
        var patient = Patient()
        patient.policy = try PolicyFile.parse("connections_full.read_write = fail")
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.vitals(at: 0, used: 97)
        let verdict = patient.verdict(builder, at: 0)
        #expect(!verdict.probes.readWrite.pass)
        #expect(!verdict.probes.readiness.pass)
        #expect(verdict.probes.readOnly.pass)
        #expect(verdict.probes.liveness.pass)
    }

    @Test func nearFullAppearsLateAndClearsLate() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.vitals(at: 0, used: 90)
        #expect(patient.verdict(builder, at: 0).names.isEmpty)
        builder.vitals(at: 5, used: 90)
        builder.admission(.accepted, at: 5)
        #expect(patient.verdict(builder, at: 5).names == ["connections_near_full"])
        #expect(patient.verdict(builder, at: 5).conditions.first?.since == at(0))
        builder.vitals(at: 6, used: 10)
        #expect(patient.verdict(builder, at: 6).names == ["connections_near_full"])
        builder.vitals(at: 16, used: 10)
        #expect(patient.verdict(builder, at: 16).names.isEmpty)
    }

    @Test func lockedOutHoldsTheLastAnswers() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        #expect(patient.verdict(builder, at: 0).probes.readWrite.pass)
        builder.loss(.administratorCommand, at: 1)
        builder.admission(.notAuthenticated(sqlState: "28P01", message: "password authentication failed"), at: 2)
        let verdict = patient.verdict(builder, at: 2)
        #expect(verdict.phase == .running)
        #expect(verdict.names == ["observer_locked_out"])
        #expect(
            verdict.probes.readWrite == ProbeResult(pass: true, reason: "observer_locked_out: the last answer is kept")
        )
    }

    @Test func lockedOutHoldsNothingFromBeforeTheServerAccepted() {
        var patient = Patient()
        var builder = SnapshotBuilder()
        builder.admission(.rejected(.startingUp, message: "the database system is starting up"), at: 0)
        builder.directory(at: 0, lock: .starting, control: .shutDown)
        builder.postmaster(at: 0)
        #expect(!patient.verdict(builder, at: 0).probes.readiness.pass)
        builder.admission(.notAuthenticated(sqlState: "28000", message: "role \"howdah\" does not exist"), at: 1)
        builder.directory(at: 1, lock: .ready, control: .inProduction)
        #expect(patient.verdict(builder, at: 1).probes.readiness.pass)
    }

    @Test func lockedOutDoesNotHideADeath() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        patient.verdict(builder, at: 0)
        builder.admission(.notAttempted("the password file cannot be read"), at: 1)
        builder.loss(.closed, at: 1)
        patient.verdict(builder, at: 1)
        builder.postmasterGone(at: 2)
        let verdict = patient.verdict(builder, at: 2)
        #expect(verdict.phase == .crashed)
        #expect(!verdict.probes.readiness.pass)
        #expect(!verdict.probes.liveness.pass)
    }

    @Test func missingPrivilegesNameTheGrant() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        builder.identity {
            $0.canReadAllStats = false
            $0.canReadAllSettings = false
        }
        let verdict = patient.verdict(builder, at: 0)
        #expect(verdict.names == ["privilege_missing"])
        #expect(verdict.conditions.first?.message == "missing: GRANT pg_monitor TO \"howdah\"")
    }

    @Test func pausedBySettingsExplainsPaused() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyStandby(at: 0)
        builder.vitals(at: 0, inRecovery: true) { $0.replayPauseState = "paused" }
        #expect(patient.verdict(builder, at: 0).names == ["replay_paused"])
        builder.directory(at: 0, lock: .ready, control: .inArchiveRecovery) {
            $0.hasStandbySignal = true
            guard case .present(var control) = $0.control else { return }
            control.maxConnections = 200
            $0.control = .present(control)
        }
        let verdict = patient.verdict(builder, at: 0.1)
        #expect(verdict.names == ["replay_paused_settings"])
        #expect(verdict.suppressed == [SuppressedCondition(name: "replay_paused", cause: "replay_paused_settings")])
    }

    @Test func threeCrashesAreALoop() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        for crash in 0..<3 {
            let second = Double(crash) * 10
            builder.admission(.accepted, at: second)
            builder.vitals(at: second)
            patient.verdict(builder, at: second)
            builder.loss(.crashOfAnotherProcess, at: second + 1)
            patient.verdict(builder, at: second + 1)
        }
        builder.admission(.accepted, at: 22)
        builder.vitals(at: 22)
        builder.directory(at: 22, lock: .ready, control: .inProduction)
        builder.postmaster(at: 22)
        #expect(patient.verdict(builder, at: 22).names == ["reinitialization_loop"])
        builder.admission(.accepted, at: 700)
        builder.vitals(at: 700)
        builder.directory(at: 700, lock: .ready, control: .inProduction)
        builder.postmaster(at: 700)
        #expect(patient.verdict(builder, at: 700).names.isEmpty)
    }

    @Test func recoveryReportsProgressAndStalls() throws {
        var patient = Patient()
        patient.policy = try PolicyFile.parse("recovery_stalled.window_seconds = 10")
        func recovering(_ segment: String, at second: Double) -> SnapshotBuilder {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.notYetAccepting(.notConsistent), message: "not yet accepting"), at: second)
            builder.directory(at: second, lock: .starting, control: .inCrashRecovery) {
                $0.newestSegment = WALSegment("000000010000000000000010")
            }
            builder.postmaster(at: second) { $0.recoveringSegment = WALSegment(segment) }
            return builder
        }
        patient.verdict(recovering("000000010000000000000002", at: 0), at: 0)
        let moving = patient.verdict(recovering("000000010000000000000006", at: 4), at: 4)
        #expect(moving.names == ["in_recovery"])
        #expect(moving.recovery?.bytesPerSecond == 16_777_216)
        #expect(moving.recovery?.end == LSN(0x1100_0000))
        #expect(moving.recovery?.secondsLeft == 11)
        #expect(moving.probes.liveness.pass)
        #expect(!moving.probes.readiness.pass)
        let still = patient.verdict(recovering("000000010000000000000006", at: 14), at: 14)
        #expect(still.names == ["recovery_stalled", "in_recovery"])
        #expect(still.probes.liveness.pass)
    }

    @Test func aStuckShutdownNamesWhoHoldsOn() {
        var patient = Patient()
        for second in stride(from: 0.0, through: 60, by: 5) {
            var builder = SnapshotBuilder()
            builder.admission(.rejected(.shuttingDown, message: "the database system is shutting down"), at: second)
            builder.directory(at: second, lock: .stopping, control: .inProduction)
            builder.postmaster(at: second) { $0.holdingTitles = ["walsender repl 10.0.0.2 streaming"] }
            let verdict = patient.verdict(builder, at: second)
            #expect(verdict.names == (second < 60 ? [] : ["shutdown_stuck"]))
            if second == 60 { #expect(verdict.summary.contains("walsender repl")) }
        }
    }

    @Test func livenessOfStoppedServersDependsOnAnAgent() {
        for hasAgent in [true, false] {
            var patient = Patient()
            var builder = SnapshotBuilder.healthyPrimary(at: 0)
            builder.snapshot.hasAgent = hasAgent
            builder.postmasterGone(at: 1)
            #expect(patient.verdict(builder, at: 1).probes.liveness.pass == hasAgent)
        }
    }

    @Test func livenessFailsLateWhenUnresponsive() {
        var patient = Patient()
        for second in stride(from: 0.0, through: 60, by: 4) {
            var builder = SnapshotBuilder.healthyPrimary(at: second)
            builder.postmaster(at: second, state: "T")
            let probes = patient.verdict(builder, at: second).probes
            #expect(probes.liveness.pass == (second < 60))
            #expect(!probes.readWrite.pass)
        }
    }

    @Test func laggingStandbyFailsReadOnly() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyStandby(at: 0)
        builder.vitals(at: 0, inRecovery: true) {
            $0.receiveLSN = LSN(3 << 30)
            $0.replayLSN = LSN(1 << 30)
        }
        let verdict = patient.verdict(builder, at: 0)
        #expect(!verdict.probes.readOnly.pass)
        #expect(!verdict.probes.readiness.pass)
        builder.vitals(at: 0.5, inRecovery: true) { $0.replayLSN = LSN(1 << 30) }
        #expect(patient.verdict(builder, at: 0.5).probes.readOnly.pass, "unknown lag is not lag")
    }

    @Test func clockSkewIsMeasuredAgainstTheRoundTrip() {
        var patient = Patient()
        var builder = SnapshotBuilder.healthyPrimary(at: 0)
        for second in [0.0, 3] {
            builder.vitals(at: second) {
                $0.serverClock = 1010
                $0.localClock = 1000
            }
            let verdict = patient.verdict(builder, at: second)
            #expect(verdict.names == (second < 3 ? [] : ["clock_skew"]))
        }
    }
}
