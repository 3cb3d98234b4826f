public import Facts

/// What a snapshot means: one headline, one phase, one role, the conditions, the probes, each with its reason.
///
/// The document at `/state`, the metrics and the exec probe are renderings of this value.
public struct Verdict: Sendable, Equatable {
    /// Grows by one with every change of anything but ages and numbers; starts at 1.
    public var revision: UInt64 = 0
    /// When this verdict was reached.
    public var at: Moment
    /// The headline.
    public var state: State = .unknown
    /// One sentence: `Live`, `Live, but …`, `Dead: …`, `Unknown: …`.
    public var summary = ""
    /// Where the server is in its life.
    public var phase: Phase = .unknown
    /// Why this phase: the evidence that decided.
    public var phaseEvidence: [Evidence] = []
    /// The phases that would fit, where the sources do not tell; empty where the phase is known.
    public var candidates: [Phase] = []
    /// The server's role.
    public var role: Role = .unknown
    /// When `state` became what it is.
    public var stateSince: Moment
    /// When `phase` became what it is.
    public var phaseSince: Moment
    /// When `role` became what it is.
    public var roleSince: Moment
    /// The active conditions, most severe first.
    public var conditions: [ActiveCondition] = []
    /// Conditions that hold, and that a deeper cause explains: not shown as active.
    public var suppressed: [SuppressedCondition] = []
    /// The four probes.
    public var probes: Probes
    /// When each probe's answer became what it is.
    public var probesSince: [ProbeID: Moment]
    /// The server as far as it is known.
    public var server = ServerSummary()
    /// Progress of a recovery that is under way.
    public var recovery: RecoveryProgress?

    /// A verdict that knows nothing yet.
    public init(at: Moment) {
        self.at = at
        stateSince = at
        phaseSince = at
        roleSince = at
        probesSince = Dictionary(uniqueKeysWithValues: ProbeID.allCases.map { ($0, at) })
        probes = Probes(all: ProbeResult(pass: false, reason: "nothing is known yet"))
    }
}

/// The headline: `howdah_state`, `state` in JSON.
public enum State: String, Sendable, Hashable, CaseIterable {
    /// Accepts connections in its role, and nothing of severity warning or higher holds.
    case live
    /// The server process lives, and it does not accept yet or something is wrong.
    case liveBut = "live_but"
    /// No server process, proven.
    case dead
    /// The sources that could tell are missing, stale or contradict each other.
    case unknown
}

/// Where the server is in its life; exactly one.
///
/// The raw values are public API.
public enum Phase: String, Sendable, Hashable, CaseIterable {
    /// No cluster in the data directory, or initdb or a base backup is running.
    case uninitialized
    /// The postmaster is up and does not accept yet.
    case starting
    /// A primary replays WAL after an unclean stop.
    case crashRecovery = "crash_recovery"
    /// A standby or a point-in-time recovery that has not reached consistency.
    case archiveRecovery = "archive_recovery"
    /// Accepts connections.
    case running
    /// Recovers by intent with hot standby off.
    case warmStandby = "warm_standby"
    /// A backend crashed; the postmaster restarts everything under it.
    case reinitializing
    /// A standby on its way to primary.
    case promoting
    /// Smart, fast or stuck shutdown.
    case stopping
    /// Stopped cleanly.
    case stopped
    /// pg_control says running or recovering, and there is no process.
    case crashed
    /// It tried to start and gave up.
    case startFailed = "start_failed"
    /// A single-user backend owns the data directory.
    case singleUser = "single_user"
    /// The kernel accepts connections, the server does not answer.
    case unresponsive
    /// Cannot tell.
    case unknown

    /// The phase in words, for sentences.
    public var words: String { String(rawValue.map { $0 == "_" ? " " : $0 }) }
}

/// The server's role, from signal files, pg_control and SQL; never from a message text.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Not in recovery, or in crash recovery.
    case primary
    /// In archive recovery, by intent.
    case standby
    /// Cannot tell.
    case unknown
}

/// How bad a condition is.
public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Worth knowing.
    case info
    /// Worth a ticket: the headline becomes `live_but`.
    case warning
    /// Worth waking someone.
    case critical

    /// Orders from info to critical.
    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }
}

/// The families of conditions, in the order of the catalogue.
public enum Family: String, Sendable, Hashable, CaseIterable {
    /// Slots, roles, databases, forks.
    case connections
    /// Recovery, pauses, crash loops, shutdown.
    case recovery
    /// Replication as the standby sees it.
    case replicationStandby = "replication_standby"
    /// Replication as the primary sees it.
    case replicationPrimary = "replication_primary"
    /// Disk, memory, processes, transaction ids.
    case resources
    /// Archiving and backup.
    case archiving
    /// Settings and files.
    case configuration
    /// Checksums, corruption, collations.
    case integrity
    /// The HA agent, its store and its peers.
    case agent
    /// What Howdah itself cannot see.
    case observer
    /// Transactions, locks, checkpoints.
    case workload
}

/// One piece of evidence: which source said what, and when.
public struct Evidence: Sendable, Hashable {
    /// The sensor that saw it.
    public var source: SensorID
    /// What was looked at: a column, a line, a file, `sqlstate`.
    public var fact: String
    /// What it said.
    public var value: FactValue
    /// When it was seen.
    public var observedAt: Moment

    /// Records who said what, and when.
    public init(_ source: SensorID, _ fact: String, _ value: FactValue, at observedAt: Moment) {
        self.source = source
        self.fact = fact
        self.value = value
        self.observedAt = observedAt
    }
}

