/// What the data directory says without a connection: lock file, control file, signal files.
public struct DataDirectory: Sendable, Hashable {
    /// The path that was read.
    public var path = ""
    /// Whether the directory holds a cluster at all (`PG_VERSION`, `global/pg_control`).
    public var contents: Contents = .cluster
    /// First line of `PG_VERSION`, such as `15`.
    public var version: String?
    /// `postmaster.pid`, as far as it can be read.
    public var lockFile: LockFileState = .absent
    /// `global/pg_control`, or why it is not believed.
    public var control: ControlFileState = .absent
    /// `standby.signal` exists.
    public var hasStandbySignal = false
    /// `recovery.signal` exists.
    public var hasRecoverySignal = false
    /// `backup_label` exists.
    public var hasBackupLabel = false
    /// `promote` exists right now (it lives for an instant).
    public var hasPromoteSignal = false
    /// The segment of `pg_wal` that was written last, by modification time: where the log ends, nearly.
    public var newestSegment: WALSegment?
    /// When a promotion was asked for (`promote` appeared), if we saw it.
    public var promotionRequestedAt: Moment?
    /// When `standby.signal` went away while we watched, if it did.
    public var standbySignalRemovedAt: Moment?
    /// The last attempt to start a server on this directory that we saw.
    public var lastStart: StartAttempt?

    /// What the directory holds.
    public enum Contents: String, Sendable, Hashable {
        /// A cluster: both `PG_VERSION` and `global/pg_control` are there.
        case cluster
        /// The directory is empty.
        case empty
        /// Something is there, but no complete cluster: initdb or a base backup runs, or it is not a data directory.
        case incomplete
    }

    /// An empty description.
    public init() {}
}

/// An attempt to start a server, as the data directory shows it.
public struct StartAttempt: Sendable, Hashable {
    /// How far the attempt came.
    public enum Stage: String, Sendable, Hashable {
        /// The configuration was read; no lock file followed (yet).
        case readConfiguration = "read_configuration"
        /// `postmaster.pid` was made.
        case tookLock = "took_lock"
        /// `postmaster.pid` said `ready` or `standby`.
        case reachedReady = "reached_ready"
    }

    /// How far it came.
    public var stage: Stage
    /// When we saw it begin.
    public var beganAt: Moment
    /// When the lock file went away, or the attempt was given up; nil while it lasts.
    public var endedAt: Moment?

    /// Describes an attempt.
    public init(stage: Stage, beganAt: Moment, endedAt: Moment? = nil) {
        self.stage = stage
        self.beganAt = beganAt
        self.endedAt = endedAt
    }
}

/// The state of `postmaster.pid`.
public enum LockFileState: Sendable, Hashable {
    /// No such file: no server, or one stopped cleanly.
    case absent
    /// The file, parsed.
    case present(LockFile)
    /// It is there and does not parse; the text says why.
    case notUnderstood(String)
    /// It is there and may not be read.
    case notPermitted(String)
}

/// `postmaster.pid`, line by line (`src/include/utils/pidfile.h`).
///
/// Later lines appear as the start proceeds.
public struct LockFile: Sendable, Hashable {
    /// Line 1: the process id; of a single-user backend where `isSingleUser`.
    public var pid: Int32
    /// Line 1 was negative: a single-user backend, not a postmaster.
    public var isSingleUser: Bool
    /// Line 2: the data directory as the server sees it.
    public var dataDirectory: String?
    /// Line 3: start time, Unix seconds.
    public var startedAt: Int64?
    /// Line 4: the port.
    public var port: Int?
    /// Line 5: the first Unix socket directory.
    public var socketDirectory: String?
    /// Line 6: the first of `listen_addresses`.
    public var listenAddress: String?
    /// Line 7: shared memory key.
    public var sharedMemoryKey: UInt64?
    /// Line 7: shared memory id.
    public var sharedMemoryID: Int64?
    /// Line 8: what the postmaster says of itself.
    public var status: Status?

    /// Line 8, trimmed of its padding.
    public enum Status: Sendable, Hashable {
        /// `starting`.
        case starting
        /// `stopping`.
        case stopping
        /// `ready`: accepts connections.
        case ready
        /// `standby`: up, and will not accept connections (hot standby is off).
        case standby
        /// Anything else, as it stands there.
        case other(String)
    }

