import Facts

/// How long each source's word counts, in seconds; past that it is stale and decides nothing.
enum Freshness {
    /// Longer than the longest wait between two attempts, so that a word counts until the next one.
    static func admission(_ snapshot: Snapshot) -> Double {
        let cadence = snapshot.sensors.first { $0.id == .admission }?.cadenceSeconds ?? 5
        return max(30, cadence * 1.25 + 10)
    }
    static let vitals = 5.0
    static let sessions = 30.0
    static let dataDirectory = 15.0
    static let processes = 8.0
}

/// A snapshot seen from one moment: only what is fresh, and who contradicts whom.
struct Situation: Sendable {
    var snapshot: Snapshot
    var now: Moment
    /// The last admission check, if fresh.
    var admission: Admission?
    var admissionAt: Moment
    /// Vital signs, if fresh.
    var vitals: Vitals?
    var vitalsAt: Moment
    /// The data directory, if fresh and of the same cluster as the server that answers.
    var directory: DataDirectory?
    var directoryAt: Moment
    /// The processes, if fresh.
    var processes: Processes?
    var processesAt: Moment
    /// The data directory's system identifier differs from the server's: it is another cluster's.
    var directoryIsForeign = false

    init(_ snapshot: Snapshot, now: Moment, wasForeign: Bool = false) {
        self.snapshot = snapshot
        self.now = now
        let never = Moment(boot: .min / 2, wall: 0)
        admission = snapshot.admission.value(within: Freshness.admission(snapshot), of: now)
        admissionAt = snapshot.admission.at ?? never
        vitals = snapshot.vitals.value(within: Freshness.vitals, of: now)
        vitalsAt = snapshot.vitals.at ?? never
        directory = snapshot.dataDirectory.value(within: Freshness.dataDirectory, of: now)
        directoryAt = snapshot.dataDirectory.at ?? never
        processes = snapshot.processes.value(within: Freshness.processes, of: now)
        processesAt = snapshot.processes.at ?? never
        if let loss = snapshot.heldSession.last?.value.lastLoss, loss.at > vitalsAt { vitals = nil }
        directoryIsForeign = belongsToAnotherServer ?? wasForeign
        if directoryIsForeign {
            directory = nil
            processes = nil
        }
    }

    /// Seconds by which the lock file's start time may differ from the server's own.
    private static let startTolerance = 60.0

    /// Whether the data directory is another server's than the one that answers; nil while nobody answers.
    ///
    /// Another cluster has another identifier. A copy of the same one, on a standby's host, has another start time.
    private var belongsToAnotherServer: Bool? {
        guard serverAnswers, let control, let identity = snapshot.identity.last?.value.systemIdentifier else {
            return nil
        }
        if control.systemIdentifier != identity { return true }
        // Nothing to compare: what was found out before holds.
        guard let vitals else { return nil }
        guard let started = vitals.postmasterStartedAt, let lockStarted = lock?.startedAt else { return false }
        let isSettled = vitalsAt.unixSeconds - started > Self.startTolerance
        return isSettled && abs(started - Double(lockStarted)) > Self.startTolerance
    }

    /// pg_control, if it is there and believed.
    var control: ControlFile? {
        if case .present(let control) = directory?.control { control } else { nil }
    }

    /// postmaster.pid, if it is there and parsed.
    var lock: LockFile? {
        if case .present(let lock) = directory?.lockFile { lock } else { nil }
    }

    /// The postmaster, verified alive by the process table.
    var postmaster: PostmasterProcess? {
        if case .alive(let process) = processes?.postmaster { process } else { nil }
    }

    /// The last admission check got an answer from a server, whatever it was.
    var admissionAnswered: Bool {
        switch admission?.outcome {
        case .accepted, .rejected, .full, .notAuthenticated, .cannotFork, .failed, .timedOut(.authentication),
            .timedOut(.query):
            true
        default: false
        }
    }

    /// The held session answered a moment ago, be it with an error: the server works, whatever new sessions meet.
    var heldSessionAnswers: Bool {
        if vitals != nil { return true }
        guard snapshot.heldSession.last?.value.isOpen == true, let at = snapshot.vitals.at,
            now.seconds(since: at) <= Freshness.vitals
        else { return false }
        return snapshot.vitals.failure?.sqlState != nil
    }

    /// A session was opened at the address that Howdah was given.
    var addressHasWorked: Bool { (snapshot.heldSession.last?.value.opened ?? 0) > 0 }

    /// The postmaster is seen, and stopped by a signal or stuck in the kernel.
    var postmasterIsStuck: Bool { postmaster.map { $0.isStopped || $0.isUninterruptible } ?? false }

    /// The postmaster is seen, and neither stopped nor stuck in the kernel.
    var postmasterIsAwake: Bool { postmaster != nil && !postmasterIsStuck }

    /// The kernel accepted a connection and no byte came: some process holds the listening socket.
    var kernelAccepts: Bool { admission?.outcome == .timedOut(.firstByte) }

    /// A session could get as far as the server's own checks: it is past start-up and not shutting down.
    var admissionPassesPostmaster: Bool {
        switch admission?.outcome {
        case .accepted, .full, .notAuthenticated, .cannotFork, .failed, .timedOut(.authentication), .timedOut(.query):
            true
        default: false
        }
    }

    /// Some source got an answer from a server, and nothing later says that it is gone.
    var serverAnswers: Bool { heldSessionAnswers || admissionAnswered }

    /// When a server last answered, by any way.
    var answeredAt: Moment? {
        [heldSessionAnswers ? vitalsAt : nil, admissionAnswered ? admissionAt : nil].compactMap(\.self).max()
    }

    /// The last time that a session was let in or did work.
    var sessionWorkedAt: Moment? {
        [snapshot.vitals.last?.at, admission?.outcome == .accepted ? admissionAt : nil].compactMap(\.self).max()
    }

    /// The end of the held session, unless a session has worked since.
    var unansweredLoss: SessionLoss? {
        guard let loss = snapshot.heldSession.last?.value.lastLoss else { return nil }
        if let sessionWorkedAt, sessionWorkedAt >= loss.at { return nil }
        return loss
    }

    /// Whether the start-up attempts go to the port that the lock file names.
    var connectsToLockFilePort: Bool {
        guard let port = snapshot.port, let lockPort = lock?.port else { return true }
        return port == lockPort
    }
}
