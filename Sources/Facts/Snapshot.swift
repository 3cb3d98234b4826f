/// Everything that is known at one moment: one observation per source, each with its age.
public struct Snapshot: Sendable {
    /// Start-up attempts: does the server let a new session in.
    public var admission: Observation<Admission> = .never
    /// The session that Howdah holds.
    public var heldSession: Observation<HeldSession> = .never
    /// What the held session found out right after connecting.
    public var identity: Observation<ServerIdentity> = .never
    /// Vital signs by SQL.
    public var vitals: Observation<Vitals> = .never
    /// Who holds the slots.
    public var sessions: Observation<Sessions> = .never
    /// What a WAL sender slot let us see while all ordinary slots were taken.
    public var walSender: Observation<Sessions> = .never
    /// The data directory.
    public var dataDirectory: Observation<DataDirectory> = .never
    /// The server's processes.
    public var processes: Observation<Processes> = .never
    /// How each sensor fares, in a fixed order.
    public var sensors: [SensorStatus] = []
    /// Whether an HA agent is configured: it, not the kubelet, restarts a stopped server.
    public var hasAgent = false
    /// Whether Howdah was told of, or found, a data directory; without one the local sources are absent by design.
    public var hasDataDirectory = false
    /// The address that Howdah connects to, without secrets, for messages.
    public var address = ""
    /// The port that Howdah connects to, if it is a single one.
    public var port: Int?
    /// When Howdah started to watch.
    public var watchingSince = Moment(boot: 0, wall: 0)

    /// Nothing known yet.
    public init() {}
}

/// The sensors by their public names: `sensor` labels, `sources` of evidence, keys of `/state`.
public enum SensorID: String, Sendable, Hashable, CaseIterable {
    /// Start-up attempts.
    case admission
    /// The held session and its vital signs.
    case vitals
    /// Who holds the slots.
    case sessions
    /// The way in when the slots are full.
    case walSender = "wal_sender"
    /// Files of the data directory.
    case dataDirectory = "data_directory"
    /// The process table.
    case processes
}

/// How a sensor fares.
public struct SensorStatus: Sendable, Hashable {
    /// Which sensor.
    public var id: SensorID
    /// What came of the latest look.
    public var condition: Condition
    /// When the latest look ended; nil if there was none.
    public var lastAt: Moment?
    /// When the latest successful look ended; nil if there was none.
    public var lastSuccessAt: Moment?
    /// How long the latest look took, in seconds.
    public var durationSeconds: Double?
    /// Seconds between looks when all is well.
    public var cadenceSeconds: Double
    /// Looks that failed since Howdah started, by `Failure.Kind`.
    public var failures: [Failure.Kind: Int] = [:]
    /// The latest failure, kept after a success.
    public var lastFailure: Failure?
    /// When the present run of failures began; nil while all is well.
    public var failingSince: Moment?

    /// What came of the latest look.
    public enum Condition: Sendable, Hashable {
        /// Not looked yet.
        case never
        /// It answered.
        case fresh
        /// It did not answer.
        case failing(Failure)
        /// There is nothing to look at, by design: not configured, not mounted, not needed now.
        case absent(String)
    }

    /// A sensor that has not looked yet.
    public init(id: SensorID, cadenceSeconds: Double) {
        self.id = id
        self.condition = .never
        self.cadenceSeconds = cadenceSeconds
    }
}
