import Deadlines
import Facts
import Sensors
import Synchronization

/// The loops of the sensors on the server's host, and what each one's news means to the others.
extension Watch {
    var directoryLoop: SensorLoop<DataDirectory> {
        SensorLoop(
            id: .dataDirectory,
            pace: Pace(cadence: 5, deadline: 3, firstRetry: 1, longestRetry: 5),
            board: board,
            wakeUp: wakeUp(.dataDirectory),
            place: \.dataDirectory,
            look: { deadline in
                let look = await Look.attempt { () async throws(Failure) in
                    try await self.directory.observe(deadline: deadline)
                }
                if case .success(let directory) = look.result { self.recallShutdown(before: directory) }
                return look
            },
            afterwards: { result in
                if case .success(let directory) = result { self.heard(directory) }
            }
        )
    }

    /// A fast shutdown of an idle server takes less time than a look.
    ///
    /// The sensor's thread saw the lock file say `stopping` all the same; that moment becomes a verdict of its own before the one
    /// that shows the server stopped.
    private func recallShutdown(before directory: DataDirectory) {
        let stopping = self.directory.sightings.last { $0.status == .stopping }
        guard let stopping else { return }
        let isNew = remembered.withLock { remembered in
            guard remembered.sightingAt.map({ $0 < stopping.at }) ?? true else { return false }
            remembered.sightingAt = stopping.at
            return true
        }
        if case .present(let lock) = directory.lockFile, lock.status == .stopping { return }
        guard isNew, SystemClock.now().seconds(since: stopping.at) < 5 else { return }
        board.record { snapshot, _ in
            guard var before = snapshot.dataDirectory.last?.value, case .present(var lock) = before.lockFile,
                lock.pid == stopping.pid
            else { return }
            lock.status = .stopping
            before.lockFile = .present(lock)
            snapshot.dataDirectory = .fresh(before, at: stopping.at)
        }
    }

    private func heard(_ directory: DataDirectory) {
        processes.expect(lockFile: directory.lockFile, dataDirectory: directory.path)
        if !board.snapshot().hasDataDirectory { board.record { snapshot, _ in snapshot.hasDataDirectory = true } }
        var state: ControlFile.ClusterState?
        if case .present(let control) = directory.control { state = control.state }
        let landmark = Landmark(
            lockFile: directory.lockFile,
            state: state,
            hasSignal: directory.hasStandbySignal || directory.hasRecoverySignal,
            promotionRequestedAt: directory.promotionRequestedAt
        )
        let isNew = remembered.withLock { remembered in
            defer { remembered.landmark = landmark }
            return remembered.landmark != landmark
        }
        if isNew { wake(.processes, .admission, .vitals) }
    }

    var processesLoop: SensorLoop<Processes> {
        SensorLoop(
            id: .processes,
            pace: Pace(cadence: 2, deadline: 2, firstRetry: 1, longestRetry: 5),
            board: board,
            wakeUp: wakeUp(.processes),
            place: \.processes,
            look: { deadline in
                let look = await Look.attempt { () async throws(Failure) in
                    try await self.processes.observe(deadline: deadline)
                }
                return await self.withLastWords(look)
            },
            afterwards: { result in
                if case .success(let processes) = result { self.heard(processes) }
            }
        )
    }

    /// How long the files of a server that has just ended are waited for, in seconds.
    private static let lastWordsSeconds = 0.2

    /// What the files say right after the postmaster's end.
    ///
    /// Death and last words belong into one verdict: an end that pg_control calls clean must not look like a crash for the moment
    /// between two looks.
    private func withLastWords(_ look: Look<Processes>) async -> Look<Processes> {
        guard case .success(let processes) = look.result, let stamped = await lastWords(processes) else { return look }
        return Look(result: look.result) { snapshot, _ in
            snapshot.dataDirectory = .fresh(stamped.value, at: stamped.at)
        }
    }

    private func lastWords(_ processes: Processes) async -> Stamped<DataDirectory>? {
        guard case .gone = processes.postmaster, remembered.withLock({ $0.postmaster != nil }) else { return nil }
        let look = await Look.attempt { () async throws(Failure) in
            try await self.directory.observe(deadline: .after(seconds: Self.lastWordsSeconds))
        }
        guard case .success(let directory) = look.result else { return nil }
        recallShutdown(before: directory)
        return Stamped(directory, at: SystemClock.now())
    }

    private func heard(_ processes: Processes) {
        directory.note(postmaster: processes.postmaster)
        // A postmaster that goes on after a stop is as much news as a new one.
        var life: Life?
        if case .alive(let process) = processes.postmaster {
            life = Life(pid: process.pid, isStopped: process.isStopped)
        }
        let isNew = remembered.withLock { remembered in
            defer { remembered.postmaster = life }
            return remembered.postmaster != life
        }
        if isNew { wake(.dataDirectory, .admission, .vitals) }
    }
}
