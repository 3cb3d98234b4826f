public import Diagnosis
public import Facts

/// What the sidecar publishes at one moment: all that the four windows (metrics, JSON, text, state file) show.
///
/// A request reads the latest one; it never changes anything.
public struct Published: Sendable {
    /// The facts that the verdict was reached from.
    public var snapshot: Snapshot
    /// What they mean.
    public var verdict: Verdict
    /// Changes so far, newest last; bounded by the sidecar (256).
    public var history: [Transition]
    /// How often the headline went from one state to another since Howdah started.
    public var stateTransitions: [StateChange: Int]
    /// Conditions of the catalogue with their severity after policy, in catalogue order.
    public var catalogue: [CatalogueEntry]
    /// What Howdah says of itself.
    public var observer: ObserverReport

    /// Gathers what is published.
    public init(
        snapshot: Snapshot,
        verdict: Verdict,
        history: [Transition],
        stateTransitions: [StateChange: Int],
        catalogue: [CatalogueEntry],
        observer: ObserverReport
    ) {
        self.snapshot = snapshot
        self.verdict = verdict
        self.history = history
        self.stateTransitions = stateTransitions
        self.catalogue = catalogue
        self.observer = observer
    }
}

/// A change of the headline, the labels of `howdah_state_transitions_total`.
public struct StateChange: Sendable, Hashable {
    /// What it was.
    public var from: State
    /// What it became.
    public var to: State

    /// Names a change.
    public init(from: State, to: State) {
        self.from = from
        self.to = to
    }
}

/// A condition of the catalogue as metrics and documents list it, active or not.
public struct CatalogueEntry: Sendable, Hashable {
    /// Its public name.
    public var name: String
    /// Its family.
    public var family: Family
    /// Its severity after policy.
    public var severity: Severity

    /// Names a condition of the catalogue.
    public init(name: String, family: Family, severity: Severity) {
        self.name = name
        self.family = family
        self.severity = severity
    }
}

/// What Howdah says of itself.
public struct ObserverReport: Sendable {
    /// Howdah's version.
    public var version: String
    /// When this process began to watch.
    public var startedAt: Moment
    /// Seconds of server time that Howdah's queries took so far, as measured by round trips: the cost that it puts on
    /// the server.
    public var querySeconds: Double
    /// Round trips so far.
    public var queries: Int
    /// Start-up attempts so far.
    public var connectionAttempts: Int
    /// What Howdah can and cannot see, line by line, for `howdah doctor`.
    public var doctor: [DoctorLine]

    /// Gathers what Howdah says of itself.
    public init(
        version: String,
        startedAt: Moment,
        querySeconds: Double,
        queries: Int,
        connectionAttempts: Int,
        doctor: [DoctorLine]
    ) {
        self.version = version
        self.startedAt = startedAt
        self.querySeconds = querySeconds
        self.queries = queries
        self.connectionAttempts = connectionAttempts
        self.doctor = doctor
    }
}

/// One thing that Howdah can or cannot see.
public struct DoctorLine: Sendable, Hashable {
    /// What it would see, such as `statement text and states of other roles' sessions`.
    public var subject: String
    /// Whether it sees it.
    public var isSeen: Bool
    /// What it found, or why it is dark.
    public var finding: String
    /// The GRANT, mount or flag that would change it; empty where nothing is to be done.
    public var remedy: String

    /// Describes one thing.
    public init(subject: String, isSeen: Bool, finding: String, remedy: String = "") {
        self.subject = subject
        self.isSeen = isSeen
        self.finding = finding
        self.remedy = remedy
    }
}
