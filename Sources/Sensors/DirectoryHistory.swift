public import Facts

/// A status of `postmaster.pid` that was seen, also one that lasted for a moment only.
public struct LockFileSighting: Sendable, Hashable {
    /// The process of line 1.
    public var pid: Int32
    /// Line 8 as it was then; nil where the file was there and had no line 8 yet.
    public var status: LockFile.Status?
    /// When it was read.
    public var at: Moment
}

/// What happened in a data directory, as its events tell: a pure state machine without clock and files.
///
/// A start goes like this on every version from 14 to 18: `postgresql.conf` is opened (twice: for `data_directory`, and
/// again), then `postgresql.auto.conf`, then `postmaster.pid` is made, `pg_hba.conf` and `pg_ident.conf` are opened, line 8
/// says `starting` and then `ready` or `standby`. A start that ends at a wrong setting opens the first two and nothing
/// else, within milliseconds. One that ends at a syntax error in `postgresql.conf` opens that one only, as many programs
/// do, so it counts only where the server was seen in the process table.
struct DirectoryHistory {
    /// The last attempt to start a server.
    private(set) var lastStart: StartAttempt?
    /// When `promote` appeared last.
    private(set) var promotionRequestedAt: Moment?
    /// When `standby.signal` went away last.
    private(set) var standbySignalRemovedAt: Moment?
    /// The lock file's changes of status, oldest first; at most `sightingLimit`.
    private(set) var sightings: [LockFileSighting] = []

    /// How many sightings are kept; the oldest go.
    static let sightingLimit = 32
    /// Seconds that a server gets from reading its configuration to making its lock file; measured: 1 ms.
    static let lockFileGrace = 0.7
    /// Seconds between the openings of the two configuration files by one server; measured: 1 ms.
    static let readingGap = 1.0

    /// The process id and start of the server whose lock file is there.
    private var holder: (pid: Int32, startedAt: Int64?)?
    private var hasLooked = false
    private var hadStandbySignal: Bool?
    private var reading: Reading?
    private var otherFilesOpenedAt: Moment?

    /// Somebody reads the configuration.
    private struct Reading {
        var beganAt: Moment
        var lastAt: Moment
        var sawAutoConf = false
        /// Also opened what no server opens before its lock file is there: a backup, a search.
        var isBulk = false
        var reader = Reader.unknown
    }

    /// Who reads the configuration.
    enum Reader: Sendable, Hashable {
        /// A server that starts.
        case server
        /// `postgres -C SETTING` and the like, which end by design.
        case tool
        /// Nobody knows.
        case unknown
    }

    /// Files whose opening tells of a start.
    enum ConfigurationFile: Sendable, Hashable {
        /// `postgresql.conf`, here or elsewhere.
        case main
        /// `postgresql.auto.conf`.
        case auto
        /// `pg_hba.conf`, `pg_ident.conf`.
        case authentication
    }

    // MARK: Lock file

    /// The lock file was read.
    mutating func saw(_ state: LockFileState, at now: Moment) {
        defer { hasLooked = true }
        switch state {
        case .present(let file) where !file.isSingleUser: saw(file, at: now)
        case .present:
            reading = nil
            end(at: now)
        case .absent: end(at: now)
        // Caught while it is written, or not for us to see: neither begins nor ends anything.
        case .notUnderstood, .notPermitted: break
        }
    }

    /// The lock file came and went before it could be read: a start that failed at once.
    mutating func lockFileFlashed(at now: Moment) {
        guard holder == nil else { return }
        lastStart = StartAttempt(stage: .tookLock, beganAt: reading?.beganAt ?? now, endedAt: now)
        reading = nil
        otherFilesOpenedAt = nil
    }

