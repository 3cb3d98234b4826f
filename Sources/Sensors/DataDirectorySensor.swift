import CLinux
public import Deadlines
public import Facts
import Glibc
import Synchronization

/// Watches a data directory and reads it: lock file, control file, signal files.
///
/// Reading is enough (mode 0750 and the group, or the server's own user; a read-only mount will do). What happens there
/// wakes it up through inotify, and what lasts for a moment only (a lock file that says `stopping`, `promote`) is read
/// within that moment, by a thread of its own: a storage that hangs makes `observe` fail in time and stops nobody else.
/// inotify tells of this kernel's doings only: for a directory that another machine writes (NFS, a virtual machine's
/// shared folder) and where there is no inotify at all, looking every few seconds is what remains; see `watchProblem`.
///
/// It never opens a configuration file: somebody opening `postgresql.conf` is what it watches for. Where no lock file
/// follows, a start has failed; see `StartAttempt.Stage.readConfiguration`. A program that opens `postgresql.conf` and
/// then `postgresql.auto.conf` and nothing else looks the same where we do not share the server's process table.
public final class DataDirectorySensor: Sendable {
    /// `data_directory`.
    public let id = SensorID.dataDirectory
    private let core: DataDirectoryCore
    private let registration: Registration?

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - path: The data directory; nil where none is configured, and then `look(at:)` may name it later.
    ///   - watcher: Tells of inotify's events.
    ///   - onEvent: Called on a thread of the sensor's own when it is worth looking again at once: at most 200 times a
    ///     second, and at most 20 for the control file alone.
    public init(path: String?, watcher: EventWatcher, onEvent: @escaping @Sendable () -> Void) {
        let inotify = try? DirectoryWatch()
        let core = DataDirectoryCore(path: path, inotify: inotify, onEvent: onEvent)
        self.core = core
        registration = inotify.flatMap { inotify in
            try? watcher.watch(fd: inotify.descriptor, events: EPOLLIN.rawValue) { [weak core] in core?.eventsArrived()
            }
        }
        if registration == nil { core.cannotWatch("inotify cannot be had: events are found by looking only") }
        core.worker.perform { [weak core] in core?.takeHints() }
    }

    /// Looks at the files now.
    ///
    /// Throws `.absent` where no directory is configured or it is not there, `.notPermitted` where we may not look into
    /// it, with what would help, and `.timedOut` where the storage does not answer before the deadline.
    public func observe(deadline: Deadline) async throws(Failure) -> DataDirectory {
        let core = core
        guard let result = await core.worker.value(before: deadline, { core.look() }) else {
            throw Failure(.timedOut, "the data directory did not answer in time")
        }
        return try result.get()
    }

    /// Watches another directory from now on, as the server's `data_directory` names it; the same one changes nothing.
    public func look(at path: String) { core.hint { $0.path = path } }

    /// Watches a configuration file that is not in the data directory (`config_file`; Debian keeps it in
    /// `/etc/postgresql`), if we may read it; at most four.
    public func also(watchConfigFile file: String) {
        core.hint { hints in
            guard !hints.configurationFiles.contains(file) else { return }
            guard hints.configurationFiles.count < DataDirectoryWatches.configurationFileLimit else { return }
            hints.configurationFiles.append(file)
        }
    }

    /// Tells what the process table knows: beside a lock file whose postmaster is gone, an opened configuration file is a
    /// start; beside one that lives it is a reload.
    public func note(postmaster: Postmaster) {
        core.hint { hints in
            if case .gone = postmaster { hints.isServerGone = true } else { hints.isServerGone = false }
        }
    }

    /// Changes of the lock file's status, oldest first, at most 32; also those that no `observe` was in time for.
    public var sightings: [LockFileSighting] { core.published.withLock { $0.sightings } }

    /// Why events do not wake the sensor up; nil while they do.
    public var watchProblem: String? { core.published.withLock { $0.watchProblem } }

    deinit {
        registration?.cancel()
        core.worker.stop()
    }
}

/// What the sensor, its thread and its watch share.
final class DataDirectoryCore: Sendable {
    /// What the sensor is told from outside.
    struct Hints: Equatable {
        var path: String?
        var configurationFiles: [String] = []
        var isServerGone = false
    }

    /// What can be asked without waiting for the thread.
    struct Published {
        var sightings: [LockFileSighting] = []
        var watchProblem: String?
    }

