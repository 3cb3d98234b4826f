public import Facts

/// A metric family: declared once, here and in its two text formats and in the documentation.
public struct MetricFamily: Sendable {
    /// The name of its samples, unit last (`_total` after it for counters); public API.
    public var name: String
    /// Gauge, counter or info.
    public var type: MetricType
    /// The unit, where it has one; always a base unit.
    public var unit: MetricUnit?
    /// Its labels in order, each with its bound.
    public var labels: [MetricLabel]
    /// One sentence: what it is, and from where.
    public var help: String
    /// Reads the samples off what is known; none where it is not known.
    var fill: @Sendable (MetricSources) -> [MetricSample]

    init(
        _ name: String,
        type: MetricType = .gauge,
        unit: MetricUnit? = nil,
        labels: [MetricLabel] = [],
        _ help: String,
        fill: @escaping @Sendable (MetricSources) -> [MetricSample]
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.labels = labels
        self.help = help
        self.fill = fill
    }

    /// A family of one series without labels, absent where `value` is nil.
    init(
        _ name: String,
        type: MetricType = .gauge,
        unit: MetricUnit? = nil,
        _ help: String,
        value: @escaping @Sendable (MetricSources) -> Double?
    ) {
        self.init(name, type: type, unit: unit, help) { sources in value(sources).map { [MetricSample($0)] } ?? [] }
    }
}

/// The types of families that Howdah has.
public enum MetricType: String, Sendable, Hashable, CaseIterable {
    /// Goes up and down.
    case gauge
    /// Only grows, from 0 at Howdah's start.
    case counter
    /// Always 1; what it says is in its labels. A gauge in the older text format.
    case info
}

/// Units: base units only.
public enum MetricUnit: String, Sendable, Hashable, CaseIterable {
    /// Seconds; as a point in time seconds since 1970-01-01T00:00:00Z.
    case seconds
    /// Bytes; as a WAL position bytes since 0/0.
    case bytes
    /// A share of 0 to 1.
    case ratio
}

/// A label and what bounds the number of its values.
public struct MetricLabel: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// What bounds the number of its values, in words.
    public var bound: String

    init(_ name: String, _ bound: String) {
        self.name = name
        self.bound = bound
    }
}

/// One value with the values of its family's labels, in the family's order.
struct MetricSample: Sendable, Hashable {
    var labels: [String]
    var value: Double

    init(_ value: Double, _ labels: String...) {
        self.labels = labels
        self.value = value
    }
}

/// Everything that metrics are read off.
public struct MetricSources: Sendable {
    /// What the sidecar published last.
    public var published: Published
    /// The moment of the scrape.
    public var now: Moment
    /// This process; nil where it could not be read.
    public var process: OwnProcess?
    /// The listeners' counters; nil where there is no listener.
    public var http: HTTPCounts?

    /// Gathers what metrics are read off.
    public init(published: Published, now: Moment, process: OwnProcess? = nil, http: HTTPCounts? = nil) {
        self.published = published
        self.now = now
        self.process = process
        self.http = http
    }
}

/// What this process uses, from `/proc/self`.
public struct OwnProcess: Sendable, Hashable {
    /// User and system CPU time in seconds (`stat`, fields 14 and 15).
    public var cpuSeconds: Double
    /// Resident memory in bytes (`statm`, field 2).
    public var residentBytes: Double
    /// Resident anonymous memory in bytes (`status`, `RssAnon`).
    public var residentAnonymousBytes: Double?
    /// Virtual memory in bytes (`statm`, field 1).
    public var virtualBytes: Double
    /// Open descriptors (`fd`).
    public var openDescriptors: Int
    /// The soft limit of open descriptors (`RLIMIT_NOFILE`).
    public var maximumDescriptors: Int
    /// Threads (`stat`, field 20).
    public var threads: Int
    /// When the process started, Unix seconds (`stat`, field 22, and `btime` of `/proc/stat`).
    public var startedAt: Double?

    /// Gathers what the process uses.
    public init(
        cpuSeconds: Double,
        residentBytes: Double,
        residentAnonymousBytes: Double?,
        virtualBytes: Double,
        openDescriptors: Int,
        maximumDescriptors: Int,
        threads: Int,
        startedAt: Double?
    ) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.residentAnonymousBytes = residentAnonymousBytes
        self.virtualBytes = virtualBytes
        self.openDescriptors = openDescriptors
        self.maximumDescriptors = maximumDescriptors
        self.threads = threads
        self.startedAt = startedAt
    }
}

/// What the listeners counted since Howdah started.
public struct HTTPCounts: Sendable, Hashable {
    /// Answers by path and status code.
    ///
    /// Paths are the routes' own; anything else counts as `other`.
    public var answers: [Answer: Int] = [:]
    /// Open connections by audience (`everyone`, `local`).
    public var connections: [String: Int] = [:]
    /// Long polls and event streams under way.
    public var waiters = 0
    /// How often each limit was reached, by its name; every name is there, with 0.
    public var limitsReached: [String: Int] = [:]

    /// The labels of `howdah_http_answers_total`.
    public struct Answer: Sendable, Hashable {
        /// The route's path, or `other`.
        public var path: String
        /// The status code.
        public var code: Int

        /// Names an answer.
        public init(path: String, code: Int) {
            self.path = path
            self.code = code
        }
    }

    /// Nothing counted yet.
    public init() {}
}
