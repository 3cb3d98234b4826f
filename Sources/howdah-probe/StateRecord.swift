/// The probes, by their names in the state file.
enum Probe {
    case liveness
    case readiness
    case readWrite
    case readOnly

    /// The probe with this name; nil for a name that is none.
    init?(_ name: String) {
        switch name {
        case "liveness": self = .liveness
        case "readiness": self = .readiness
        case "read_write": self = .readWrite
        case "read_only": self = .readOnly
        default: return nil
        }
    }
}

/// The answer to one probe.
struct ProbeAnswer {
    /// Whether the probe passes.
    var passes: Bool
    /// Why, in one line.
    var reason: String
}

/// What a state file says, parsed.
///
/// Pure: bytes in, a record or the reason why it is not believed out.
struct StateRecord {
    private typealias Key = StateFileLayout.Key
    private typealias Word = StateFileLayout.Word

    /// Why a file is not believed.
    struct Unreadable: Error {
        var reason: String
    }

    /// The boot in which it was written.
    private(set) var bootID = ""
    /// When its verdict was last confirmed, on the boot clock, in nanoseconds.
    private(set) var writtenBoot: Int64 = 0
    /// Whether Howdah said that it has stopped.
    private(set) var isObserverStopped = false
    /// `primary`, `standby` or `unknown`.
    private(set) var role = ""
    private var liveness: ProbeAnswer?
    private var readiness: ProbeAnswer?
    private var readWrite: ProbeAnswer?
    private var readOnly: ProbeAnswer?
    /// The lines between the first and the last.
    private var lines: ArraySlice<UInt8>

    /// The answer of a probe; every record that was parsed has all four.
    private(set) subscript(probe: Probe) -> ProbeAnswer? {
        get {
            switch probe {
            case .liveness: liveness
            case .readiness: readiness
            case .readWrite: readWrite
            case .readOnly: readOnly
            }
        }
        set {
            switch probe {
            case .liveness: liveness = newValue
            case .readiness: readiness = newValue
            case .readWrite: readWrite = newValue
            case .readOnly: readOnly = newValue
            }
        }
    }

    /// Parses the bytes of a state file.
    init(_ bytes: ArraySlice<UInt8>) throws(Unreadable) {
        guard bytes.count <= StateFileLayout.limitBytes else {
            throw Unreadable(reason: "larger than \(StateFileLayout.limitBytes) bytes")
        }
        guard !bytes.isEmpty else { throw Unreadable(reason: "empty") }
        var rest = bytes
        let first = rest.popLine() ?? rest
        guard first.spells(StateFileLayout.magic) else {
            let isOther = first.starts(with: "howdah-state ".utf8)
            throw Unreadable(reason: isOther ? "of another version" : "not a state file")
        }
        lines = rest
        try readLines()
    }

    private mutating func readLines() throws(Unreadable) {
        var rest = lines
        var seen: Seen = []
        while let line = rest.popLine() {
            if rest.isEmpty, line.spells(StateFileLayout.end) { return try checkComplete(seen) }
            guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw Unreadable(reason: "garbled") }
            try read(line, &seen)
        }
        throw Unreadable(reason: "cut short")
    }

    /// The keys that must be there, and only once.
    private struct Seen: OptionSet {
        var rawValue: UInt8
        static let bootID = Seen(rawValue: 1)
        static let writtenBoot = Seen(rawValue: 2)
        static let observer = Seen(rawValue: 4)
        static let role = Seen(rawValue: 8)
    }

    private mutating func read(_ line: ArraySlice<UInt8>, _ seen: inout Seen) throws(Unreadable) {
        let (key, value) = line.splitAtBlank()
        switch key {
        case Key.bootID:
            try Self.note(.bootID, key, &seen)
            bootID = String(spelledBy: value)
        case Key.writtenBoot:
            try Self.note(.writtenBoot, key, &seen)
            writtenBoot = try Self.number(value, key)
        case Key.observer:
            try Self.note(.observer, key, &seen)
            isObserverStopped = try Self.choice(String(spelledBy: value), Word.stopped, Word.running, key)
        case Key.role:
            try Self.note(.role, key, &seen)
            role = String(spelledBy: value)
        case Key.probe:
            try readProbe(value)
        default:
            break
        }
    }

    private mutating func readProbe(_ value: ArraySlice<UInt8>) throws(Unreadable) {
        let (name, rest) = value.splitAtBlank()
        // A probe that this version does not know is none of its business.
        guard let probe = Probe(name) else { return }
        let (word, reason) = rest.splitAtBlank()
        let passes = try Self.choice(word, Word.pass, Word.fail, name)
        guard self[probe] == nil else { throw Unreadable(reason: "garbled: \(name) twice") }
        self[probe] = ProbeAnswer(passes: passes, reason: String(spelledBy: reason))
    }

    private func checkComplete(_ seen: Seen) throws(Unreadable) {
        guard seen == [.bootID, .writtenBoot, .observer, .role] else {
            throw Unreadable(reason: "garbled: a line is missing")
        }
        guard liveness != nil, readiness != nil, readWrite != nil, readOnly != nil else {
            throw Unreadable(reason: "garbled: a probe is missing")
        }
    }

    private static func note(_ key: Seen, _ name: String, _ seen: inout Seen) throws(Unreadable) {
        guard seen.insert(key).inserted else { throw Unreadable(reason: "garbled: \(name) twice") }
    }

    private static func number(_ text: ArraySlice<UInt8>, _ key: String) throws(Unreadable) -> Int64 {
        guard let value = Int64(String(spelledBy: text)), value >= 0 else {
            throw Unreadable(reason: "garbled: \(key)")
        }
        return value
    }

    private static func choice(
        _ word: String,
        _ yes: String,
        _ no: String,
        _ key: String
    ) throws(Unreadable) -> Bool {
        if word.utf8.spells(yes) { return true }
        guard word.utf8.spells(no) else { throw Unreadable(reason: "garbled: \(key)") }
        return false
    }
}

extension StateRecord {
    /// Where the server can be asked; places that cannot be used are left out.
    ///
    /// Read only once they are needed, which is seldom.
    var servers: [ServerAddress] {
        var servers: [ServerAddress] = []
        var rest = lines
        while let line = rest.popLine(), servers.count < StateFileLayout.serverLimit {
            let (key, value) = line.splitAtBlank()
            if key.utf8.spells(Key.server), let server = Self.server(value) { servers.append(server) }
        }
        return servers
    }

    private static func server(_ value: ArraySlice<UInt8>) -> ServerAddress? {
        let (kind, place) = value.splitAtBlank()
        switch kind {
        case Word.unix where place.first == UInt8(ascii: "/"):
            return .unix(path: String(spelledBy: place))
        case Word.tcp:
            let (address, port) = place.splitAtBlank()
            return UInt16(String(spelledBy: port)).flatMap {
                $0 > 0 ? .tcp(address: address, port: $0) : nil
            }
        default:
            return nil
        }
    }
}

extension ArraySlice<UInt8> {
    /// Takes the first line off, without its line feed; nil where no line feed is left.
    fileprivate mutating func popLine() -> ArraySlice<UInt8>? {
        guard let end = firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { self = self[(end + 1)...] }
        return self[..<end]
    }

    /// The first word, and what follows the blank after it.
    fileprivate func splitAtBlank() -> (first: String, rest: ArraySlice<UInt8>) {
        let blank = firstIndex(of: UInt8(ascii: " ")) ?? endIndex
        return (String(spelledBy: self[..<blank]), self[blank...].dropFirst())
    }
}