    /// Makes a lock file of line 1 alone.
    public init(pid: Int32, isSingleUser: Bool) {
        self.pid = pid
        self.isSingleUser = isSingleUser
    }
}

/// The state of `global/pg_control`.
public enum ControlFileState: Sendable, Hashable {
    /// No such file.
    case absent
    /// The file, its checksum verified.
    case present(ControlFile)
    /// It is there and is not believed: too short, a bad checksum after retries, an unknown layout.
    case notUnderstood(String)
    /// It is there and may not be read.
    case notPermitted(String)
}

/// `pg_control`, layouts 1300 (PostgreSQL 13 to 16), 1700 (17) and 1800 (18) (`src/include/catalog/pg_control.h`).
public struct ControlFile: Sendable, Hashable {
    /// `system_identifier`.
    public var systemIdentifier: UInt64 = 0
    /// `pg_control_version`: 1300, 1700 or 1800.
    public var layout: UInt32 = 0
    /// `catalog_version_no`.
    public var catalogVersion: UInt32 = 0
    /// `state`.
    public var state: ClusterState = .other(UInt32.max)
    /// `time`: when the file was last written, Unix seconds.
    public var writtenAt: Int64 = 0
    /// `checkPoint`: where the last checkpoint record is.
    public var checkpoint = LSN(0)
    /// `checkPointCopy.redo`: where recovery would begin.
    public var redo = LSN(0)
    /// `checkPointCopy.ThisTimeLineID`.
    public var timeline: UInt32 = 0
    /// `checkPointCopy.PrevTimeLineID`.
    public var previousTimeline: UInt32 = 0
    /// `checkPointCopy.time`, Unix seconds.
    public var checkpointAt: Int64 = 0
    /// `minRecoveryPoint`: 0/0 on a primary.
    public var minRecoveryPoint = LSN(0)
    /// `minRecoveryPointTLI`.
    public var minRecoveryPointTimeline: UInt32 = 0
    /// `backupStartPoint`.
    public var backupStartPoint = LSN(0)
    /// `backupEndPoint`.
    public var backupEndPoint = LSN(0)
    /// `backupEndRequired`.
    public var backupEndRequired = false
    /// `wal_level` of the server that wrote the WAL: 0 minimal, 1 replica, 2 logical.
    public var walLevel: Int32 = 0
    /// `MaxConnections` of the server that wrote the WAL.
    public var maxConnections: Int32 = 0
    /// `max_worker_processes` of the server that wrote the WAL.
    public var maxWorkerProcesses: Int32 = 0
    /// `max_wal_senders` of the server that wrote the WAL.
    public var maxWALSenders: Int32 = 0
    /// `max_prepared_xacts` of the server that wrote the WAL.
    public var maxPreparedTransactions: Int32 = 0
    /// `max_locks_per_xact` of the server that wrote the WAL.
    public var maxLocksPerTransaction: Int32 = 0
    /// `xlog_seg_size` in bytes.
    public var walSegmentSize: UInt32 = 0
    /// `data_checksum_version`: 0 is off.
    public var dataChecksumVersion: UInt32 = 0

    /// `DBState`.
    public enum ClusterState: Sendable, Hashable {
        /// 0 `starting up`.
        case startingUp
        /// 1 `shut down`.
        case shutDown
        /// 2 `shut down in recovery`.
        case shutDownInRecovery
        /// 3 `shutting down`.
        case shuttingDown
        /// 4 `in crash recovery`.
        case inCrashRecovery
        /// 5 `in archive recovery`.
        case inArchiveRecovery
        /// 6 `in production`.
        case inProduction
        /// A number that is not known.
        case other(UInt32)

        /// The words of `pg_controldata`.
        public var description: String {
            switch self {
            case .startingUp: "starting up"
            case .shutDown: "shut down"
            case .shutDownInRecovery: "shut down in recovery"
            case .shuttingDown: "shutting down"
            case .inCrashRecovery: "in crash recovery"
            case .inArchiveRecovery: "in archive recovery"
            case .inProduction: "in production"
            case .other(let number): "unrecognized status code \(number)"
            }
        }
    }

    /// An empty control file.
    public init() {}
}
