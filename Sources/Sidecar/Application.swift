import Deadlines
import Diagnosis
import Endpoints
import Facts
import Glibc
import Logging
import PostgresLink
import Sensors
import ServiceLifecycle
import UnixSignals

/// `howdah serve`: wires sensors, diagnosis and windows together, and is the only place that starts tasks.
public struct Application: Sendable {
    /// Howdah's version.
    public static let version = "0.1.0"

    /// How long a graceful shutdown may take.
    static let shutdownSeconds = 5

    private let settings: Settings

    /// Takes settings that have been read and checked.
    public init(settings: Settings) { self.settings = settings }

    /// The environment of this process.
    public static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return result
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: `ConfigurationError` where the run directory or a listener cannot be had.
    public func run() async throws(ConfigurationError) {
        // A reader that goes away must not end the sidecar.
        signal(SIGPIPE, SIG_IGN)
        let logger = makeLogger()
        try prepareRunDirectory()
        let watcher: EventWatcher
        do { watcher = try EventWatcher() } catch { throw ConfigurationError("cannot start: \(error)") }
        let changed = WakeUp()
        let board = Board(snapshot: firstSnapshot(), policy: settings.policy, version: Self.version) { changed.call() }
        let server = HTTPServer(source: board, logger: logger) { SystemClock.now() }
        let listeners = try makeListeners(server)
        let herald = Herald(
            board: board,
            changed: changed,
            stateFile: StateFile(runDirectory: settings.runDirectory),
            servers: probeServers(),
            logger: logger
        )
        let watch = Watch(settings: settings, board: board, watcher: watcher)
        let group = ServiceGroup(
            configuration: configuration(listeners: listeners, herald: herald, watch: watch, logger: logger)
        )
        try await serve(group, listeners: listeners, logger: logger)
        await server.shutDown()
        watcher.shutdown()
    }

    private func serve(
        _ group: ServiceGroup,
        listeners: [HTTPListener],
        logger: Logger
    ) async throws(ConfigurationError) {
        let outcome = await withTaskGroup(of: ConfigurationError?.self) { tasks -> ConfigurationError? in
            tasks.addTask {
                do {
                    try await group.run()
                    return nil
                } catch {
                    return ConfigurationError("\(error)")
                }
            }
            tasks.addTask { await Self.announce(listeners, logger: logger) }
            var first: ConfigurationError?
            for await problem in tasks where first == nil {
                first = problem
                if problem != nil { await group.triggerGracefulShutdown() }
            }
            return first
        }
        if let outcome { throw outcome }
    }

    private static func announce(_ listeners: [HTTPListener], logger: Logger) async -> ConfigurationError? {
        for listener in listeners {
            do throws(ListenError) {
                let address = try await listener.bound()
                logger.info(
                    "listening",
                    metadata: ["address": "\(address)", "audience": "\(listener.audience.rawValue)"]
                )
            } catch {
                return ConfigurationError(error.description)
            }
        }
        return nil
    }

    private func makeLogger() -> Logger {
        let format = settings.logFormat ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
        let level = settings.logLevel
        var logger = Logger(label: "howdah") { _ in LineLogHandler(level: level, format: format) }
        logger.logLevel = level
        return logger
    }

    private func firstSnapshot() -> Snapshot {
        var snapshot = Snapshot()
        snapshot.watchingSince = SystemClock.now()
        snapshot.hasAgent = settings.hasAgent
        snapshot.hasDataDirectory = settings.dataDirectory != nil
        snapshot.address = settings.link.describeAddress
        snapshot.port = settings.link.port
        snapshot.sensors = SensorID.allCases.map { SensorStatus(id: $0, cadenceSeconds: Watch.cadence($0, settings)) }
        return snapshot
    }

    private func prepareRunDirectory() throws(ConfigurationError) {
        let directory = settings.runDirectory
        let origin = settings.values.first { $0.key == .runDirectory }
        func problem(_ text: String) -> ConfigurationError {
            origin.map { ConfigurationError($0, text) } ?? ConfigurationError(text)
        }
        if unsafe mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw problem("cannot make the directory: \(errorText())")
        }
        guard unsafe access(directory, W_OK | X_OK) == 0 else {
            throw problem("the directory is not writable: \(errorText())")
        }
        var status = stat()
        guard unsafe stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw problem("not a directory")
        }
    }

    private func makeListeners(_ server: HTTPServer) throws(ConfigurationError) -> [HTTPListener] {
        var listeners = [server.listener(on: settings.listen, for: .everyone)]
        if let local = settings.localListen { listeners.append(server.listener(on: local, for: .local)) }
        do {
            let socket = try ListenAddress.socket(path: settings.runDirectory + "/howdah.sock")
            listeners.append(server.listener(on: socket, for: .local))
        } catch {
            throw ConfigurationError("run-directory = \"\(settings.runDirectory)\": \(error)")
        }
        return listeners
    }

    /// Where the exec probe can ask the server itself while Howdah is down: no names, it cannot resolve any.
    private func probeServers() -> [StateFile.Server] {
        settings.link.endpoints.compactMap { endpoint in
            switch endpoint {
            case .socket(let directory, let port): StateFile.Server.unix(path: "\(directory)/.s.PGSQL.\(port)")
            case .host(let name, let address, let port): numericServer(address ?? name, port: port)
            }
        }
    }

    private func numericServer(_ address: String, port: Int) -> StateFile.Server? {
        let isNumeric = !address.isEmpty && (address.contains(":") || address.allSatisfy { $0.isNumber || $0 == "." })
        if address == "localhost" { return .tcp(address: "127.0.0.1", port: port) }
        return isNumeric ? .tcp(address: address, port: port) : nil
    }

    private func configuration(
        listeners: [HTTPListener],
        herald: Herald,
        watch: Watch,
        logger: Logger
    ) -> ServiceGroupConfiguration {
        // Shut down in reverse order: the sensors stop first, the windows last, so that the final state stays visible.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        var configuration = ServiceGroupConfiguration(
            services: listeners.map { .init(service: $0) } + [.init(service: herald), .init(service: watch)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet
        )
        configuration.maximumGracefulShutdownDuration = .seconds(Self.shutdownSeconds)
        return configuration
    }
}
