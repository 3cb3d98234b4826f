public import Deadlines
public import Facts
import Synchronization

/// Looks at the server's processes in `/proc`: is the postmaster alive, and what do its children say of themselves.
///
/// The lock file names the process; the sensor makes sure that it is the one (`PostmasterSearch`), watches its end through
/// a pidfd, and says that it is gone only where that is proven (`ProcessNamespace`). A single-user backend counts as the
/// process of its lock file too. Reading titles takes no privilege; looking at working directories takes the server's
/// user, root or CAP_SYS_PTRACE, and without it the start time decides.
public final class ProcessSensor: Sendable {
    /// `processes`.
    public let id = SensorID.processes
    private let core: ProcessCore

    /// Begins to watch, as soon as `expect` names a lock file.
    ///
    /// - Parameters:
    ///   - watcher: Tells of the end of a process.
    ///   - onEvent: Called when it is worth looking again at once, because the postmaster, the start-up process or the
    ///     checkpointer has ended. Called on the watcher's thread; it must be short.
    public convenience init(watcher: EventWatcher, onEvent: @escaping @Sendable () -> Void) {
        self.init(table: ProcessTable(), watcher: watcher, onEvent: onEvent)
    }

    init(table: ProcessTable, watcher: EventWatcher, onEvent: @escaping @Sendable () -> Void) {
        core = ProcessCore(table: table, watcher: watcher, onEvent: onEvent)
    }

    /// Tells what the data directory says: the lock file, and where it lies as we see it.
    ///
    /// A new process is watched from now on, before anybody looks.
    public func expect(lockFile: LockFileState, dataDirectory: String) {
        core.expect(ProcessCore.Target(lockFile: lockFile, path: dataDirectory))
    }

    /// Looks at the processes now.
    ///
    /// Throws `.absent` where no data directory has been named, and `.timedOut` where the kernel does not answer before
    /// the deadline.
    public func observe(deadline: Deadline) async throws(Failure) -> Processes {
        let core = core
        guard core.isExpecting else { throw Failure(.absent, "no data directory, so no lock file names a process") }
        guard let processes = await core.worker.value(before: deadline, { core.look() }) else {
            throw Failure(.timedOut, "the process table did not answer in time")
        }
        return processes
    }

    deinit { core.worker.stop() }
}

/// What the sensor and its thread share.
final class ProcessCore: Sendable {
    /// What the data directory says.
    struct Target: Equatable {
        var lockFile: LockFileState
        var path: String
    }

    /// A postmaster that was verified.
    private struct Known {
        var entry: ProcessTable.Entry
        var startedAt: Double
        /// The number and the start in its lock file, which differ from ours if it lives in a namespace below.
        var lock: LockFile
        var watch: ProcessWatch?
    }

    /// A postmaster that ended under our eyes.
    private struct Ended {
        var lock: LockFile
        var reason: String
        var at: Moment
    }

    /// What only the worker's thread touches; the lock is never waited for.
    private struct State {
        var path = ""
        var known: Known?
        var ended: Ended?
        /// A postmaster of this data directory was seen alive: we share its process table.
        var hasVerified = false
        var goneSince: (reason: String, at: Moment)?
        /// When all processes were looked at in vain, and for what lock file.
        var vainSearch: (target: LockFileState, at: Moment)?
        /// The start-up process and the checkpointer: their end means that the server changes its state.
        var childWatches: [Int32: ProcessWatch] = [:]
    }

    let worker = WorkerThread(name: "processes")
    private let table: ProcessTable
    private let watcher: EventWatcher
    private let onEvent: @Sendable () -> Void
    private let target = Mutex<Target?>(nil)
    private let state = Mutex(State())

    /// Kinds of children whose end is news.
    private static let watchedKinds: Set = ["startup", "checkpointer"]
    /// Seconds between two searches through all processes for the same lock file.
    static let searchCadence = 10.0
    /// How many kinds of children are told apart; the rest count as `other`.
    static let kindLimit = 40
    /// How many titles are kept of processes that a shutdown waits for.
    static let holdingLimit = 10

    init(table: ProcessTable, watcher: EventWatcher, onEvent: @escaping @Sendable () -> Void) {
        self.table = table
        self.watcher = watcher
        self.onEvent = onEvent
    }