    /// What only the worker's thread touches; the lock is never waited for.
    private struct State {
        var watches: DataDirectoryWatches?
        var history = DirectoryHistory()
        var pacer = WakeUpPacer()
        var isServerGone = false
        var lockFile = LockFileState.absent
        var segment: WALSegment?
        var segmentReadAt: Moment?
        var isSettling = false
    }

    let worker = WorkerThread(name: "data directory")
    let published = Mutex(Published())
    private let hints: Mutex<Hints>
    private let state = Mutex(State())
    private let inotify: DirectoryWatch?
    private let onEvent: @Sendable () -> Void

    /// Seconds between two searches for the newest segment while the server is in production, where nobody needs it.
    static let segmentCadenceInProduction = 30.0
    /// Seconds between two searches for the newest segment otherwise.
    static let segmentCadence = 2.0

    init(path: String?, inotify: DirectoryWatch?, onEvent: @escaping @Sendable () -> Void) {
        hints = Mutex(Hints(path: path.map(Self.normal)))
        self.inotify = inotify
        self.onEvent = onEvent
    }

    func cannotWatch(_ problem: String) { published.withLock { $0.watchProblem = problem } }

    /// Changes the hints, and has the thread act on them if that made a difference.
    func hint(_ change: (inout Hints) -> Void) {
        let isNews = hints.withLock { hints in
            let before = hints
            change(&hints)
            hints.path = hints.path.map(Self.normal)
            return hints != before
        }
        if isNews { worker.perform { [weak self] in self?.takeHints() } }
    }

