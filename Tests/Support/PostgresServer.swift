import Glibc

/// One real PostgreSQL server of a test: a data directory, a socket directory and a port of its own.
///
/// It lives in `WORKSPACE/NAME`: `data`, `run` (the socket), and the log in `WORKSPACE/NAME.log`. Everything about it
/// is in that folder, so another process can open it again with `init(named:in:)`. It runs as the user `postgres`.
public struct PostgresServer: Sendable {
    /// The workspace that ends it.
    public let workspace: Workspace
    /// Its name in the workspace, such as `primary`.
    public let name: String
    /// Its programs.
    public let installation: PostgresInstallation
    /// Its port, on 127.0.0.1 and as the socket's suffix.
    public let port: Int

    /// The data directory.
    public var dataDirectory: String { "\(workspace.path)/\(name)/data" }
    /// The folder of the Unix socket.
    public var socketDirectory: String { "\(workspace.path)/\(name)/run" }
    /// The file that the server logs to.
    public var logFile: String { workspace.logFile(of: name) }

    // MARK: Making one

    /// Makes a stopped server from the cluster template of its major version.
    ///
    /// - Parameters:
    ///   - major: The major version, one of `PostgresInstallation.majors`.
    ///   - name: Its name in the workspace.
    ///   - workspace: Where it lives, and what ends it.
    ///   - port: Its port; nil for one that is free.
    ///   - settings: Settings besides those of the template, as in `postgresql.conf`.
    public static func make(
        _ major: Int,
        named name: String = "primary",
        in workspace: Workspace,
        port: Int? = nil,
        settings: [String: String] = [:]
    ) async throws -> PostgresServer {
        let server = try place(PostgresInstallation.find(major), named: name, in: workspace, port: port)
        try await ClusterTemplate.copy(of: server.installation, to: server.dataDirectory)
        try server.settle(settings)
        return server
    }

    /// Opens a server that was made in the workspace before, maybe by another process.
    public init(named name: String, in workspace: Workspace) throws {
        let words = try TextFile.read("\(workspace.path)/\(name)/server").split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let major = Int(words[0]), let port = Int(words[1]) else {
            throw TimedOut("\(workspace.path)/\(name)/server does not name a version and a port")
        }
        self.init(workspace: workspace, name: name, installation: try .find(major), port: port)
    }

    private init(workspace: Workspace, name: String, installation: PostgresInstallation, port: Int) {
        self.workspace = workspace
        self.name = name
        self.installation = installation
        self.port = port
    }

    static func place(
        _ installation: PostgresInstallation,
        named name: String,
        in workspace: Workspace,
        port: Int?
    ) throws -> PostgresServer {
        let port = try port ?? FreePort.take()
        let server = PostgresServer(workspace: workspace, name: name, installation: installation, port: port)
        try TextFile.makeFolder("\(workspace.path)/\(name)", mode: 0o755)
        try TextFile.makeFolder(server.socketDirectory)
        try TextFile.write("\(installation.major) \(port)\n", to: "\(workspace.path)/\(name)/server")
        return server
    }

    /// Writes the settings that make this server this one.
    func settle(_ settings: [String: String]) throws {
        let own = [
            "port": "\(port)", "unix_socket_directories": "'\(socketDirectory)'", "listen_addresses": "'127.0.0.1'",
        ]
        try writeSettings(own.merging(settings) { $1 }, to: "10-server.conf")
    }

    // MARK: Settings

    /// Sets what a test or a fault needs, in place of what it set before; `start`, `restart` or `reload` applies it.
    public func configure(_ settings: [String: String]) throws {
        try writeSettings(settings, to: "50-fault.conf")
    }

    /// Writes `pg_hba.conf`; the default trusts everyone.
    public func writeHBA(_ lines: [String] = PostgresServer.trustEveryone) throws {
        try TextFile.write(lines.joined(separator: "\n") + "\n", to: "\(dataDirectory)/pg_hba.conf", mode: 0o600)
    }

    /// The lines of `pg_hba.conf` that trust everyone.
    public static let trustEveryone = [
        "local all all trust", "host all all all trust", "local replication all trust",
        "host replication all all trust",
    ]

    /// Has the postmaster read its files again.
    public func reload() { postmaster?.send(SIGHUP) }

