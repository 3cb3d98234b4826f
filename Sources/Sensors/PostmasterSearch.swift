import Facts
import Glibc

/// Finds the process that a lock file speaks of, and makes sure that it is the one.
struct PostmasterSearch {
    var table: ProcessTable
    /// The data directory; nil where we may not even look at it.
    var directory: FileIdentity?

    /// Seconds between a process's start and line 3 of its lock file, at most, where nothing better is known.
    static let startTolerance = 3.0

    /// What the process of a given number turned out to be.
    enum Finding: Hashable {
        /// The one.
        case verified(ProcessTable.Entry)
        /// The one, ended; only its parent has not asked for its exit code.
        case ended(String)
        /// Not the one, for certain: no such process, or another.
        case other(String)
        /// Perhaps.
        case undecided(String)
    }

    /// Looks at the process with the lock file's number.
    ///
    /// The working directory decides where it may be looked at (same user, or root): a server's is its data directory.
    /// Elsewhere the start time has to do. A reused number belongs to a process that started after line 3 was written. One
    /// that started well before may be a postmaster that a script became with `exec`, as container images do; then the
    /// directory has to be among its arguments.
    func verify(_ lock: LockFile) -> Finding {
        guard let entry = table.entry(lock.pid) else { return .other("there is no process \(lock.pid)") }
        guard entry.isPostgres else { return .other("process \(lock.pid) is \(entry.command), not postgres") }
        let delay = lock.startedAt.map { Double($0) - table.startTime(entry) }
        if entry.isZombie {
            return isAtOnce(delay) ? .ended("process \(lock.pid) has ended") : .other("process \(lock.pid) is a zombie")
        }
        if let works = worksHere(entry.pid) {
            return works ? .verified(entry) : .other("process \(lock.pid) is the postgres of another data directory")
        }
        guard let delay else { return .undecided("the lock file does not say yet when process \(lock.pid) started") }
        if delay < -Self.startTolerance {
            return .other("process \(lock.pid) is a postgres that started after the lock file was written")
        }
        if isAtOnce(delay) || isArgument(lock.dataDirectory, of: entry.pid) { return .verified(entry) }
        return .undecided(
            "process \(lock.pid) is a postgres, and started \(formatDuration(seconds: delay)) before the lock file says;"
                + " its working directory may not be looked at by user \(geteuid())"
        )
    }

    private func isAtOnce(_ delay: Double?) -> Bool { delay.map { abs($0) <= Self.startTolerance } ?? false }

    /// Whether a process's working directory is the data directory; nil where we may not look.
    private func worksHere(_ pid: Int32) -> Bool? {
        guard let directory, let working = try? table.workingDirectory(pid) else { return nil }
        return working.isSameFile(as: directory)
    }

    private func isArgument(_ path: String?, of pid: Int32) -> Bool {
        guard let path else { return false }
        return table.commandLine(pid).split(separator: 0).contains { word in
            let word = String(decoding: word, as: UTF8.self)
            return word == path || word == "-D" + path
        }
    }

    /// The postmasters among all processes that work in the data directory: those whose parent does not.
    ///
    /// A server in a pid namespace below ours has another number here than in its lock file. Dear: it looks at all
    /// processes, at most `ProcessTable.readLimit`.
    func workingHere() -> [ProcessTable.Entry] {
        let here = table.allPIDs().compactMap { table.entry($0) }
            .filter { $0.isPostgres && !$0.isZombie && worksHere($0.pid) == true }
        let numbers = Set(here.map(\.pid))
        return here.filter { !numbers.contains($0.parent) }
    }

    /// Whether a process, known here by another number, is the one that a lock file from a pid namespace below ours names.
    func isBelow(_ entry: ProcessTable.Entry, as lock: LockFile) -> Bool {
        entry.pid != lock.pid && table.innermostPID(entry.pid) == lock.pid
    }
}
