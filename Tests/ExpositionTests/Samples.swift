import Diagnosis
import Exposition
import Facts
import Testing

/// What the sidecar would publish in five situations, with fixed clocks.
struct Sample: Sendable, CustomTestStringConvertible {
    var name: String
    var published: Published
    var testDescription: String { name }

    /// 2026-11-21T08:15:02.114Z, four days after the machine booted.
    static let now = Moment(boot: 345_600_000_000_000, wall: 1_795_248_902_114_000_000)

    static let all: [Sample] = [live, connectionsFull, crashRecovery, unknown, hostile]

    static let process = OwnProcess(
        cpuSeconds: 12.34,
        residentBytes: 23_068_672,
        residentAnonymousBytes: 6_291_456,
        virtualBytes: 412_000_256,
        openDescriptors: 23,
        maximumDescriptors: 1024,
        threads: 7,
        startedAt: 1_795_237_502.5
    )

    static let http: HTTPCounts = {
        var counts = HTTPCounts()
        counts.answers = [
            HTTPCounts.Answer(path: "/metrics", code: 200): 42, HTTPCounts.Answer(path: "/readyz", code: 503): 3,
            HTTPCounts.Answer(path: "other", code: 404): 1,
        ]
        counts.connections = ["everyone": 2, "local": 1]
        counts.limitsReached = ["connections": 0, "header_bytes": 1]
        return counts
    }()

    /// A primary where all is well.
    static let live: Sample = {
        var snapshot = running()
        snapshot.sessions = .fresh(someSessions(), at: now.advanced(seconds: -3.2))
        var verdict = baseVerdict(.live, .running, .primary, "Live")
        verdict.probes = Probes(all: ProbeResult(pass: true, reason: "primary, accepting"))
        return Sample(name: "live", published: publish(snapshot, verdict))
    }()

    /// A primary whose ordinary slots are all taken.
    static let connectionsFull: Sample = {
        var snapshot = running()
        let at = now.advanced(seconds: -0.4)
        snapshot.admission = .fresh(
            Admission(
                .full(
                    .reservedOnly,
                    message: "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute"
                ),
                acceptSeconds: 0.000_21,
                firstByteSeconds: 0.0012,
                consecutive: 7
            ),
            at: at
        )
        snapshot.sessions = .fresh(someSessions(), at: now.advanced(seconds: -3.2))
        var verdict = baseVerdict(
            .liveBut,
            .running,
            .primary,
            "Live, but connections full: 97 of 97 ordinary slots in use"
        )
        verdict.revision = 42
        verdict.stateSince = now.advanced(seconds: -31.112)
        verdict.conditions = [
            ActiveCondition(
                name: "connections_full",
                family: .connections,
                severity: .critical,
                since: now.advanced(seconds: -31.112),
                message: "97 of 97 ordinary slots in use (max_connections 100, 3 reserved)",
                evidence: [
                    Evidence(.admission, "sqlstate", "53300", at: at), Evidence(.vitals, "client_backends", 97, at: at),
                    Evidence(
                        .sessions,
                        "holder",
                        "62 × app on orders, idle in transaction",
                        at: now.advanced(seconds: -3.2)
                    ),
                ],
                advice:
                    "End sessions that hold slots without working, raise max_connections, or put a pooler in between; \"held by\" names the holders."
            ),
            ActiveCondition(
                name: "privilege_missing",
                family: .observer,
                severity: .warning,
                since: now.advanced(seconds: -11_400),
                message: "states of other roles' sessions are hidden",
                evidence: [Evidence(.sessions, "state", .null, at: at)],
                advice: "GRANT pg_monitor TO howdah"
            ),
        ]
        verdict.suppressed = [SuppressedCondition(name: "connections_near_full", cause: "connections_full")]
        verdict.probes = Probes(
            all: ProbeResult(pass: true, reason: "primary, accepting; connections_full does not fail it by policy")
        )
        var published = publish(snapshot, verdict)
        published.history = [
            Transition(
                .state,
                from: "unknown",
                to: "live",
                at: now.advanced(seconds: -11_399),
                lastedSeconds: 1,
                message: "Live"
            ),
            Transition(
                .condition,
                name: "connections_full",
                from: "clear",
                to: "active",
                at: now.advanced(seconds: -31.112),
                lastedSeconds: 11_368.888,
                message: "97 of 97 ordinary slots in use (max_connections 100, 3 reserved)"
            ),
            Transition(
                .state,
                from: "live",
                to: "live_but",
                at: now.advanced(seconds: -31.112),
                lastedSeconds: 11_368.888,
                message: verdict.summary
            ),
        ]
        published.stateTransitions = [
            StateChange(from: .unknown, to: .live): 1, StateChange(from: .live, to: .liveBut): 1,
        ]
        return Sample(name: "connections-full", published: published)
    }()

