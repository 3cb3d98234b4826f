import Dispatch
import FoundationEssentials
import Glibc

/// A real `howdah serve` beside a server of a test.
///
/// Everything about it is in the workspace, so another process can open it again with the same arguments.
public struct HowdahSidecar: Sendable {
    /// The server that it watches.
    public let server: PostgresServer
    /// Its name in the workspace.
    public let name: String
    /// The port of its public listener, on 127.0.0.1.
    public let port: Int
    /// The port of its local listener.
    public let localPort: Int

    /// The folder of the state file and the Unix socket.
    public var runDirectory: String { "\(server.workspace.path)/\(name).run" }
    /// The file that it logs to.
    public var logFile: String { server.workspace.logFile(of: name) }

    /// What the sidecar is told, and what of the machine it can see.
    public struct Options: Sendable, Equatable {
        /// The connection string; nil for `server.conninfo()`.
        public var postgres: String?
        /// `--data-directory`; nil leaves the flag away.
        public var dataDirectory: String?
        /// The text of a policy file; empty for the built-in policy.
        public var policy = ""
        /// What it sees of the machine.
        public var sight = Sight.everything
        /// More flags.
        public var flags: [String] = []

        /// The server's own connection string and data directory, and the built-in policy.
        public init() {}

        /// What a sidecar sees of the machine that the server runs on.
        public enum Sight: Sendable, Equatable {
            /// The data directory and the processes.
            case everything
            /// The processes, but not the server's files; a mount namespace hides them.
            case noFiles
            /// Neither files nor processes, as on another host; mount and process namespaces hide them.
            case nothingLocal
        }
    }

    /// Describes a sidecar; `start` runs it.
    public init(of server: PostgresServer, port: Int? = nil, localPort: Int? = nil) throws {
        self.server = server
        name = "\(server.name)-sidecar"
        let record = "\(server.workspace.path)/\(name).ports"
        let known = ((try? TextFile.read(record)) ?? "").split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        self.port = try known.first ?? port ?? FreePort.take()
        self.localPort = try known.count > 1 ? known[1] : localPort ?? FreePort.take()
        if known.isEmpty { try TextFile.write("\(self.port) \(self.localPort)\n", to: record) }
    }

    /// The `howdah` that the tests run: `$HOWDAH_BINARY`, or the release build of this project.
    public static var binary: String {
        ProcessInfo.processInfo.environment["HOWDAH_BINARY"] ?? "\(Project.root)/.build/release/howdah"
    }

    // MARK: Running

    /// Starts the sidecar and waits until it answers.
    public func start(_ options: Options = Options(), within seconds: Double = 10) async throws {
        guard TextFile.exists(Self.binary) else {
            throw TimedOut("no sidecar at \(Self.binary): build it with swift build -c release --product howdah")
        }
        try TextFile.makeFolder(runDirectory, mode: 0o700)
        var arguments = [
            Self.binary, "serve", "--postgres", options.postgres ?? server.conninfo(), "--listen", "127.0.0.1:\(port)",
            "--local-listen", "127.0.0.1:\(localPort)", "--run-directory", runDirectory, "--store", "memory",
            "--log-format", "json",
        ]
        if let directory = options.dataDirectory { arguments += ["--data-directory", directory] }
        if !options.policy.isEmpty {
            let file = "\(server.workspace.path)/\(name).policy"
            try TextFile.write(options.policy + "\n", to: file)
            arguments += ["--policy", file]
        }
        let process = try await server.workspace.start(
            name,
            arguments + options.flags,
            prefix: prefix(for: options.sight)
        )
        let isUp = await eventually(within: seconds, every: 20) {
            if !process.isAlive { return true }
            return (try? await get("/healthz"))?.status == 200
        }
        guard isUp, process.isAlive else {
            let log = ((try? TextFile.read(logFile)) ?? "").suffix(2000)
            throw TimedOut("\(name) did not come up:\n\(log)")
        }
    }

    /// Ends the sidecar.
    public func stop() async { await server.workspace.end(name) }

    /// Ends the sidecar and starts it with other options.
    public func restart(_ options: Options = Options()) async throws {
        await stop()
        try await start(options)
    }

    /// The process, if it lives.
    public var process: TrackedProcess? { server.workspace.process(name) }

    /// Words before the command that hide things from it; they need root.
    private func prefix(for sight: Options.Sight) -> [String] {
        // An empty file system over the server's folder hides data directory and socket; the rest stays as it is.
        let hide = #"mount -t tmpfs none "$0" && exec "$@""#
        let folder = "\(server.workspace.path)/\(server.name)"
        switch sight {
        case .everything: return []
        case .noFiles: return ["unshare", "--mount", "sh", "-c", hide, folder]
        case .nothingLocal:
            return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", hide, folder]
        }
    }

    // MARK: Asking

    /// Follows the verdict from now on.
    public func feed() -> VerdictFeed { VerdictFeed(port: localPort) }

    /// Asks the local listener.
    ///
    /// - Returns: The status code and the body.
    public func get(_ path: String, within seconds: Int = 10) async throws -> (status: Int, body: String) {
        let port = localPort
        let response = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try HTTPConnection(port: port, timeoutSeconds: seconds).get(path) }
                )
            }
        }
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// The document at `/state`.
    public func state() async throws -> StateDocument {
        try await JSONDecoder().decode(StateDocument.self, from: Data(get("/state").body.utf8))
    }
}
