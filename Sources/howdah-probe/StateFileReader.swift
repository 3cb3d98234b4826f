import CProbe

/// Howdah's last word, and whether it still counts.
enum LastWord {
    /// Howdah runs: what it says holds.
    case fresh(StateRecord)
    /// Howdah is down, or its word does not reach us.
    ///
    /// `record` is what it said last, if that is known and of this boot; `why` says it to people.
    case outOfDate(StateRecord?, why: String)

    /// Reads the state file in `runDirectory`.
    static func read(runDirectory: String, maxAge: Double) -> LastWord {
        let path = runDirectory + "/" + StateFileLayout.fileName
        do throws(StateRecord.Unreadable) {
            let record = try StateRecord(contents(of: path))
            return try judge(record, maxAge: maxAge)
        } catch {
            return .outOfDate(nil, why: "no word from Howdah: the state file \(path) is \(error.reason)")
        }
    }

    private static func judge(_ record: StateRecord, maxAge: Double) throws(StateRecord.Unreadable) -> LastWord {
        guard record.bootID.utf8.spells(bootID()) else { throw StateRecord.Unreadable(reason: "from before a reboot") }
        let age = Double(Clock.boot - record.writtenBoot) / 1e9
        guard age >= 0 else { throw StateRecord.Unreadable(reason: "stamped in the future") }
        if record.isObserverStopped {
            return .outOfDate(record, why: "Howdah is down: it stopped \(Self.words(age)) ago")
        }
        if age > maxAge { return .outOfDate(record, why: "Howdah is down: its last word is \(Self.words(age)) old") }
        return .fresh(record)
    }

    /// Seconds for people: `0.4 s`, `42 s`, `3 h 20 min`.
    static func words(_ seconds: Double) -> String {
        let whole = Int(seconds)
        if whole < 10 { return "\(whole).\(Int(seconds * 10) % 10) s" }
        switch whole {
        case ..<120: return "\(whole) s"
        case ..<7200: return "\(whole / 60) min"
        case ..<172_800: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return "\(whole / 86_400) d"
        }
    }

    private static func bootID() -> String {
        guard let bytes = try? contents(of: StateFileLayout.bootIDPath, limitBytes: 64) else { return "unknown" }
        let word = bytes.prefix { $0 > 0x20 }
        return word.isEmpty ? "unknown" : String(decoding: word, as: UTF8.self)
    }

    /// The bytes of a file, one more than the limit at most.
    ///
    /// The file is opened so that a pipe cannot hold it up.
    private static func contents(
        of path: String,
        limitBytes: Int = StateFileLayout.limitBytes
    ) throws(StateRecord.Unreadable) -> ArraySlice<UInt8> {
        let file = unsafe path.withCString { unsafe howdah_probe_open($0) }
        guard file >= 0 else {
            throw StateRecord.Unreadable(
                reason: errno == ENOENT ? "missing" : "unreadable (\(errorText(errno)))"
            )
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limitBytes + 1)
        var length = 0
        while length < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                let free = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[length...])
                return unsafe CProbe.read(file, free.baseAddress, free.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw StateRecord.Unreadable(reason: "unreadable (\(errorText(errno)))")
            }
            if count == 0 { break }
            length += count
        }
        return bytes[..<length]
    }
}