    /// A primary that replays WAL after an unclean stop: no SQL, but files and processes.
    static let crashRecovery: Sample = {
        var snapshot = running()
        let at = now.advanced(seconds: -0.8)
        let starting = ConnectOutcome.rejected(.startingUp, message: "FATAL: the database system is starting up")
        snapshot.admission = .fresh(
            Admission(starting, acceptSeconds: 0.0002, firstByteSeconds: 0.0009, consecutive: 3),
            at: at
        )
        let failure = Failure(.refused, starting.message, sqlState: "57P03")
        snapshot.vitals = snapshot.vitals.failing(with: failure, at: at)
        snapshot.sessions = .never
        fail(&snapshot, .vitals, failure, at: at)
        var processes = Processes()
        processes.postmaster = .alive(PostmasterProcess(pid: 4711, startedAt: 1_795_248_890, state: "S", childCount: 3))
        processes.children = ["startup": 1, "checkpointer": 1, "background writer": 1]
        processes.startupTitle = "startup recovering 00000001000000160000001C"
        snapshot.processes = .fresh(processes, at: at)
        var verdict = baseVerdict(
            .liveBut,
            .crashRecovery,
            .primary,
            "Live, but in crash recovery: 62 % done, 12 s left"
        )
        verdict.revision = 9
        verdict.phaseEvidence = [
            Evidence(.processes, "startup_title", "startup recovering 00000001000000160000001C", at: at),
            Evidence(.admission, "sqlstate", "57P03", at: at),
        ]
        verdict.phaseSince = now.advanced(seconds: -12)
        verdict.stateSince = now.advanced(seconds: -12)
        var progress = RecoveryProgress(
            position: LSN(0x16_1C00_0000),
            source: "process_title",
            advancedAt: now.advanced(seconds: -0.8)
        )
        progress.start = LSN(0x16_0000_0028)
        progress.end = LSN(0x16_2D00_0000)
        progress.bytesPerSecond = 23_762_534.4
        verdict.recovery = progress
        verdict.conditions = [
            ActiveCondition(
                name: "in_recovery",
                family: .recovery,
                severity: .info,
                since: now.advanced(seconds: -12),
                message: "16/1C000000 of 16/2D000000, 22.7 MiB/s, 12 s left",
                evidence: [Evidence(.processes, "recovering_segment", "00000001000000160000001C", at: at)],
                advice: "Wait; it advances."
            )
        ]
        let fails = ProbeResult(pass: false, reason: "in crash recovery, not accepting")
        verdict.probes = Probes(all: fails)
        verdict.probes.liveness = ProbeResult(pass: true, reason: "recovery advances; a restart would begin it anew")
        return Sample(name: "crash-recovery", published: publish(snapshot, verdict))
    }()

    /// Nothing was seen yet, but a stale look.
    static let unknown: Sample = {
        var snapshot = Snapshot()
        snapshot.watchingSince = now.advanced(seconds: -100)
        snapshot.address = "db.example:5432"
        snapshot.sensors = SensorID.allCases.map { SensorStatus(id: $0, cadenceSeconds: 1) }
        snapshot.sensors[1].condition = .fresh
        snapshot.sensors[1].lastAt = now.advanced(seconds: -60)
        snapshot.sensors[1].lastSuccessAt = now.advanced(seconds: -60)
        snapshot.sensors[4].condition = .absent("not mounted")
        snapshot.vitals = .fresh(someVitals(), at: now.advanced(seconds: -60))
        var verdict = baseVerdict(.unknown, .unknown, .unknown, "Unknown: starting or stopped; no source answers")
        verdict.candidates = [.starting, .stopped]
        verdict.server = ServerSummary()
        verdict.probes = Probes(all: ProbeResult(pass: false, reason: "nothing is known yet"))
        return Sample(name: "unknown", published: publish(snapshot, verdict))
    }()

