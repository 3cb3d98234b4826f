import Deadlines
import Facts
import PostgresLink
import Sensors
import ServiceLifecycle
import Synchronization

/// Runs every sensor, and tells the others when one sees something happen.
final class Watch: Service {
    let settings: Settings
    let board: Board
    let wakeUps: [SensorID: WakeUp]
    let held: HeldSessionSensor
    let admission: AdmissionSensor
    let walSender: WALSenderSensor
    let directory: DataDirectorySensor
    let processes: ProcessSensor
    let remembered = Mutex(Remembered())
    private let heldThread = ThreadExecutor(name: "held session")
    // Start-up attempts and the WAL sender take turns, so that Howdah never has more than two sessions.
    private let attemptThread = ThreadExecutor(name: "admission")

    /// What was seen last, to tell news from repetition.
    struct Remembered {
        var landmark: Landmark?
        var postmaster: Life?
        var outcome: String?
        var isFull = false
        var vitalsFail = false
        var opened = 0
        var sightingAt: Moment?
    }

    /// What of the postmaster the other sensors must hear of when it changes.
    struct Life: Equatable {
        var pid: Int32
        var isStopped: Bool
    }

    /// What of the data directory the other sensors must hear of when it changes.
    struct Landmark: Equatable {
        var lockFile: LockFileState
        var state: ControlFile.ClusterState?
        var hasSignal: Bool
        var promotionRequestedAt: Moment?
    }

    init(settings: Settings, board: Board, watcher: EventWatcher) {
        self.settings = settings
        self.board = board
        let wakeUps = Dictionary(uniqueKeysWithValues: SensorID.allCases.map { ($0, WakeUp()) })
        self.wakeUps = wakeUps
        held = HeldSessionSensor(settings.link, executor: heldThread, watcher: watcher)
        admission = AdmissionSensor(settings.link, executor: attemptThread)
        walSender = WALSenderSensor(settings.link, executor: attemptThread)
        directory = DataDirectorySensor(path: settings.dataDirectory, watcher: watcher) {
            wakeUps[.dataDirectory]?.call()
        }
        processes = ProcessSensor(watcher: watcher) { wakeUps[.processes]?.call() }
        held.onWakeUp {
            for id in [SensorID.vitals, .admission, .dataDirectory, .processes] { wakeUps[id]?.call() }
        }
    }

    /// Seconds between looks of a sensor while all is well.
    static func cadence(_ id: SensorID, _ settings: Settings) -> Double {
        switch id {
        case .admission: settings.admissionInterval
        case .vitals: 1
        case .sessions: 10
        case .walSender, .dataDirectory: 5
        case .processes: 2
        }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.admissionLoop.run() }
                group.addTask { await self.vitalsLoop.run() }
                group.addTask { await self.sessionsLoop.run() }
                group.addTask { await self.walSenderLoop.run() }
                group.addTask { await self.directoryLoop.run() }
                group.addTask { await self.processesLoop.run() }
            }
        }
        await held.close()
        heldThread.shutdown()
        attemptThread.shutdown()
    }

    func wake(_ ids: SensorID...) {
        for id in ids { wakeUps[id]?.call() }
    }

    func wakeUp(_ id: SensorID) -> WakeUp { wakeUps[id] ?? WakeUp() }

    /// What everything that Howdah asked of the server has cost so far.
    func count(_ cost: inout Board.Cost) {
        let usage = held.usage + admission.usage + walSender.usage
        cost.connectionAttempts = usage.connectionAttempts
        cost.queries = usage.roundTrips
        cost.querySeconds = usage.querySeconds
    }
}