    private mutating func saw(_ file: LockFile, at now: Moment) {
        remember(LockFileSighting(pid: file.pid, status: file.status, at: now))
        let isSame =
            holder.map { $0.pid == file.pid && ($0.startedAt == file.startedAt || $0.startedAt == nil) } ?? false
        holder = (file.pid, file.startedAt)
        if !isSame {
            lastStart = StartAttempt(stage: .tookLock, beganAt: beginning(of: file, at: now))
            // A server that is on its way down when we first look is taken for one that had been up.
            if !hasLooked, file.status == .stopping { lastStart?.stage = .reachedReady }
            // It was this server that opened them, whatever came first into view.
            reading = nil
            otherFilesOpenedAt = nil
        }
        // A stale lock file stays beside later attempts and says nothing of them.
        guard lastStart?.stage != .readConfiguration else { return }
        lastStart?.endedAt = nil
        if file.status == .ready || file.status == .standby { lastStart?.stage = .reachedReady }
    }

    /// When we saw the start begin; for a server older than our watch, what line 3 says.
    private func beginning(of file: LockFile, at now: Moment) -> Moment {
        if !hasLooked, let startedAt = file.startedAt {
            let age = now.unixSeconds - Double(startedAt)
            if age > 0, age < 1e9 { return now.advanced(seconds: -age) }
        }
        guard let reading, now.seconds(since: reading.lastAt) < Self.lockFileGrace else { return now }
        return reading.beganAt
    }

    private mutating func end(at now: Moment) {
        guard holder != nil else { return }
        holder = nil
        if lastStart?.stage != .readConfiguration { lastStart?.endedAt = now }
    }

    private mutating func remember(_ sighting: LockFileSighting) {
        if let last = sightings.last, last.pid == sighting.pid, last.status == sighting.status { return }
        if sightings.count == Self.sightingLimit { sightings.removeFirst() }
        sightings.append(sighting)
    }

    // MARK: Configuration

    /// A configuration file was opened; `isServerRunning` says that a server may run, which reads it at every reload.
    mutating func opened(_ file: ConfigurationFile, by reader: Reader, isServerRunning: Bool, at now: Moment) {
        guard !isServerRunning else {
            reading = nil
            return
        }
        switch file {
        case .main:
            let isNew = reading.map { now.seconds(since: $0.lastAt) > Self.readingGap || $0.sawAutoConf } ?? true
            if isNew {
                giveUp(at: now, evenIfRecent: true)
                reading = Reading(beganAt: now, lastAt: now)
                reading?.isBulk = otherFilesOpenedAt.map { now.seconds(since: $0) < Self.readingGap } ?? false
            }
        case .auto:
            if reading == nil { otherFilesOpenedAt = now } else { reading?.sawAutoConf = true }
        case .authentication:
            otherFilesOpenedAt = now
            reading?.isBulk = true
        }
        reading?.lastAt = now
        if reader != .unknown { reading?.reader = reader }
    }

    /// When `settle` should be called next; nil where nothing is open.
    var settlesAt: Moment? { reading?.lastAt.advanced(seconds: Self.lockFileGrace) }

    /// Gives a reading up that no lock file followed; true where that was a start.
    @discardableResult
    mutating func settle(at now: Moment) -> Bool { giveUp(at: now, evenIfRecent: false) }

    @discardableResult
    private mutating func giveUp(at now: Moment, evenIfRecent: Bool) -> Bool {
        guard let reading, evenIfRecent || now.seconds(since: reading.lastAt) >= Self.lockFileGrace else {
            return false
        }
        self.reading = nil
        let wasServer = reading.reader == .server
        let looksLikeServer = reading.reader == .unknown && reading.sawAutoConf && !reading.isBulk
        guard wasServer || looksLikeServer else { return false }
        lastStart = StartAttempt(stage: .readConfiguration, beganAt: reading.beganAt, endedAt: reading.lastAt)
        return true
    }

    // MARK: Signal files

    /// `promote` appeared; it is removed within milliseconds.
    mutating func promoteAppeared(at now: Moment) { promotionRequestedAt = now }

    /// Whether `standby.signal` is there.
    mutating func saw(standbySignal isThere: Bool, at now: Moment) {
        if hadStandbySignal == true, !isThere { standbySignalRemovedAt = now }
        if hadStandbySignal == false, isThere {
            // A standby again: what happened before belongs to another life.
            standbySignalRemovedAt = nil
            promotionRequestedAt = nil
        }
        hadStandbySignal = isThere
    }
}