    private func writeSettings(_ settings: [String: String], to file: String) throws {
        let lines = settings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }
        try TextFile.write(lines.joined(), to: "\(dataDirectory)/conf.d/\(file)", mode: 0o600)
    }

    // MARK: Starting and stopping

    /// Starts the server and waits until it accepts connections, or says that it will not (`hot_standby = off`).
    public func start(within seconds: Double = 30) async throws {
        let process = try await launch()
        let isUp = await eventually(within: seconds) {
            // The lock file may still be that of a server that was killed.
            (lockFile.first == "\(process.pid)" && ["ready", "standby"].contains(lockFileStatus)) || !process.isAlive
        }
        guard isUp, process.isAlive else {
            throw TimedOut("\(name) (PostgreSQL \(installation.major)) did not start:\n\(lastLogLines())")
        }
    }

    /// Starts the server and does not wait.
    ///
    /// - Parameters:
    ///   - prefix: A program that execs the rest, such as `ip netns exec NAME`.
    ///   - environment: Variables to set for the server.
    @discardableResult
    public func launch(
        prefix: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> TrackedProcess {
        try await workspace.start(
            name,
            [installation.program("postgres"), "-D", dataDirectory],
            environment: environment,
            prefix: prefix
        )
    }

    /// Asks the server to stop.
    ///
    /// - Parameters:
    ///   - mode: How.
    ///   - seconds: How long to wait for its end; 0 not to wait. It is an error if it takes longer.
    public func stop(_ mode: StopMode = .fast, within seconds: Double = 30) async throws {
        guard let process = workspace.process(name) ?? postmaster else { return }
        process.send(mode.signal)
        process.send(SIGCONT)
        guard seconds > 0 else { return }
        guard await process.ended(within: seconds) else {
            throw TimedOut("\(name) did not stop within \(seconds) s:\n\(lastLogLines())")
        }
    }

    /// The ways to ask a server to stop.
    public enum StopMode: Sendable {
        /// Waits for sessions to end (SIGTERM).
        case smart
        /// Ends sessions (SIGINT).
        case fast
        /// Ends everything without a checkpoint (SIGQUIT).
        case immediate

        /// The signal that asks for it.
        public var signal: Int32 {
            switch self {
            case .smart: SIGTERM
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        }
    }

    /// Kills the postmaster with SIGKILL and waits until its children are gone too.
    public func crash() async {
        let family = children + [postmaster].compactMap(\.self)
        postmaster?.send(SIGKILL)
        for process in family { await process.ended(within: 5) }
    }

    /// Kills the server and all its children, whatever state they are in, and waits.
    public func destroy() async {
        workspace.process(name)?.send(SIGKILL)
        _ = await eventually(within: 5) {
            let left = Workspace.processes(workingIn: "\(workspace.path)/\(name)")
            for process in left { process.send(SIGKILL) }
            return left.isEmpty && workspace.process(name) == nil
        }
    }

    // MARK: Looking

    /// The lines of `postmaster.pid`; none where it is not there.
    public var lockFile: [String] {
        guard let text = try? TextFile.read("\(dataDirectory)/postmaster.pid") else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Line 8 of `postmaster.pid` without its padding: `starting`, `ready`, `standby`, `stopping`.
    public var lockFileStatus: String? {
        let lines = lockFile
        return lines.count > 7 ? String(lines[7].prefix { $0 != " " }) : nil
    }

    /// The postmaster, or the single-user backend, that the lock file names; nil where it is dead.
    public var postmaster: TrackedProcess? {
        guard let line = lockFile.first, let pid = Int32(line) else { return nil }
        return TrackedProcess(pid: abs(pid))
    }

    /// The postmaster's children that live.
    public var children: [TrackedProcess] { childStatuses.compactMap { TrackedProcess(pid: $0.pid) } }

    /// The child whose title contains `text`, such as `startup` or `checkpointer`.
    public func child(titled text: String) -> TrackedProcess? {
        childStatuses.first { $0.title.contains(text) }.flatMap { TrackedProcess(pid: $0.pid) }
    }

    /// The process ids of all children whose titles contain `text`.
    public func childPIDs(titled text: String) -> [Int32] {
        childStatuses.filter { $0.title.contains(text) }.map(\.pid)
    }

    private var childStatuses: [ProcessStatus] {
        guard let parent = postmaster?.pid else { return [] }
        return ProcessStatus.all().filter { $0.parent == parent && $0.state != "Z" }
    }

    /// The end of the server's log, for messages.
    public func lastLogLines(_ count: Int = 15) -> String {
        let lines = ((try? TextFile.read(logFile)) ?? "").split(separator: "\n")
        return lines.suffix(count).joined(separator: "\n")
    }
}
