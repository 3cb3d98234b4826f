import Facts
import Glibc

/// Reads the files of a data directory: every call looks anew, nothing is believed for long.
struct DataDirectoryReader {
    /// The data directory, as we see it.
    let path: String

    /// How often a control file whose checksum does not match is read; a server may be writing it.
    static let controlFileAttempts = 4
    /// Microseconds between two of these.
    static let controlFilePause: UInt32 = 3000
    /// How many entries of `pg_wal` are looked at.
    static let segmentLimit = 10_000
    /// How many entries of a directory are looked at to see whether it is empty.
    static let emptinessLimit = 100

    /// Everything but what takes memory of earlier looks: `lastStart`, `promotionRequestedAt`, `newestSegment`, ….
    ///
    /// Throws `.absent` where there is no such directory and `.notPermitted` where we may not look into it.
    func read() throws(Failure) -> DataDirectory {
        try checkDirectory()
        var facts = DataDirectory()
        facts.path = path
        facts.version = version()
        facts.lockFile = lockFile()
        facts.control = controlFile()
        facts.hasStandbySignal = exists("standby.signal")
        facts.hasRecoverySignal = exists("recovery.signal")
        facts.hasBackupLabel = exists("backup_label")
        facts.hasPromoteSignal = exists("promote")
        if facts.version == nil || facts.control == .absent {
            facts.contents = try isEmpty() ? .empty : .incomplete
        }
        return facts
    }

    private func checkDirectory() throws(Failure) {
        do {
            guard try FileIdentity(path).isDirectory else { throw Failure(.absent, "\(path) is not a directory") }
            // The right to search it is what everything else takes.
            _ = try FileIdentity("\(path)/.")
        } catch let failure as FileFailure {
            throw explain(failure)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.notUnderstood, "\(path): \(error)")
        }
    }

    /// What a failure to look at the directory means, and what would help.
    private func explain(_ failure: FileFailure) -> Failure {
        if failure.isAbsent { return Failure(.absent, "\(path) is not there: not mounted, or not made yet") }
        guard failure.isNotPermitted else {
            return Failure(.notUnderstood, "\(path) cannot be read: error \(failure.code)")
        }
        guard let owner = try? FileIdentity(path) else {
            return Failure(.notPermitted, "\(path): user \(geteuid()) may not go that far; a folder above it is closed")
        }
        return Failure(
            .notPermitted,
            "user \(geteuid()) may not look into \(path), which belongs to user \(owner.owner) and has mode "
                + "\(String(owner.mode & 0o7777, radix: 8)): run Howdah as user \(owner.owner), or as a member of group "
                + "\(owner.group) with mode 750 (initdb --allow-group-access)"
        )
    }

    // MARK: Files

    /// The first line of `PG_VERSION`.
    private func version() -> String? {
        guard let bytes = try? BoundedFile.read("\(path)/PG_VERSION", limit: 64) else { return nil }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let isPlain = !line.isEmpty && line.allSatisfy { (0x21..<0x7F).contains($0) }
        return isPlain ? String(decoding: line, as: UTF8.self) : nil
    }

    /// `postmaster.pid`.
    func lockFile() -> LockFileState {
        let file = "\(path)/postmaster.pid"
        do {
            return LockFileParser.parse(try BoundedFile.read(file, limit: LockFileParser.sizeLimit + 1))
        } catch {
            if error.isAbsent { return .absent }
            if error.isNotPermitted { return .notPermitted("user \(geteuid()) may not read \(file)") }
            return .notUnderstood("\(file) cannot be read: error \(error.code)")
        }
    }

    /// `global/pg_control`; a bad checksum is a torn read until it has been seen `controlFileAttempts` times.
    ///
    /// - Parameter pause: What happens between two attempts.
    func controlFile(pause: () -> Void = { usleep(controlFilePause) }) -> ControlFileState {
        let file = "\(path)/global/pg_control"
        var doubt = ""
        for attempt in 1...Self.controlFileAttempts {
            let bytes: [UInt8]
            do {
                bytes = try BoundedFile.read(file, limit: ControlFileParser.readLength)
            } catch {
                if error.isAbsent { return .absent }
                if error.isNotPermitted { return .notPermitted("user \(geteuid()) may not read \(file)") }
                return .notUnderstood("\(file) cannot be read: error \(error.code)")
            }
            do {
                return .present(try ControlFileParser.parse(bytes))
            } catch {
                doubt = error.description
                guard case .badChecksum = error, attempt < Self.controlFileAttempts else { break }
                pause()
            }
        }
        return .notUnderstood(doubt)
    }

    private func exists(_ name: String) -> Bool { (try? FileIdentity("\(path)/\(name)")) != nil }

    /// Whether nothing is there but what a fresh volume has: hidden files and `lost+found`.
    private func isEmpty() throws(Failure) -> Bool {
        var isEmpty = true
        do {
            try Folder.visit(path, limit: Self.emptinessLimit) { name, _ in
                isEmpty = name.hasPrefix(".") || name == "lost+found"
                return isEmpty
            }
        } catch {
            throw explain(error)
        }
        return isEmpty
    }

    // MARK: Write-ahead log

    /// The segment of `pg_wal` with the latest modification time; of two of the same time the later one.
    ///
    /// Nil where `pg_wal` is empty or may not be read, for example a link that leads out of the mount.
    func newestSegment() -> WALSegment? {
        var newest: (segment: WALSegment, modifiedAt: Int64)?
        _ = try? Folder.visit("\(path)/pg_wal", limit: Self.segmentLimit) { name, folder in
            guard let segment = WALSegment(name) else { return true }
            var status = stat()
            guard unsafe fstatat(folder, name, &status, 0) == 0 else { return true }
            let modifiedAt = FileIdentity(status).modifiedAt
            if let newest, (newest.modifiedAt, newest.segment) > (modifiedAt, segment) { return true }
            newest = (segment, modifiedAt)
            return true
        }
        return newest?.segment
    }
}
