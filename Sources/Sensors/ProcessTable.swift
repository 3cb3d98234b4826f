import Facts
import Glibc

/// The kernel's process table, as `/proc` shows it to us: only what our pid namespace and `hidepid` let us see.
struct ProcessTable: Sendable {
    /// Where it is mounted; a test puts a folder of the same shape here.
    var root = "/proc"

    /// Whether it is the kernel's own: only there a number means a process.
    var isReal: Bool { root == "/proc" }

    /// How many processes are looked at in one go.
    static let readLimit = 1000

    /// One line of `/proc/PID/stat`.
    struct Entry: Sendable, Hashable {
        var pid: Int32
        /// The program's name, at most 15 bytes.
        var command: String
        /// `R`, `S`, `D`, `T`, `t`, `Z`, `X`.
        var state: Character
        var parent: Int32
        /// Clock ticks from the machine's boot to the process's start.
        var startTicks: UInt64

        /// Dead, and only its parent has not asked for its exit code yet.
        var isZombie: Bool { state == "Z" || state == "X" }

        /// Whether the program can be a PostgreSQL server: `postgres`, or `postmaster` as it was once called.
        var isPostgres: Bool { command.contains("postgres") || command == "postmaster" }

        /// Parses the line; nil for anything else.
        init?(_ bytes: [UInt8]) {
            // The command may hold anything, parentheses and newlines too: it ends with the last one.
            guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
                let close = bytes.lastIndex(of: UInt8(ascii: ")")),
                open < close, open > 0, let pid = Int32(String(decoding: bytes[..<(open - 1)], as: UTF8.self))
            else { return nil }
            let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
            guard fields.count > 19, let state = fields[0].first, let ticks = UInt64(Self.text(fields[19])),
                let parent = Int32(Self.text(fields[1]))
            else { return nil }
            self.pid = pid
            self.parent = parent
            self.state = Character(Unicode.Scalar(state))
            command = Self.text(bytes[(open + 1)..<close])
            startTicks = ticks
        }

        private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    }

    /// A process; nil where we see none of that number.
    func entry(_ pid: Int32) -> Entry? { bytes("\(pid)/stat", limit: 1024).flatMap { Entry($0) } }

    /// The first 1,024 bytes of a process's command line, which holds the title of a PostgreSQL process.
    func commandLine(_ pid: Int32) -> [UInt8] { bytes("\(pid)/cmdline", limit: 1024) ?? [] }

    /// The children of a process, oldest first, at most `readLimit`, and how many there are.
    func children(of pid: Int32) -> (pids: [Int32], count: Int) {
        if let list = bytes("\(pid)/task/\(pid)/children", limit: 64 << 10) {
            // Each number ends with a space; one that was cut off does not count.
            let whole = list[...(list.lastIndex(of: UInt8(ascii: " ")) ?? -1)]
            let pids = whole.split(separator: UInt8(ascii: " ")).compactMap {
                Int32(String(decoding: $0, as: UTF8.self))
            }
            return (Array(pids.prefix(Self.readLimit)), pids.count)
        }
        // A kernel without CONFIG_PROC_CHILDREN.
        let pids = allPIDs().filter { entry($0)?.parent == pid }
        return (pids, pids.count)
    }

    /// The numbers of the processes that we see, at most `readLimit`.
    func allPIDs() -> [Int32] {
        var pids: [Int32] = []
        _ = try? Folder.visit(root, limit: 4 * Self.readLimit) { name, _ in
            if let pid = Int32(name), pid > 0 { pids.append(pid) }
            return pids.count < Self.readLimit
        }
        return pids
    }

    /// A process's working directory; throws where it may not be looked at, which takes the same user or more.
    func workingDirectory(_ pid: Int32) throws(FileFailure) -> FileIdentity { try FileIdentity("\(root)/\(pid)/cwd") }

    /// A variable of a process's environment as it was when it started; nil where it is not set or may not be looked at.
    func environment(_ pid: Int32, _ name: String) -> String? {
        let variables = (bytes("\(pid)/environ", limit: 32 << 10) ?? []).split(separator: 0)
        let prefix = Array("\(name)=".utf8)
        guard let found = variables.first(where: { $0.starts(with: prefix) }) else { return nil }
        return String(decoding: found.dropFirst(prefix.count), as: UTF8.self)
    }

    /// A process's number in the innermost pid namespace that it lives in, the one that it knows itself by.
    func innermostPID(_ pid: Int32) -> Int32? {
        guard let status = bytes("\(pid)/status", limit: 4096) else { return nil }
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("NSpid:") }) else { return nil }
        return line.split { $0 == "\t" || $0 == " " }.last.flatMap { Int32($0) }
    }

    /// The number that was given to a process last, in our namespace.
    func newestPID() -> Int32? {
        guard let load = bytes("loadavg", limit: 128) else { return nil }
        return String(decoding: load, as: UTF8.self).split { $0 == " " || $0 == "\n" }.last.flatMap { Int32($0) }
    }

    /// When a process started, in seconds since the epoch, by the present wall clock.
    func startTime(_ entry: Entry) -> Double {
        let now = SystemClock.now()
        return Double(now.wall - now.boot) / 1e9 + Double(entry.startTicks) / Self.ticksPerSecond
    }

    private static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))

    private func bytes(_ name: String, limit: Int) -> [UInt8]? {
        try? BoundedFile.read("\(root)/\(name)", limit: limit)
    }
}