    /// Names that try to break out of every format.
    static let hostile: Sample = {
        let evil = "\u{1B}[31mred\u{1B}]0;title\u{7} \"quoted\" \\back\nline\u{202E}<script>"
        var snapshot = running()
        var sessions = someSessions()
        sessions.groups[0].user = evil
        sessions.groups[1].user = "other"
        sessions.groups[0].application = evil
        snapshot.sessions = .fresh(sessions, at: now.advanced(seconds: -1))
        var verdict = baseVerdict(.liveBut, .running, .primary, "Live, but connections nearly full: \(evil)")
        verdict.conditions = [
            ActiveCondition(
                name: "connections_near_full",
                family: .connections,
                severity: .warning,
                since: now.advanced(seconds: -1),
                message: evil,
                evidence: [Evidence(.sessions, evil, .text(evil), at: now)],
                advice: evil
            )
        ]
        verdict.probes = Probes(all: ProbeResult(pass: false, reason: evil))
        return Sample(name: "hostile", published: publish(snapshot, verdict))
    }()
}

extension Sample {
    private static func baseVerdict(_ state: State, _ phase: Phase, _ role: Role, _ summary: String) -> Verdict {
        var verdict = Verdict(at: now.advanced(seconds: -0.2))
        verdict.revision = 3
        verdict.state = state
        verdict.phase = phase
        verdict.role = role
        verdict.summary = summary
        let since = now.advanced(seconds: -11_399)
        verdict.stateSince = since
        verdict.phaseSince = since
        verdict.roleSince = since
        verdict.server.version = "15.18 (Debian 15.18-0+deb12u1)"
        verdict.server.systemIdentifier = 7_450_000_000_000_000_123
        verdict.server.timeline = 1
        verdict.server.startedAt = 1_795_230_000.25
        verdict.server.address = "/run/postgresql:5432"
        return verdict
    }

    private static func publish(_ snapshot: Snapshot, _ verdict: Verdict) -> Published {
        Published(
            snapshot: snapshot,
            verdict: verdict,
            history: [],
            stateTransitions: [:],
            catalogue: [
                CatalogueEntry(name: "connections_full", family: .connections, severity: .critical),
                CatalogueEntry(name: "connections_near_full", family: .connections, severity: .warning),
                CatalogueEntry(name: "in_recovery", family: .recovery, severity: .info),
                CatalogueEntry(name: "privilege_missing", family: .observer, severity: .warning),
            ],
            observer: ObserverReport(
                version: "0.1.0",
                startedAt: now.advanced(seconds: -11_400),
                querySeconds: 2.345,
                queries: 11_402,
                connectionAttempts: 2290,
                doctor: [
                    DoctorLine(subject: "vital signs", isSeen: true, finding: "every second through SQL"),
                    DoctorLine(
                        subject: "states of other roles' sessions",
                        isSeen: false,
                        finding: "the role howdah is not in pg_read_all_stats",
                        remedy: "GRANT pg_monitor TO howdah"
                    ),
                    DoctorLine(
                        subject: "the data directory",
                        isSeen: false,
                        finding: "not mounted",
                        remedy: "mount it read-only and pass --data-directory"
                    ),
                ]
            )
        )
    }

