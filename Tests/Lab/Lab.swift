import Faults
import FoundationEssentials
import Glibc
import Support

/// The servers and sidecars of `deploy/try`.
struct Lab {
    let workspace: Workspace
    let primary: PostgresServer
    let standby: PostgresServer
    let primarySidecar: HowdahSidecar
    let standbySidecar: HowdahSidecar

    /// The primary's sidecar listens on this port and the next one (local), the standby's a hundred above.
    ///
    /// `HOWDAH_TRY_PORT` moves all four.
    static let firstPort = ProcessInfo.processInfo.environment["HOWDAH_TRY_PORT"].flatMap { Int($0) } ?? 9187

    /// The folder that holds everything.
    static var path: String {
        ProcessInfo.processInfo.environment["HOWDAH_TRY_DIRECTORY"] ?? "\(Workspace.parent)/howdah-try"
    }

    static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    // MARK: Starting and stopping

    static func start(major: Int) async throws {
        if let lab = try? open(), lab.isWhole {
            print("already running")
            return try await lab.printStatus()
        }
        // What an unclean end left behind goes first.
        try await Workspace(at: path).remove()
        for port in [firstPort, firstPort + 1, firstPort + 100, firstPort + 101] where !FreePort.isFree(port) {
            throw Refusal(
                "port \(port) of 127.0.0.1 is taken by another program; nothing was started (HOWDAH_TRY_PORT moves us)"
            )
        }
        do {
            try await build(major: major)
        } catch {
            try await Workspace(at: path).remove()
            throw error
        }
    }

    private static func build(major: Int) async throws {
        let workspace = try Workspace(at: path)
        let primary = try await PostgresServer.make(major, in: workspace)
        try await primary.start()
        let standby = try await primary.makeStandby()
        try await standby.start()
        let lab = try Lab(
            workspace: workspace,
            primary: primary,
            standby: standby,
            primarySidecar: HowdahSidecar(of: primary, port: firstPort, localPort: firstPort + 1),
            standbySidecar: HowdahSidecar(of: standby, port: firstPort + 100, localPort: firstPort + 101)
        )
        for cast in [Fault.Cast.primary, .standby] {
            let stage = try lab.stage(for: cast)
            try await stage.sidecar.start(stage.ordinaryOptions)
            try await stage.sees(.live(cast == .primary ? "primary" : "standby"))
        }
        try await lab.printStatus()
    }

    /// Opens the lab that an earlier call started.
    static func open() throws -> Lab {
        guard TextFile.exists("\(path)/standby/server") else { throw Refusal("nothing runs; `start` comes first") }
        let workspace = try Workspace(at: path)
        let primary = try PostgresServer(named: "primary", in: workspace)
        let standby = try PostgresServer(named: "standby", in: workspace)
        return try Lab(
            workspace: workspace,
            primary: primary,
            standby: standby,
            primarySidecar: HowdahSidecar(of: primary),
            standbySidecar: HowdahSidecar(of: standby)
        )
    }

    static func stop() async throws {
        guard TextFile.exists(path) else { return print("nothing runs") }
        try await Workspace(at: path).remove()
        print("stopped")
    }

    /// Whether all four processes live; a broken server counts, because a fault may have ended it.
    private var isWhole: Bool {
        guard primarySidecar.process != nil, standbySidecar.process != nil else { return false }
        return brokenFault != nil || (primary.postmaster != nil && standby.postmaster != nil)
    }

    private func stage(for cast: Fault.Cast) throws -> Stage {
        switch cast {
        case .primary: Stage(server: primary, upstream: nil, sidecar: primarySidecar)
        case .standby: Stage(server: standby, upstream: primary, sidecar: standbySidecar)
        }
    }

    // MARK: Faults

    private var brokenFile: String { "\(workspace.path)/broken" }

    /// The fault that is on.
    private var brokenFault: Fault? {
        guard let name = try? TextFile.read(brokenFile) else { return nil }
        return Fault.named(name.filter { $0 != "\n" })
    }

    func strike(_ name: String) async throws {
        guard let fault = Fault.named(name) else {
            throw Refusal("unknown fault \(name); `list` names them", exitCode: 2)
        }
        if let brokenFault { throw Refusal("\(brokenFault.name) is on; `mend` comes first") }
        let stage = try stage(for: fault.cast)
        try TextFile.write(fault.name + "\n", to: brokenFile)
        print("\(fault.name): \(fault.summary)")
        if fault.sidecar(stage) != stage.ordinaryOptions {
            try await stage.sidecar.restart(fault.sidecar(stage))
            try await stage.sees(.live(fault.cast == .primary ? "primary" : "standby"))
        }
        let performance = try await fault.play(on: stage)
        print("reached after \(Int(performance.seconds * 1000)) ms\n")
        try await printStatus()
    }

    func mend() async throws {
        guard let fault = brokenFault else { throw Refusal("nothing is broken") }
        let stage = try stage(for: fault.cast)
        try await fault.undo(on: stage)
        try await fault.cleanUp(stage)
        if fault.sidecar(stage) != stage.ordinaryOptions { try await stage.sidecar.restart(stage.ordinaryOptions) }
        try await stage.sees(.live(fault.cast == .primary ? "primary" : "standby", within: 30))
        TextFile.remove(brokenFile)
        print("mended \(fault.name)\n")
        try await printStatus()
    }

    // MARK: Telling

    func printStatus() async throws {
        for (sidecar, server) in [(primarySidecar, primary), (standbySidecar, standby)] {
            print(
                "\(server.name): PostgreSQL \(server.installation.major), psql '\(server.conninfo(user: "postgres"))'"
            )
            print("  sidecar: http://127.0.0.1:\(sidecar.port) (public), http://127.0.0.1:\(sidecar.localPort) (local)")
            do {
                Self.printVerdict(try await sidecar.state())
            } catch {
                print("  does not answer: \(error)")
            }
        }
        if let brokenFault { print("broken: \(brokenFault.name); `mend` brings it back") }
    }

    private static func printVerdict(_ document: StateDocument) {
        print("  \(document.summary)")
        print("  state \(document.state), phase \(document.phase), role \(document.role)")
        for condition in document.conditions {
            print("  \(condition.severity): \(condition.condition): \(condition.message)")
            for evidence in condition.evidence { print("    \(evidence.source) \(evidence.fact): \(evidence.value)") }
        }
    }
}

/// Prints a line to standard error.
func complain(_ text: String) {
    _ = unsafe Array("howdah-lab: \(text)\n".utf8).withUnsafeBytes { bytes in
        unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
}