    /// A path without the slashes at its end.
    private static func normal(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    // MARK: On the worker's thread

    /// Acts on what the sensor has been told.
    func takeHints() {
        let hints = hints.withLock { $0 }
        state.withLock { state in
            state.isServerGone = hints.isServerGone
            if state.watches?.path != hints.path {
                state.watches?.removeAll()
                state = State()
                state.isServerGone = hints.isServerGone
                if let path = hints.path, let inotify {
                    state.watches = DataDirectoryWatches(path: path, inotify: inotify)
                }
                state.watches?.renew()
                if let path = hints.path { note(DataDirectoryReader(path: path).lockFile(), in: &state) }
            }
            for file in hints.configurationFiles { state.watches?.add(configurationFile: file) }
            publish(state)
        }
    }

    private func publish(_ state: borrowing State) {
        let sightings = state.history.sightings
        let problem = state.watches?.problem
        published.withLock { published in
            published.sightings = sightings
            if inotify != nil { published.watchProblem = problem }
        }
    }

    private func note(_ lockFile: LockFileState, in state: inout State) {
        if case .present(let file) = lockFile, !isSameServer(state.lockFile, file) {
            // What was gone was another server.
            state.isServerGone = false
            hints.withLock { $0.isServerGone = false }
        }
        state.lockFile = lockFile
        state.history.saw(lockFile, at: SystemClock.now())
    }

    private func isSameServer(_ before: LockFileState, _ now: LockFile) -> Bool {
        guard case .present(let before) = before else { return false }
        return before.pid == now.pid && before.startedAt == now.startedAt
    }

    /// The events have arrived; called by the watcher's thread.
    func eventsArrived() { worker.perform { [weak self] in self?.takeEvents() } }

    private func takeEvents() {
        let call = state.withLock { state in
            guard let importance = drain(into: &state) else { return WakeUpPacer.Answer.pending }
            return state.pacer.news(isUrgent: importance == .urgent, at: SystemClock.now())
        }
        switch call {
        case .now: onEvent()
        case .later(let moment): comeBack(at: moment)
        case .pending: break
        }
    }

    private enum Importance { case urgent, ordinary }

    /// Takes inotify's events in; nil where none of them is of interest.
    private func drain(into state: inout State) -> Importance? {
        guard let inotify, let watches = state.watches else { return nil }
        let (events, isMoreLeft) = inotify.drain()
        if isMoreLeft { eventsArrived() }
        let news = events.compactMap { watches.news(of: $0) }
        guard !news.isEmpty else { return nil }
        // Who opened a configuration file is known for a millisecond, so that comes first.
        takeOpenings(news, in: &state)
        if news.contains(.promote) { state.history.promoteAppeared(at: SystemClock.now()) }
        let changesAll = news.contains(.changedNames) || news.contains(.lost)
        if changesAll { state.watches?.renew() }
        let reader = DataDirectoryReader(path: watches.path)
        if changesAll || news.contains(.lockFile) || news.contains(.lockFileCame) {
            state.watches?.renewLockFile()
            takeLockFile(reader.lockFile(), news, in: &state)
        }
        if changesAll || news.contains(.signalFile) {
            let isStandby = (try? FileIdentity("\(watches.path)/standby.signal")) != nil
            state.history.saw(standbySignal: isStandby, at: SystemClock.now())
        }
        settleLater(&state)
        publish(state)
        let urgent: Set<DataDirectoryWatches.News> = [.lockFileCame, .lockFile, .promote, .signalFile]
        if changesAll || news.contains(where: urgent.contains) { return .urgent }
        return news.contains(.controlFile) ? .ordinary : nil
    }

    /// Takes in what the lock file is after its events, and what these say of one that is gone already.
    private func takeLockFile(_ lockFile: LockFileState, _ news: [DataDirectoryWatches.News], in state: inout State) {
        // It came after the one that we knew had gone, or none had been there; else it is the one that we knew.
        let isReplaced = news.first { $0 == .lockFile || $0 == .lockFileCame } == .lockFile
        let isUnknown = state.lockFile == .absent || isReplaced
        note(lockFile, in: &state)
        if lockFile == .absent, isUnknown, news.contains(.lockFileCame) {
            state.history.lockFileFlashed(at: SystemClock.now())
        }
    }

    private func takeOpenings(_ news: [DataDirectoryWatches.News], in state: inout State) {
        let openings = news.compactMap { if case .opened(let file) = $0 { file } else { nil } }
        guard !openings.isEmpty, let path = state.watches?.path else { return }
        // The lock file may have come in the same batch; then these are no news.
        let isRunning = state.lockFile != .absent && !state.isServerGone
        var reader = DirectoryHistory.Reader.unknown
        if !isRunning, openings.contains(where: { $0 != .authentication }) {
            reader = StartingServer(table: ProcessTable(), directory: try? FileIdentity(path)).find()
        }
        let now = SystemClock.now()
        for file in openings { state.history.opened(file, by: reader, isServerRunning: isRunning, at: now) }
    }

    /// Comes back when it is clear that no lock file follows.
    private func settleLater(_ state: inout State) {
        guard !state.isSettling, let moment = state.history.settlesAt else { return }
        state.isSettling = true
        worker.perform(after: moment.seconds(since: SystemClock.now())) { [weak self] in self?.settle() }
    }

    private func settle() {
        let isStart = state.withLock { state in
            state.isSettling = false
            let isStart = state.history.settle(at: SystemClock.now())
            settleLater(&state)
            return isStart
        }
        if isStart { onEvent() }
    }

    private func comeBack(at moment: Moment) {
        worker.perform(after: moment.seconds(since: SystemClock.now())) { [weak self] in
            guard let self else { return }
            if state.withLock({ $0.pacer.isDue(at: SystemClock.now()) }) { onEvent() }
        }
    }

    /// Reads everything, for `observe`.
    func look() -> Result<DataDirectory, Failure> {
        takeHints()
        guard let path = hints.withLock({ $0.path }) else {
            return .failure(Failure(.absent, "no data directory is configured"))
        }
        return state.withLock { state in
            state.watches?.renew()
            _ = drain(into: &state)
            do throws(Failure) {
                let reader = DataDirectoryReader(path: path)
                var facts = try reader.read()
                let now = SystemClock.now()
                note(facts.lockFile, in: &state)
                state.history.saw(standbySignal: facts.hasStandbySignal, at: now)
                state.history.settle(at: now)
                findSegment(with: reader, control: facts.control, at: now, in: &state)
                facts.newestSegment = state.segment
                facts.lastStart = state.history.lastStart
                facts.promotionRequestedAt = state.history.promotionRequestedAt
                facts.standbySignalRemovedAt = state.history.standbySignalRemovedAt
                publish(state)
                return .success(facts)
            } catch {
                publish(state)
                return .failure(error)
            }
        }
    }

    /// Searching `pg_wal` is dear, so it is done seldom, and seldom indeed while the server is in production.
    private func findSegment(
        with reader: DataDirectoryReader,
        control: ControlFileState,
        at now: Moment,
        in state: inout State
    ) {
        var cadence = Self.segmentCadence
        if case .present(let file) = control, file.state == .inProduction { cadence = Self.segmentCadenceInProduction }
        if let last = state.segmentReadAt, now.seconds(since: last) < cadence { return }
        state.segment = reader.newestSegment()
        state.segmentReadAt = now
    }
}
