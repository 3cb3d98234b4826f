import Diagnosis
import Facts

/// A moment `seconds` into a scenario.
func at(_ seconds: Double) -> Moment {
    Moment(boot: 1_000_000_000_000, wall: 1_795_000_000_000_000_000).advanced(seconds: seconds)
}

/// Writes snapshots down the way a sidecar would see them: each helper is one sensor's look at one second.
struct SnapshotBuilder {
    var snapshot = Snapshot()

    init() {
        snapshot.watchingSince = at(0)
        snapshot.hasDataDirectory = true
        snapshot.sensors = SensorID.allCases.map { SensorStatus(id: $0, cadenceSeconds: 5) }
    }

    mutating func admission(_ outcome: ConnectOutcome, at second: Double, consecutive: Int = 1) {
        snapshot.admission = .fresh(Admission(outcome, consecutive: consecutive), at: at(second))
    }

    mutating func vitals(
        at second: Double,
        inRecovery: Bool = false,
        used: Int = 5,
        _ change: (inout Vitals) -> Void = { _ in }
    ) {
        var vitals = Vitals()
        vitals.inRecovery = inRecovery
        vitals.clientBackends = used
        vitals.maxConnections = 100
        vitals.superuserReserved = 3
        vitals.reserved = 0
        vitals.maxWALSenders = 10
        vitals.walSenders = 1
        change(&vitals)
        snapshot.vitals = .fresh(vitals, at: at(second))
        var held = snapshot.heldSession.last?.value ?? HeldSession()
        held.isOpen = true
        snapshot.heldSession = .fresh(held, at: at(second))
    }

    mutating func loss(_ cause: SessionLoss.Cause, at second: Double) {
        var held = snapshot.heldSession.last?.value ?? HeldSession()
        held.isOpen = false
        held.lastLoss = SessionLoss(cause, message: "the last words", at: at(second))
        snapshot.heldSession = .fresh(held, at: at(second))
        snapshot.vitals = snapshot.vitals.failing(with: Failure(.lost, "the session was lost"), at: at(second))
    }

    mutating func identity(
        version: Int = 150_000,
        systemIdentifier: UInt64 = 7,
        _ change: (inout ServerIdentity) -> Void = { _ in }
    ) {
        var identity = ServerIdentity()
        identity.versionNumber = version
        identity.version = "\(version / 10_000).1"
        identity.systemIdentifier = systemIdentifier
        identity.role = "howdah"
        identity.canReadAllStats = true
        identity.canReadAllSettings = true
        identity.settings = ["max_connections": "100", "superuser_reserved_connections": "3"]
        change(&identity)
        snapshot.identity = .fresh(identity, at: at(0))
    }

    mutating func directory(
        at second: Double,
        lock: LockFile.Status?,
        pid: Int32 = 100,
        control: ControlFile.ClusterState,
        _ change: (inout DataDirectory) -> Void = { _ in }
    ) {
        var directory = DataDirectory()
        directory.path = "/data"
        directory.version = "15"
        if let lock {
            var file = LockFile(pid: pid, isSingleUser: false)
            file.status = lock
            file.port = 5432
            directory.lockFile = .present(file)
        }
        var file = ControlFile()
        file.systemIdentifier = 7
        file.state = control
        file.timeline = 1
        file.redo = LSN(0x100_0000)
        file.walSegmentSize = 16 << 20
        directory.control = .present(file)
        change(&directory)
        snapshot.dataDirectory = .fresh(directory, at: at(second))
    }

    mutating func postmaster(at second: Double, state: Character = "S", _ change: (inout Processes) -> Void = { _ in })
    {
        var processes = Processes()
        processes.postmaster = .alive(PostmasterProcess(pid: 100, startedAt: 1, state: state, childCount: 7))
        change(&processes)
        snapshot.processes = .fresh(processes, at: at(second))
    }

    mutating func postmasterGone(at second: Double) {
        var processes = Processes()
        processes.postmaster = .gone("process 100 ended", at: at(second))
        snapshot.processes = .fresh(processes, at: at(second))
    }

    /// A healthy primary with every source.
    static func healthyPrimary(at second: Double) -> SnapshotBuilder {
        var builder = SnapshotBuilder()
        builder.identity()
        builder.admission(.accepted, at: second)
        builder.vitals(at: second)
        builder.directory(at: second, lock: .ready, control: .inProduction)
        builder.postmaster(at: second)
        return builder
    }

    /// A healthy standby with every source.
    static func healthyStandby(at second: Double) -> SnapshotBuilder {
        var builder = SnapshotBuilder()
        builder.identity()
        builder.admission(.accepted, at: second)
        builder.vitals(at: second, inRecovery: true)
        builder.directory(at: second, lock: .ready, control: .inArchiveRecovery) { $0.hasStandbySignal = true }
        builder.postmaster(at: second)
        return builder
    }
}

/// Runs snapshots through the diagnosis in order, as the sidecar does.
struct Patient {
    var memory = Memory()
    var policy = Policy()

    @discardableResult
    mutating func verdict(_ builder: SnapshotBuilder, at second: Double) -> Verdict {
        let (verdict, next) = diagnose(builder.snapshot, memory: memory, policy: policy, now: at(second))
        memory = next
        return verdict
    }
}

extension Verdict {
    /// Every condition's name, the most severe first.
    var names: [String] { conditions.map(\.name) }
}