    var isExpecting: Bool { target.withLock { $0 != nil } }

    func expect(_ new: Target) {
        let isNews = target.withLock { target in
            defer { target = new }
            return target != new
        }
        if isNews, case .present = new.lockFile { worker.perform { [weak self] in _ = self?.findPostmaster() } }
    }

    // MARK: On the worker's thread

    /// Everything, for `observe`.
    func look() -> Processes {
        let postmaster = findPostmaster()
        var processes = Processes()
        processes.postmaster = postmaster
        guard case .alive(var process) = postmaster else {
            state.withLock { $0.childWatches = [:] }
            return processes
        }
        process.childCount = readChildren(of: process.pid, into: &processes)
        processes.postmaster = .alive(process)
        return processes
    }

    /// Whether the postmaster lives; watches it from then on.
    private func findPostmaster() -> Postmaster {
        guard let target = target.withLock({ $0 }) else { return .unknown("no lock file to go by") }
        return state.withLock { state in
            if state.path != target.path {
                state = State()
                state.path = target.path
            }
            let verdict = judge(target, in: &state)
            guard case .gone(let reason, let at) = verdict else {
                state.goneSince = nil
                return verdict
            }
            // The same absence has one beginning, however often it is looked at.
            if let since = state.goneSince, since.reason == reason { return .gone(reason, at: since.at) }
            state.goneSince = (reason, at)
            return verdict
        }
    }

    private func judge(_ target: Target, in state: inout State) -> Postmaster {
        if let alive = lookAgain(in: &state, lockFile: target.lockFile) { return alive }
        let search = PostmasterSearch(table: table, directory: try? FileIdentity(target.path))
        switch target.lockFile {
        case .present(let lock): return judge(lock, search, in: &state)
        case .absent: return judgeAbsence(search, in: &state)
        case .notUnderstood(let reason), .notPermitted(let reason):
            if let ended = state.ended { return .gone(ended.reason, at: ended.at) }
            return .unknown("the lock file names no process: \(reason)")
        }
    }

    /// The postmaster that is known already, if it still lives and the lock file is still its own.
    private func lookAgain(in state: inout State, lockFile: LockFileState) -> Postmaster? {
        guard let known = state.known else { return nil }
        let entry = table.entry(known.entry.pid)
        let isSame = entry?.startTicks == known.entry.startTicks && entry?.isZombie == false
        if let entry, isSame, known.watch?.endedAt == nil {
            if case .present(let lock) = lockFile, !isSameServer(lock, known.lock) { return nil }
            return .alive(process(entry, startedAt: known.startedAt))
        }
        let at = known.watch?.endedAt ?? SystemClock.now()
        state.ended = Ended(lock: known.lock, reason: "process \(known.entry.pid) ended while it was watched", at: at)
        state.known = nil
        return nil
    }

    private func isSameServer(_ left: LockFile, _ right: LockFile) -> Bool {
        left.pid == right.pid && (left.startedAt == right.startedAt || left.startedAt == nil || right.startedAt == nil)
    }

    private func judge(_ lock: LockFile, _ search: PostmasterSearch, in state: inout State) -> Postmaster {
        if let ended = state.ended, isSameServer(lock, ended.lock) { return .gone(ended.reason, at: ended.at) }
        // Before the look, so that what is looked at is what is watched.
        let watch = openWatch(lock.pid)
        switch search.verify(lock) {
        case .verified(let entry): return remember(entry, lock, watch, in: &state)
        case .ended(let reason): return .gone(reason, at: SystemClock.now())
        case .undecided(let reason): return .unknown(reason)
        case .other(let reason):
            if let known = state.known {
                return .unknown("\(reason), and yet the postmaster we know, process \(known.entry.pid), lives")
            }
            let here = workingHere(search, target: .present(lock), in: &state)
            if let entry = here.first(where: { search.isBelow($0, as: lock) }) {
                return remember(entry, lock, openWatch(entry.pid), in: &state)
            }
            guard isAbsenceProof(in: state) else {
                return .unknown("\(reason) here, and the server may have a process table of its own")
            }
            return .gone("\(reason): the lock file is stale", at: SystemClock.now())
        }
    }