    /// A primary that runs, seen by all sensors.
    private static func running() -> Snapshot {
        var snapshot = Snapshot()
        snapshot.watchingSince = now.advanced(seconds: -11_400)
        snapshot.address = "/run/postgresql:5432"
        let at = now.advanced(seconds: -0.4)
        snapshot.admission = .fresh(
            Admission(.accepted, acceptSeconds: 0.000_21, firstByteSeconds: 0.0012, authenticationSeconds: 0.0034),
            at: at
        )
        var held = HeldSession()
        held.isOpen = true
        held.opened = 2
        snapshot.heldSession = .fresh(held, at: at)
        snapshot.vitals = .fresh(someVitals(), at: at)
        snapshot.dataDirectory = .fresh(someDirectory(), at: at)
        var processes = Processes()
        processes.postmaster = .alive(
            PostmasterProcess(pid: 4242, startedAt: 1_795_230_000, state: "S", childCount: 103)
        )
        processes.children = ["client backend": 97, "checkpointer": 1, "walwriter": 1, "autovacuum launcher": 1]
        processes.uninterruptible = ["client backend": 2]
        snapshot.processes = .fresh(processes, at: at)
        let cadences: [SensorID: Double] = [
            .admission: 5, .vitals: 1, .sessions: 10, .walSender: 5, .dataDirectory: 5, .processes: 2,
        ]
        snapshot.sensors = SensorID.allCases.map { id in
            var status = SensorStatus(id: id, cadenceSeconds: cadences[id] ?? 1)
            status.condition = id == .walSender ? .absent("not needed while the held session is there") : .fresh
            if id != .walSender {
                status.lastAt = at
                status.lastSuccessAt = at
                status.durationSeconds = 0.0012
            }
            return status
        }
        snapshot.sensors[1].failures = [.timedOut: 2]
        snapshot.sensors[1].lastFailure = Failure(.timedOut, "no answer within 1 s")
        return snapshot
    }

    private static func fail(_ snapshot: inout Snapshot, _ id: SensorID, _ failure: Failure, at: Moment) {
        for index in snapshot.sensors.indices where snapshot.sensors[index].id == id {
            snapshot.sensors[index].condition = .failing(failure)
            snapshot.sensors[index].lastAt = at
            snapshot.sensors[index].lastSuccessAt = now.advanced(seconds: -14)
            snapshot.sensors[index].lastFailure = failure
            snapshot.sensors[index].failures[failure.kind, default: 0] += 3
        }
    }

    private static func someVitals() -> Vitals {
        var vitals = Vitals()
        vitals.inRecovery = false
        vitals.currentLSN = LSN(0x16_B374_D848)
        vitals.clientBackends = 97
        vitals.clientBackendsByState = ["active": 5, "idle": 30, "idle in transaction": 62]
        vitals.walSenders = 1
        vitals.maxConnections = 100
        vitals.superuserReserved = 3
        vitals.reserved = 0
        vitals.maxWALSenders = 10
        vitals.roundTripSeconds = 0.000_31
        vitals.serverClock = 1_795_248_901.714_5
        vitals.localClock = 1_795_248_901.714
        vitals.configurationLoadedAt = 1_795_230_000.125
        return vitals
    }

    private static func someSessions() -> Sessions {
        var sessions = Sessions()
        sessions.groups = [
            (62, "app", "orders", "web", "idle in transaction", "10.0.0.7"),
            (30, "app", "orders", "web", "idle", "10.0.0.8"),
            (3, "report", "orders", "metabase", "active", "10.0.0.9"),
            (1, "howdah", "postgres", "howdah", "active", ""),
            (1, "app", "billing", "", "active", "10.0.0.8"),
        ].map { count, user, database, application, state, address in
            var group = SessionGroup()
            group.count = count
            group.user = user
            group.database = database
            group.application = application
            group.state = state
            group.clientAddress = address
            return group
        }
        sessions.groups[0].waitEventType = "Client"
        sessions.groups[0].waitEvent = "ClientRead"
        sessions.clientBackends = 97
        sessions.limitedRoles = [ConnectionLimit(name: "report", limit: 10, used: 3)]
        sessions.oldestTransactionSeconds = 912.5
        sessions.longestIdleInTransactionSeconds = 905.25
        return sessions
    }

    private static func someDirectory() -> DataDirectory {
        var directory = DataDirectory()
        directory.path = "/var/lib/postgresql/15/main"
        var lock = LockFile(pid: 4242, isSingleUser: false)
        lock.status = .ready
        directory.lockFile = .present(lock)
        var control = ControlFile()
        control.state = .inProduction
        control.checkpoint = LSN(0x16_B300_0028)
        control.redo = LSN(0x16_B300_0000)
        control.checkpointAt = 1_795_248_600
        control.writtenAt = 1_795_248_600
        control.timeline = 1
        control.dataChecksumVersion = 1
        directory.control = .present(control)
        return directory
    }
}
