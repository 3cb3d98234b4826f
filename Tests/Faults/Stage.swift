public import Support

/// The servers and the sidecar that a fault is played on.
public struct Stage: Sendable {
    /// Where everything lives.
    public let workspace: Workspace
    /// The server that the fault concerns.
    public let server: PostgresServer
    /// The primary that `server` streams from, where it is a standby.
    public let upstream: PostgresServer?
    /// The sidecar beside `server`.
    public let sidecar: HowdahSidecar
    /// What the sidecar says, from the moment the stage was set.
    public let feed: VerdictFeed

    /// Sets the stage with servers that are there already.
    public init(server: PostgresServer, upstream: PostgresServer?, sidecar: HowdahSidecar) {
        workspace = server.workspace
        self.server = server
        self.upstream = upstream
        self.sidecar = sidecar
        feed = sidecar.feed()
    }

    /// Makes and starts the servers and the sidecar that a fault needs, and waits until the sidecar says `live`.
    public static func set(for fault: Fault, major: Int, in workspace: Workspace) async throws -> Stage {
        let primary = try await PostgresServer.make(major, in: workspace)
        try await primary.start()
        var server = primary
        var upstream: PostgresServer?
        if fault.cast == .standby {
            upstream = primary
            server = try await primary.makeStandby()
            try await server.start()
        }
        let stage = try Stage(server: server, upstream: upstream, sidecar: HowdahSidecar(of: server))
        try await stage.sidecar.start(fault.sidecar(stage))
        try await stage.sees(.live(fault.cast == .primary ? "primary" : "standby"))
        return stage
    }

    /// The usual sidecar: the Unix socket and the data directory.
    public var ordinaryOptions: HowdahSidecar.Options {
        var options = HowdahSidecar.Options()
        options.dataDirectory = server.dataDirectory
        return options
    }

    /// A sidecar on another host, as far as it can tell: TCP, no files, no processes.
    public var remoteOptions: HowdahSidecar.Options {
        var options = HowdahSidecar.Options()
        options.postgres = server.conninfo(overTCP: true)
        options.sight = .nothingLocal
        return options
    }

    /// The usual sidecar with a policy.
    public func options(policy: String) -> HowdahSidecar.Options {
        var options = ordinaryOptions
        options.policy = policy
        return options
    }

    // MARK: Steps that faults share

    /// Waits until the sidecar's latest verdict is as expected.
    public func sees(_ expected: Expectation) async throws {
        let came = await feed.settles(within: expected.within) { expected.differences(from: $0).isEmpty }
        guard came else { throw unexpected(expected) }
    }

    /// Waits until the sidecar's latest verdict has this phase.
    public func seesPhase(_ phase: String, within seconds: Double = 10) async throws {
        guard await feed.settles(within: seconds, where: { $0.phase == phase }) else {
            throw TimedOut("the sidecar did not say \(phase): \(feed.digest)")
        }
    }

    /// Stops the server and waits until the sidecar knows.
    public func stopServer() async throws {
        try await server.stop(.fast)
        try await seesPhase("stopped")
    }

    /// Kills a server that was struck, if it runs, and starts it as it should be.
    public func startAgain() async throws {
        await server.destroy()
        try server.configure([:])
        try server.writeHBA()
        try await server.start()
    }

    /// Ends Howdah's own session, so that it has to come in again.
    public func endObserverSession(user: String = "howdah") async throws {
        try await server.psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '\(user)'",
            database: "app"
        )
    }

    /// Makes the standby anew from its upstream, whatever became of it.
    public func rebuildStandby() async throws {
        guard let upstream else { return }
        await server.destroy()
        try await server.recopy(from: upstream)
        try await server.start()
    }

    func unexpected(_ expected: Expectation) -> TimedOut {
        let differences = feed.latest.map { expected.differences(from: $0) } ?? []
        return TimedOut("after \(expected.within) s: \(differences.joined(separator: "; ")). It says: \(feed.digest)")
    }
}
