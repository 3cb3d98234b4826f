import FoundationEssentials
import Glibc
import Synchronization

/// A folder of its own for a test, and the processes started for it: both are gone when the test is over.
///
/// Nothing is kept in memory alone: each process is written to the file `processes` before anything depends on it, so
/// that a later process (`howdah-lab`, or the next run of the tests) can end what a crashed one left behind.
public struct Workspace: Sendable {
    /// The folder; short, because socket paths are limited to 107 bytes.
    public let path: String

    private static let counter = Atomic<Int>(0)
    private static let folderPrefix = "howdah-test-"

    /// The folder that workspaces are made in: `$TMPDIR`, or `/tmp`.
    public static var parent: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }

    /// Makes an empty workspace that belongs to this process.
    public init() throws {
        _ = Self.sweepOnce
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        try self.init(at: "\(Self.parent)/\(Self.folderPrefix)\(getpid())-\(number)")
    }

    /// Opens the workspace at `path`, or makes it.
    public init(at path: String) throws {
        self.path = path
        try TextFile.makeFolder(path)
    }

    /// Makes a workspace, hands it to `body`, and removes it whatever happens.
    public static func with<Value>(_ body: (Workspace) async throws -> Value) async throws -> Value {
        let workspace = try Workspace()
        do {
            let value = try await body(workspace)
            await workspace.remove()
            return value
        } catch {
            await workspace.remove()
            throw error
        }
    }

    // MARK: Processes

    /// Starts a program that lives until it is ended or the workspace is removed.
    ///
    /// - Parameters:
    ///   - name: What the process is known by in this workspace; an earlier one of the same name is ended first.
    ///   - arguments: The program and its arguments.
    ///   - user: The user to run it as; ignored unless the test runs as root.
    ///   - environment: Variables to set besides the inherited ones.
    ///   - prefix: A program that execs the rest, such as `ip netns exec NAME`.
    @discardableResult
    public func start(
        _ name: String,
        _ arguments: [String],
        as user: String? = User.postgres,
        environment: [String: String] = [:],
        prefix: [String] = []
    ) async throws -> TrackedProcess {
        await end(name)
        let log = logFile(of: name)
        if !TextFile.exists(log) { try TextFile.write("", to: log, mode: 0o666) }
        let process = try await Command.start(
            arguments,
            as: user,
            environment: environment,
            log: log,
            prefix: prefix
        )
        try remember(process, as: name)
        return process
    }

    /// The file that a program's outputs go to.
    public func logFile(of name: String) -> String { "\(path)/\(name).log" }

    /// Writes a process down, so that it is ended with the workspace.
    public func remember(_ process: TrackedProcess, as name: String) throws {
        try TextFile.makeFolder("\(path)/processes")
        try TextFile.write("\(process.pid) \(process.startTicks)\n", to: "\(path)/processes/\(name)")
    }

    /// The process known as `name`, if it lives.
    public func process(_ name: String) -> TrackedProcess? {
        guard let text = try? TextFile.read("\(path)/processes/\(name)") else { return nil }
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let pid = Int32(words[0]), let ticks = UInt64(words[1]) else { return nil }
        let process = TrackedProcess(pid: pid, startTicks: ticks)
        return process.isAlive ? process : nil
    }

    /// Ends the process known as `name`, if it lives.
    public func end(_ name: String, within seconds: Double = 5) async {
        await process(name)?.end(within: seconds)
        TextFile.remove("\(path)/processes/\(name)")
    }

    /// The processes of this workspace that live, by the names they were started under.
    public var processes: [String: TrackedProcess] {
        var found: [String: TrackedProcess] = [:]
        for name in TextFile.names(in: "\(path)/processes") { found[name] = process(name) }
        return found
    }

    /// Writes a network namespace down, so that it is deleted with the workspace.
    public func remember(networkNamespace name: String) throws {
        try TextFile.makeFolder("\(path)/namespaces")
        try TextFile.write("", to: "\(path)/namespaces/\(name)")
    }

    // MARK: Cleaning up

    /// Kills every process of this workspace and removes the folder.
    ///
    /// A server's children are found by their working directory: PostgreSQL's processes stay in the data directory.
    public func remove() async {
        for process in processes.values.flatMap(\.family) { process.send(SIGKILL) }
        _ = await eventually(within: 5, every: 20) {
            let left = Self.processes(workingIn: path)
            for process in left { process.send(SIGKILL) }
            return left.isEmpty && processes.isEmpty
        }
        for name in TextFile.names(in: path) { await Self.removeSharedMemory(of: "\(path)/\(name)/data") }
        for name in TextFile.names(in: "\(path)/namespaces") {
            _ = try? await Command.run(["ip", "netns", "del", name], within: 5)
        }
        TextFile.remove(path)
    }

    /// The processes whose working directory is inside `folder`.
    static func processes(workingIn folder: String) -> [TrackedProcess] {
        ProcessStatus.all()
            .filter { $0.state != "Z" && ($0.workingDirectory ?? "").hasPrefix("\(folder)/") }
            .compactMap { TrackedProcess(pid: $0.pid) }
    }

    /// A server that was killed leaves its small System V segment behind; line 7 of its lock file names it.
    private static func removeSharedMemory(of dataDirectory: String) async {
        guard let text = try? TextFile.read("\(dataDirectory)/postmaster.pid") else { return }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 6, let identifier = lines[6].split(separator: " ").last else { return }
        _ = try? await Command.run(["ipcrm", "-m", String(identifier)], within: 5)
    }

    /// Ends what runs of the tests that are over left behind, once per process.
    private static let sweepOnce: Void = {
        for name in TextFile.names(in: parent) where name.hasPrefix(folderPrefix) {
            let owner = Int32(name.dropFirst(folderPrefix.count).prefix { $0 != "-" })
            guard let owner, owner != getpid(), TrackedProcess(pid: owner) == nil else { continue }
            let folder = "\(parent)/\(name)"
            if let workspace = try? Workspace(at: folder) {
                for process in workspace.processes.values.flatMap(\.family) { process.send(SIGKILL) }
            }
            for process in processes(workingIn: folder) { process.send(SIGKILL) }
            TextFile.remove(folder)
        }
    }()
}
