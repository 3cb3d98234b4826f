import Diagnosis
import Facts
import Testing

/// Every combination of what the sources can say, the impossible ones too: the diagnosis must be total and keep its word.
@Suite struct DisagreementTests {
    static let outcomes: [ConnectOutcome?] = [
        nil, .accepted, .refused("r"), .noSocket("n"), .unreachable("u"), .timedOut(.accept), .timedOut(.firstByte),
        .timedOut(.authentication), .timedOut(.query), .rejected(.startingUp, message: "m"),
        .rejected(.notYetAccepting(.notConsistent), message: "m"),
        .rejected(.notYetAccepting(.snapshotNotReady), message: "m"), .rejected(.hotStandbyDisabled, message: "m"),
        .rejected(.shuttingDown, message: "m"), .rejected(.recoveryMode, message: "m"), .rejected(.other, message: "m"),
        .full(.allSlots, message: "m"), .full(.reservedOnly, message: "m"), .full(.role("r"), message: "m"),
        .full(.database("d"), message: "m"), .full(.walSenders, message: "m"), .full(.other, message: "m"),
        .notAuthenticated(sqlState: "28P01", message: "m"), .cannotFork("m"), .lost(sqlState: "57P01", message: "m"),
        .cancelled, .failed(sqlState: "XX000", message: "m"), .notUnderstood("m"), .notAttempted("m"),
    ]
    static let locks: [LockFileState?] = {
        let present: [LockFileState] = [LockFile.Status.starting, .stopping, .ready, .standby, .other("odd")].map {
            status in
            var file = LockFile(pid: 100, isSingleUser: false)
            file.status = status
            return .present(file)
        }
        return [nil, .absent, .notUnderstood("x"), .notPermitted("x"), .present(LockFile(pid: 9, isSingleUser: true))]
            + present
    }()
    static let controls: [ControlFile.ClusterState?] = [
        nil, .startingUp, .shutDown, .shutDownInRecovery, .shuttingDown, .inCrashRecovery, .inArchiveRecovery,
        .inProduction, .other(99),
    ]
    static let postmasters: [Postmaster?] = [
        nil, .unknown("x"), .gone("x", at: at(0)),
        .alive(PostmasterProcess(pid: 100, startedAt: 1, state: "S", childCount: 5)),
        .alive(PostmasterProcess(pid: 100, startedAt: 1, state: "T", childCount: 5)),
        .alive(PostmasterProcess(pid: 100, startedAt: 1, state: "D", childCount: 5)),
    ]

    static func snapshots() -> some Sequence<Snapshot> {
        outcomes.lazy.flatMap { outcome in
            locks.lazy.flatMap { lock in
                controls.lazy.flatMap { control in
                    postmasters.lazy.flatMap { postmaster in
                        [nil, false, true].lazy.map { (inRecovery: Bool?) in
                            snapshot(outcome, lock, control, postmaster, inRecovery)
                        }
                    }
                }
            }
        }
    }

    static func snapshot(
        _ outcome: ConnectOutcome?,
        _ lock: LockFileState?,
        _ control: ControlFile.ClusterState?,
        _ postmaster: Postmaster?,
        _ inRecovery: Bool?
    ) -> Snapshot {
        var builder = SnapshotBuilder()
        if let outcome { builder.admission(outcome, at: 0, consecutive: 2) }
        if let lock {
            builder.directory(at: 0, lock: nil, control: control ?? .inProduction) {
                $0.lockFile = lock
                if control == nil { $0.control = .absent }
            }
        }
        if let postmaster {
            var processes = Processes()
            processes.postmaster = postmaster
            builder.snapshot.processes = .fresh(processes, at: at(0))
        }
        if let inRecovery { builder.vitals(at: 0, inRecovery: inRecovery) }
        return builder.snapshot
    }

    @Test func everyCombinationKeepsThePromises() {
        var count = 0
        for snapshot in Self.snapshots() {
            count += 1
            let (verdict, memory) = diagnose(snapshot, memory: Memory(), policy: Policy(), now: at(0.1))
            let (again, _) = diagnose(snapshot, memory: Memory(), policy: Policy(), now: at(0.1))
            guard verdict == again else {
                Issue.record("not deterministic: \(snapshot)")
                return
            }
            let problems = Self.problems(verdict, snapshot)
            guard problems.isEmpty else {
                Issue.record("\(problems) in \(verdict) from \(snapshot)")
                return
            }
            // The same facts a moment later change nothing but ages.
            let (later, _) = diagnose(snapshot, memory: memory, policy: Policy(), now: at(0.2))
            guard later.revision >= verdict.revision,
                later.phaseSince == verdict.phaseSince || later.phase != verdict.phase
            else {
                Issue.record("unstable: \(verdict) then \(later)")
                return
            }
        }
        #expect(count == Self.outcomes.count * Self.locks.count * Self.controls.count * Self.postmasters.count * 3)
    }

    /// What must hold of every verdict, whatever the sources say.
    static func problems(_ verdict: Verdict, _ snapshot: Snapshot) -> [String] {
        var problems: [String] = []
        func require(_ holds: Bool, _ what: String) { if !holds { problems.append(what) } }
        require(verdict.phase == .unknown || verdict.candidates.isEmpty, "candidates beside a known phase")
        require(verdict.conditions.allSatisfy { !$0.evidence.isEmpty }, "a condition without evidence")
        require(verdict.phase == .unknown || !verdict.phaseEvidence.isEmpty, "a phase without evidence")
        require(verdict.state != .live || (verdict.phase == .running), "live and not running")
        require(
            verdict.state != .live || !verdict.conditions.contains { $0.severity >= .warning },
            "live with a warning"
        )
        require(verdict.state != .dead || !verdict.probes.readiness.pass, "dead and ready")
        require(verdict.state != .dead || verdict.server.startedAt == nil, "dead with a start time")
        require(
            !(verdict.probes.readWrite.pass && verdict.role == .standby),
            "a standby takes writes"
        )
        require(!verdict.summary.isEmpty && !verdict.summary.contains("\n"), "a summary of one line")
        for probe in ProbeID.allCases { require(!verdict.probes[probe].reason.isEmpty, "a probe without a reason") }
        let isProvenAlive = verdict.state == .live || verdict.state == .liveBut
        if !isProvenAlive { require(!verdict.probes.readWrite.pass, "ready to write without a living server") }
        return problems
    }
}
