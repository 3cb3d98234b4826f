/// The settings of `howdah serve` by their public names: flag, environment variable, default, meaning.
///
/// The flag is `--` and the raw value; the environment variable is `HOWDAH_` and the raw value in capitals.
public enum SettingKey: String, Sendable, Hashable, CaseIterable {
    /// A libpq conninfo string or URI.
    case postgres
    /// A file with the password, re-read at every connect.
    case postgresPasswordFile = "postgres-password-file"
    /// The server's data directory.
    case dataDirectory = "data-directory"
    /// The server's log.
    case serverLog = "server-log"
    /// Base URL of the HA agent.
    case patroni
    /// The consensus store.
    case storeEndpoints = "store-endpoints"
    /// The public listener.
    case listen
    /// The listener for people on the host.
    case localListen = "local-listen"
    /// Where the state file and the socket are.
    case runDirectory = "run-directory"
    /// The embedded database.
    case store
    /// The policy file.
    case policy
    /// Seconds between admission checks.
    case admissionInterval = "admission-interval"
    /// How much Howdah logs.
    case logLevel = "log-level"
    /// How Howdah logs.
    case logFormat = "log-format"
    /// A file with settings.
    case configFile = "config-file"

    /// The environment variable.
    public var environment: String {
        "HOWDAH_" + rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// Other environment variables that are read where the first is not set, in order.
    public var otherEnvironment: [String] {
        switch self {
        case .postgres: ["DATA_SOURCE_NAME"]
        case .dataDirectory: ["PGDATA"]
        default: []
        }
    }

    /// The default, as it would be written; nil where there is none.
    public var defaultValue: String? {
        switch self {
        case .postgres: ""
        case .listen: "0.0.0.0:9187"
        case .localListen: "127.0.0.1:9188"
        case .runDirectory: "/run/howdah"
        case .store: "/var/lib/howdah/howdah.db"
        case .admissionInterval: "5"
        case .logLevel: "info"
        case .postgresPasswordFile, .dataDirectory, .serverLog, .patroni, .storeEndpoints, .policy, .logFormat,
            .configFile:
            nil
        }
    }

    /// What it is, in one line.
    public var help: String {
        switch self {
        case .postgres: "a libpq conninfo string or URI; without it libpq's own PG* variables count"
        case .postgresPasswordFile: "a file with the password; re-read at every connect"
        case .dataDirectory: "the server's data directory, read-only is enough; else the server is asked for it"
        case .serverLog: "the server's log: file, directory or glob (for a later version; accepted and not read yet)"
        case .patroni:
            "base URL of the local agent (for a later version; today it says that an agent restarts the server)"
        case .storeEndpoints: "the agent's store (for a later version; accepted and not read yet)"
        case .listen: "HOST:PORT for metrics, state and probes"
        case .localListen: "HOST:PORT for everything, or off"
        case .runDirectory: "where the state file and howdah.sock are"
        case .store: "the embedded database (for a later version; accepted and not written yet)"
        case .policy: "a file with thresholds, severities and probe effects"
        case .admissionInterval: "seconds between admission checks, 1 to 300"
        case .logLevel: "trace, debug, info, notice, warning, error or critical"
        case .logFormat: "json or text; text where stderr is a terminal"
        case .configFile: "a file with settings, `name = value` a line; flags and environment overrule it"
        }
    }

    /// Whether the value may hold a password.
    public var isSecret: Bool { self == .postgres || self == .patroni || self == .storeEndpoints }
}