/// A condition that is active now.
public struct ActiveCondition: Sendable, Hashable {
    /// Its name in the catalogue, such as `connections_full`.
    public var name: String
    /// Its family.
    public var family: Family
    /// Its severity after policy.
    public var severity: Severity
    /// When it began to hold.
    public var since: Moment
    /// What is wrong, with numbers.
    public var message: String
    /// Who says so.
    public var evidence: [Evidence]
    /// What to do about it.
    public var advice: String

    /// Describes an active condition.
    public init(
        name: String,
        family: Family,
        severity: Severity,
        since: Moment,
        message: String,
        evidence: [Evidence],
        advice: String
    ) {
        self.name = name
        self.family = family
        self.severity = severity
        self.since = since
        self.message = message
        self.evidence = evidence
        self.advice = advice
    }
}

/// A condition that holds and that a deeper one explains.
public struct SuppressedCondition: Sendable, Hashable {
    /// The condition's name.
    public var name: String
    /// The active condition that explains it.
    public var cause: String

    /// Names a condition and the one that explains it.
    public init(name: String, cause: String) {
        self.name = name
        self.cause = cause
    }
}

/// The probes by their public names.
public enum ProbeID: String, Sendable, Hashable, CaseIterable {
    /// Fails only where restarting the server's container is the cure and destroys no progress.
    case liveness
    /// Ready for its own role.
    case readiness
    /// A session opened now could write.
    case readWrite = "read_write"
    /// A session opened now could read.
    case readOnly = "read_only"
}

/// One probe's answer.
public struct ProbeResult: Sendable, Hashable {
    /// Whether it passes.
    public var pass: Bool
    /// Why, in one sentence.
    public var reason: String

    /// Makes an answer.
    public init(pass: Bool, reason: String) {
        self.pass = pass
        self.reason = reason
    }
}

/// The answers of all four probes.
public struct Probes: Sendable, Hashable {
    /// Should the server's container be restarted (fail) or left alone (pass).
    public var liveness: ProbeResult
    /// Ready for its own role.
    public var readiness: ProbeResult
    /// Ready for sessions that write.
    public var readWrite: ProbeResult
    /// Ready for sessions that read.
    public var readOnly: ProbeResult

    /// Gives all four the same answer.
    public init(all result: ProbeResult) {
        liveness = result
        readiness = result
        readWrite = result
        readOnly = result
    }

    /// The answer of one probe.
    public subscript(probe: ProbeID) -> ProbeResult {
        get {
            switch probe {
            case .liveness: liveness
            case .readiness: readiness
            case .readWrite: readWrite
            case .readOnly: readOnly
            }
        }
        set {
            switch probe {
            case .liveness: liveness = newValue
            case .readiness: readiness = newValue
            case .readWrite: readWrite = newValue
            case .readOnly: readOnly = newValue
            }
        }
    }
}

/// The server as far as it is known, also while it is down.
public struct ServerSummary: Sendable, Hashable {
    /// `server_version`, or the major version of `PG_VERSION`.
    public var version: String?
    /// The system identifier, from SQL or pg_control.
    public var systemIdentifier: UInt64?
    /// The timeline, from SQL or pg_control.
    public var timeline: UInt32?
    /// When the postmaster started, Unix seconds; nil while there is none.
    public var startedAt: Double?
    /// The address that Howdah connects to, without secrets.
    public var address = ""

    /// Nothing known.
    public init() {}
}

/// How far a recovery has come.
public struct RecoveryProgress: Sendable, Hashable {
    /// The last known position.
    public var position: LSN
    /// Where the position comes from: `replay_lsn`, `process_title`, `pg_control`.
    public var source: String
    /// Where recovery began, if known.
    public var start: LSN?
    /// Where it will end, if known.
    public var end: LSN?
    /// Bytes a second over the last minute, if it moved.
    public var bytesPerSecond: Double?
    /// When the position last advanced.
    public var advancedAt: Moment

    /// Describes a position.
    public init(position: LSN, source: String, advancedAt: Moment) {
        self.position = position
        self.source = source
        self.advancedAt = advancedAt
    }

    /// The share that is done, 0 to 1, where start and end are known.
    public var share: Double? {
        guard let start, let end, end > start else { return nil }
        return min(1, max(0, Double(position.distance(from: start)) / Double(end.distance(from: start))))
    }

    /// Seconds left at the present rate, where the end and a rate are known.
    public var secondsLeft: Double? {
        guard let end, let bytesPerSecond, bytesPerSecond > 0 else { return nil }
        return max(0, Double(end.distance(from: position)) / bytesPerSecond)
    }
}

/// One change of the headline, phase, role, a probe or a condition; a row of `state_history`.
public struct Transition: Sendable, Hashable {
    /// What changed: `state`, `phase`, `role`, `condition`, `probe`.
    public var what: What
    /// The condition's or probe's name; empty for the others.
    public var name: String
    /// What it was; for conditions `clear` or `active`.
    public var from: String
    /// What it became.
    public var to: String
    /// When.
    public var at: Moment
    /// How long it had been what it was, in seconds.
    public var lastedSeconds: Double
    /// The summary or message at that moment.
    public var message: String

    /// What can change.
    public enum What: String, Sendable, Hashable {
        /// The headline.
        case state
        /// The phase.
        case phase
        /// The role.
        case role
        /// A condition became active or cleared.
        case condition
        /// A probe began to pass or fail.
        case probe
    }

    /// Describes a change.
    public init(
        _ what: What,
        name: String = "",
        from: String,
        to: String,
        at: Moment,
        lastedSeconds: Double,
        message: String
    ) {
        self.what = what
        self.name = name
        self.from = from
        self.to = to
        self.at = at
        self.lastedSeconds = lastedSeconds
        self.message = message
    }
}
