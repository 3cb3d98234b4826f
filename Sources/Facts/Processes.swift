/// The server's processes as `/proc` shows them.
public struct Processes: Sendable, Hashable {
    /// The postmaster, or what is known of its absence.
    public var postmaster: Postmaster = .unknown("not looked yet")
    /// The postmaster's children by kind, from their titles (`ps` display); kinds past 40 count as `other`.
    public var children: [String: Int] = [:]
    /// The title of the start-up process, such as `startup recovering 000000010000000000000012`.
    public var startupTitle: String?
    /// The segment that the start-up process recovers, from its title.
    public var recoveringSegment: WALSegment?
    /// Children in uninterruptible sleep (D), by kind.
    public var uninterruptible: [String: Int] = [:]
    /// Children that are stopped (T), by kind.
    public var stopped: [String: Int] = [:]
    /// Titles of WAL senders and client backends that keep a shutdown waiting; at most 10, without statement text.
    public var holdingTitles: [String] = []

    /// Nothing known yet.
    public init() {}
}

/// Whether the postmaster lives.
public enum Postmaster: Sendable, Hashable {
    /// It lives, verified: right pid, right start time, right program.
    case alive(PostmasterProcess)
    /// It is gone, proven: we watched this very process end, or the process table that we share with it has no such process.
    case gone(String, at: Moment)
    /// Our process table cannot tell: no lock file to go by, another pid namespace, no permission.
    case unknown(String)
}

/// A living postmaster.
public struct PostmasterProcess: Sendable, Hashable {
    /// The process id in our namespace.
    public var pid: Int32
    /// Field 22 of `/proc/<pid>/stat` as Unix seconds.
    public var startedAt: Double
    /// Field 3 of `/proc/<pid>/stat`: `R`, `S`, `D`, `T`, `t`, `Z`.
    public var state: Character
    /// How many children it has.
    public var childCount: Int

    /// Describes a living postmaster.
    public init(pid: Int32, startedAt: Double, state: Character, childCount: Int) {
        self.pid = pid
        self.startedAt = startedAt
        self.state = state
        self.childCount = childCount
    }

    /// Stopped by a signal or a debugger (T or t).
    public var isStopped: Bool { state == "T" || state == "t" }
    /// In uninterruptible sleep (D).
    public var isUninterruptible: Bool { state == "D" }
}