    private func judgeAbsence(_ search: PostmasterSearch, in state: inout State) -> Postmaster {
        if let ended = state.ended { return .gone(ended.reason, at: ended.at) }
        guard isAbsenceProof(in: state) else {
            return .unknown("no lock file to go by, and the server may have a process table of its own")
        }
        if let entry = workingHere(search, target: .absent, in: &state).first {
            return .unknown(
                "there is no lock file, and yet process \(entry.pid), a postgres, works in the data directory"
            )
        }
        return .gone("no lock file, and no postgres works in the data directory", at: SystemClock.now())
    }

    /// The postmasters that work in the data directory; that there are none is believed for `searchCadence` seconds, unless
    /// the lock file changes.
    private func workingHere(
        _ search: PostmasterSearch,
        target: LockFileState,
        in state: inout State
    ) -> [ProcessTable.Entry] {
        let now = SystemClock.now()
        if let last = state.vainSearch, last.target == target, now.seconds(since: last.at) < Self.searchCadence {
            return []
        }
        let found = search.workingHere()
        state.vainSearch = found.isEmpty ? (target, now) : nil
        return found
    }

    private func isAbsenceProof(in state: State) -> Bool {
        state.hasVerified || ProcessNamespace(table: table).seesAll(of: state.path)
    }

    private func remember(
        _ entry: ProcessTable.Entry,
        _ lock: LockFile,
        _ watch: ProcessWatch?,
        in state: inout State
    ) -> Postmaster {
        let startedAt = table.startTime(entry)
        state.known = Known(entry: entry, startedAt: startedAt, lock: lock, watch: watch)
        state.ended = nil
        state.hasVerified = true
        state.childWatches = [:]
        return .alive(process(entry, startedAt: startedAt))
    }

    private func process(_ entry: ProcessTable.Entry, startedAt: Double) -> PostmasterProcess {
        PostmasterProcess(pid: entry.pid, startedAt: startedAt, state: entry.state, childCount: 0)
    }

    private func openWatch(_ pid: Int32) -> ProcessWatch? {
        table.isReal ? ProcessWatch(pid: pid, watcher: watcher, onEnd: onEvent) : nil
    }

    // MARK: Children

    /// Reads the children's titles and states; says how many children there are.
    private func readChildren(of pid: Int32, into processes: inout Processes) -> Int {
        let children = table.children(of: pid)
        var watched: Set<Int32> = []
        var count = children.count
        for child in children.pids {
            guard let entry = table.entry(child), !entry.isZombie else {
                count -= 1
                continue
            }
            let title = ProcessTitle(commandLine: table.commandLine(child))
            let kind = entry.isPostgres ? title.kind : "other"
            add(kind, to: &processes.children)
            if entry.state == "D" { add(kind, to: &processes.uninterruptible) }
            if entry.state == "T" || entry.state == "t" { add(kind, to: &processes.stopped) }
            if kind == "startup", processes.startupTitle == nil {
                processes.startupTitle = title.text
                processes.recoveringSegment = title.segment
            }
            if Self.watchedKinds.contains(kind) { watched.insert(child) }
            if isHolding(kind), processes.holdingTitles.count < Self.holdingLimit {
                processes.holdingTitles.append(title.text)
            }
        }
        if children.count > children.pids.count {
            processes.children["other", default: 0] += children.count - children.pids.count
        }
        watchChildren(watched)
        return count
    }

    private func add(_ kind: String, to counts: inout [String: Int]) {
        let isKept = counts[kind] != nil || counts.count < Self.kindLimit
        counts[isKept ? kind : "other", default: 0] += 1
    }

    /// Whether a shutdown, if one is under way, waits for such a process.
    private func isHolding(_ kind: String) -> Bool {
        guard kind == "client backend" || kind == "walsender",
            case .present(let lock) = target.withLock({ $0?.lockFile })
        else { return false }
        return lock.status == .stopping
    }

    /// Watches the ends of `pids` and of no others; at most two of a kind ever run.
    private func watchChildren(_ pids: Set<Int32>) {
        state.withLock { state in
            state.childWatches = state.childWatches.filter { pids.contains($0.key) && $0.value.endedAt == nil }
            for pid in pids where state.childWatches[pid] == nil && state.childWatches.count < 4 {
                state.childWatches[pid] = openWatch(pid)
            }
        }
    }
}
