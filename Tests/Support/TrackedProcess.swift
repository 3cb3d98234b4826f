import Glibc

/// A process by its id and its start time, so that a reused id is never signalled.
public struct TrackedProcess: Sendable, Hashable {
    /// The process id.
    public let pid: Int32
    /// Field 22 of `/proc/PID/stat`: clock ticks between boot and its start.
    public let startTicks: UInt64

    /// Finds a process that lives; nil where there is none, or only a zombie.
    public init?(pid: Int32) {
        guard let status = ProcessStatus(pid: pid), status.state != "Z" else { return nil }
        self.pid = pid
        startTicks = status.startTicks
    }

    init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }

    /// Whether this very process lives; a zombie does not.
    public var isAlive: Bool { TrackedProcess(pid: pid) == self }

    /// The state letter of `/proc/PID/stat`: R, S, D, T, Z; nil where the process is gone.
    public var state: Character? {
        guard let status = ProcessStatus(pid: pid), status.startTicks == startTicks else { return nil }
        return status.state
    }

    /// The title that the process gave itself; empty where it is gone.
    public var title: String { ProcessStatus(pid: pid)?.title ?? "" }

    /// Sends a signal, unless the process is gone.
    ///
    /// - Returns: Whether the signal was sent.
    @discardableResult
    public func send(_ signal: Int32) -> Bool { isAlive && kill(pid, signal) == 0 }

    /// Waits until the process is gone.
    ///
    /// - Returns: Whether it went within `seconds`.
    @discardableResult
    public func ended(within seconds: Double) async -> Bool {
        await eventually(within: seconds) { !isAlive }
    }

    /// This process and everything under it, parents first.
    ///
    /// `unshare --fork` keeps SIGTERM from its child, and the child outlives it.
    public var family: [TrackedProcess] {
        guard isAlive else { return [] }
        let everyone = ProcessStatus.all()
        var found = [self]
        var parents: Set = [pid]
        while !parents.isEmpty {
            let children = everyone.filter { parents.contains($0.parent) && $0.state != "Z" }
            found += children.map { TrackedProcess(pid: $0.pid, startTicks: $0.startTicks) }
            parents = Set(children.map(\.pid))
        }
        return found
    }

    /// Asks the process and everything under it to end, waits, and kills what does not.
    public func end(within seconds: Double = 5) async {
        let family = family
        for process in family {
            process.send(SIGTERM)
            process.send(SIGCONT)
        }
        // A parent may only wait for its child, so the youngest say whether it is over.
        if await eventually(within: seconds, { !family.dropFirst().contains(where: \.isAlive) && !isAlive }) { return }
        for process in family { process.send(SIGKILL) }
        await ended(within: seconds)
    }
}

/// One process of the process table: its parent, its state and its title.
public struct ProcessStatus: Sendable {
    /// The process id.
    public let pid: Int32
    /// The parent's process id.
    public let parent: Int32
    /// The state letter.
    public let state: Character
    /// Clock ticks between boot and its start.
    public let startTicks: UInt64

    /// Reads `/proc/PID/stat`; nil where there is no such process.
    public init?(pid: Int32) {
        guard let text = try? TextFile.read("/proc/\(pid)/stat"), let close = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let ticks = UInt64(fields[19]) else { return nil }
        self.pid = pid
        self.parent = parent
        state = fields[0].first ?? "?"
        startTicks = ticks
    }

    /// The title that the process gave itself, such as `postgres: startup recovering 000000010000000000000003`.
    public var title: String {
        let text = (try? TextFile.read("/proc/\(pid)/cmdline")) ?? ""
        return String(text.map { $0 == "\0" ? " " : $0 }).trimmingSuffix(" ")
    }

    /// The working directory; nil where it may not be read.
    public var workingDirectory: String? { TextFile.linkTarget("/proc/\(pid)/cwd") }

    /// Every process of this machine.
    public static func all() -> [ProcessStatus] {
        TextFile.names(in: "/proc").compactMap { Int32($0) }.compactMap { ProcessStatus(pid: $0) }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text.removeLast() }
        return String(text)
    }
}
