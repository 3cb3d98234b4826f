import CLinux
import Deadlines
import Glibc

/// Which files of a data directory are watched, and what an event on one of them means.
///
/// The folder is watched for names that come and go, single files for what happens to them: so neither a log in the data
/// directory nor the tables in `global` wake anybody up, and no look of our own calls for the next look. Files that are
/// replaced by others of the same name are found again by `renew()`.
struct DataDirectoryWatches {
    /// A watched file or folder.
    enum Target: Hashable {
        case folder
        case lockFile
        case controlFile
        case configuration(DirectoryHistory.ConfigurationFile, path: String)
    }

    /// What an event means.
    enum News: Hashable {
        /// `postmaster.pid` came.
        case lockFileCame
        /// `postmaster.pid` went or was written.
        case lockFile
        /// `pg_control` was written.
        case controlFile
        /// A configuration file was opened.
        case opened(DirectoryHistory.ConfigurationFile)
        /// `promote` came.
        case promote
        /// A signal file, `backup_label` or `PG_VERSION` came or went.
        case signalFile
        /// A watched name came, went or means another file now: `renew()`.
        case changedNames
        /// Events were lost: read everything.
        case lost
    }

    /// How many configuration files elsewhere are watched.
    static let configurationFileLimit = 4

    let path: String
    private let inotify: DirectoryWatch
    private var numbers: [Target: Int32] = [:]
    /// Configuration files that are not in the data directory.
    private(set) var configurationFiles: [String] = []
    /// Why the folder itself is not watched; nil while it is.
    private(set) var problem: String?

    init(path: String, inotify: DirectoryWatch) {
        self.path = path
        self.inotify = inotify
    }

    private static let folderMask = UInt32(
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    )
    private static let signalFiles: Set = ["standby.signal", "recovery.signal", "backup_label", "PG_VERSION"]
    private static let watchedNames: Set = [
        "global", "postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf",
    ]

    /// Watches what the names mean now.
    ///
    /// Cheap where nothing has changed: a system call per file.
    mutating func renew() {
        problem = watch(.folder, path, Self.folderMask).map { "inotify: \($0)" }
        renewLockFile()
        watch(.controlFile, "\(path)/global/pg_control", UInt32(IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF))
        let names: [(String, DirectoryHistory.ConfigurationFile)] = [
            ("postgresql.conf", .main), ("postgresql.auto.conf", .auto), ("pg_hba.conf", .authentication),
            ("pg_ident.conf", .authentication),
        ]
        let files = names.map { ("\(path)/\($0)", $1) } + configurationFiles.map { ($0, .main) }
        for (file, meaning) in files {
            watch(.configuration(meaning, path: file), file, UInt32(IN_OPEN | IN_DELETE_SELF | IN_MOVE_SELF))
        }
    }

    /// Watches the lock file if it is there.
    mutating func renewLockFile() {
        watch(.lockFile, "\(path)/postmaster.pid", UInt32(IN_MODIFY | IN_DELETE_SELF))
    }

    /// Watches a configuration file elsewhere; not past `configurationFileLimit`.
    mutating func add(configurationFile file: String) {
        guard !file.hasPrefix("\(path)/"), !configurationFiles.contains(file),
            configurationFiles.count < Self.configurationFileLimit
        else { return }
        configurationFiles.append(file)
        renew()
    }

    /// Ends all watches.
    mutating func removeAll() {
        for number in numbers.values { inotify.remove(number) }
        numbers = [:]
    }

    @discardableResult
    private mutating func watch(_ target: Target, _ file: String, _ mask: UInt32) -> SystemCallError? {
        do {
            let number = try inotify.add(file, mask)
            if let old = numbers[target], old != number { inotify.remove(old) }
            numbers[target] = number
            return nil
        } catch {
            if let old = numbers.removeValue(forKey: target) { inotify.remove(old) }
            return error
        }
    }

    /// What an event means; nil where nobody cares.
    func news(of event: FileEvent) -> News? {
        if event.isOverflow { return .lost }
        // One file may be watched under several names; the first meaning found does.
        guard let target = numbers.first(where: { $0.value == event.watch })?.key else { return nil }
        switch target {
        case .folder: return folderNews(of: event)
        case .lockFile: return .lockFile
        case .controlFile: return event.mask & UInt32(IN_CLOSE_WRITE) != 0 ? .controlFile : .changedNames
        case .configuration(let file, _): return event.mask & UInt32(IN_OPEN) != 0 ? .opened(file) : .changedNames
        }
    }

    private func folderNews(of event: FileEvent) -> News? {
        if event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED) != 0 { return .changedNames }
        let isArrival = event.mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0
        switch event.name {
        case "postmaster.pid": return isArrival ? .lockFileCame : .lockFile
        case "promote": return isArrival ? .promote : .signalFile
        case let name where Self.signalFiles.contains(name): return .signalFile
        case let name where Self.watchedNames.contains(name): return isArrival ? .changedNames : nil
        default: return nil
        }
    }
}
