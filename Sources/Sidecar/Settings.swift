public import Diagnosis
public import Endpoints
public import Logging
public import PostgresLink

/// Where a setting's value came from.
public enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    /// A flag on the command line.
    case flag(String)
    /// An environment variable.
    case environment(String)
    /// A line of the settings file.
    case file(String, line: Int)
    /// The built-in default.
    case builtIn

    /// As people read it: `flag --listen`, `environment HOWDAH_LISTEN`, `/etc/howdah.conf line 3`, `default`.
    public var description: String {
        switch self {
        case .flag(let name): "flag --\(name)"
        case .environment(let name): "environment \(name)"
        case .file(let path, let line): "\(path) line \(line)"
        case .builtIn: "default"
        }
    }
}

/// A setting as it was written, with where it came from.
public struct SettingValue: Sendable, Hashable {
    /// Which setting.
    public var key: SettingKey
    /// The text; nil where it is not set.
    public var text: String?
    /// Where it came from.
    public var origin: SettingOrigin
}

/// Why a start or a command cannot go on: one line that names key, value, source and what would be accepted.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line.
    public var description: String

    /// Makes the line.
    public init(_ description: String) { self.description = description }

    init(_ value: SettingValue, _ problem: String) {
        let text = value.key.isSecret ? "" : value.text.map { " = \"\($0.prefix(200))\"" } ?? ""
        description = "\(value.key.rawValue)\(text) (\(value.origin)): \(problem)"
    }
}

/// The settings of `howdah serve`, read and checked; nothing reads the environment after this.
public struct Settings: Sendable {
    /// Every setting as it was written, in the order of the documentation.
    public var values: [SettingValue]
    /// How to reach the server.
    public var link: LinkConfiguration
    /// The data directory, where one was given.
    public var dataDirectory: String?
    /// Whether an HA agent is configured.
    public var hasAgent: Bool
    /// The public listener.
    public var listen: ListenAddress
    /// The local listener; nil where it is off.
    public var localListen: ListenAddress?
    /// Where the state file and the socket are.
    public var runDirectory: String
    /// The policy, parsed.
    public var policy: Policy
    /// Seconds between admission checks.
    public var admissionInterval: Double
    /// How much to log.
    public var logLevel: Logger.Level
    /// How to log; nil for the default.
    public var logFormat: LogFormat?

    /// The forms of Howdah's own log.
    public enum LogFormat: String, Sendable, Hashable, CaseIterable {
        /// One JSON object a line.
        case json
        /// One line for people.
        case text
    }

    /// Reads the settings: flag, environment, file, default.
    ///
    /// - Throws: `ConfigurationError` at the first value that cannot be used.
    public init(flags: [SettingKey: String], environment: [String: String]) throws(ConfigurationError) {
        let values = try Self.resolve(flags: flags, environment: environment)
        self.values = values
        func value(_ key: SettingKey) -> SettingValue {
            values.first { $0.key == key } ?? SettingValue(key: key, text: key.defaultValue, origin: .builtIn)
        }
        link = try Self.readLink(value(.postgres), passwordFile: value(.postgresPasswordFile))
        dataDirectory = value(.dataDirectory).text
        hasAgent = try Self.readAgent(value(.patroni))
        listen = try Self.readAddress(value(.listen))
        let local = value(.localListen)
        localListen = local.text == "off" ? nil : try Self.readAddress(local)
        runDirectory = value(.runDirectory).text ?? "/run/howdah"
        policy = try Self.readPolicy(value(.policy))
        admissionInterval = try Self.readInterval(value(.admissionInterval))
        logLevel = try Self.readLevel(value(.logLevel))
        logFormat = try Self.readFormat(value(.logFormat))
    }

    /// The values as written, without checking them: `howdah config` shows wrong ones too.
    ///
    /// - Throws: `ConfigurationError` where a settings file is named and is not one.
    public static func resolve(
        flags: [SettingKey: String],
        environment: [String: String]
    ) throws(ConfigurationError) -> [SettingValue] {
        let named = given(.configFile, flags: flags, environment: environment)
        let file = try named.map { value throws(ConfigurationError) in try readFile(value) } ?? [:]
        return SettingKey.allCases.map { key in
            given(key, flags: flags, environment: environment) ?? file[key]
                ?? SettingValue(key: key, text: key.defaultValue, origin: .builtIn)
        }
    }

    private static func given(
        _ key: SettingKey,
        flags: [SettingKey: String],
        environment: [String: String]
    ) -> SettingValue? {
        if let text = flags[key] { return SettingValue(key: key, text: text, origin: .flag(key.rawValue)) }
        for name in [key.environment] + key.otherEnvironment {
            // An empty variable is how deployments say "not set".
            if let text = environment[name], !text.isEmpty {
                return SettingValue(key: key, text: text, origin: .environment(name))
            }
        }
        return nil
    }

    /// The most bytes of a settings file that are read.
    private static let fileLimit = 65_536

    private static func readFile(_ value: SettingValue) throws(ConfigurationError) -> [SettingKey: SettingValue] {
        let path = value.text ?? ""
        let text: String
        do { text = try readTextFile(path, limitBytes: fileLimit) } catch {
            throw ConfigurationError(value, error.description)
        }
        let assignments: [AssignmentLines.Assignment]
        do { assignments = try AssignmentLines.parse(text) } catch {
            throw ConfigurationError(value, "\(path) \(error)")
        }
        var values: [SettingKey: SettingValue] = [:]
        for assignment in assignments {
            guard let key = SettingKey(rawValue: assignment.name), key != .configFile else {
                let known = SettingKey.allCases.filter { $0 != .configFile }.map(\.rawValue).joined(separator: ", ")
                let problem = "unknown setting `\(assignment.name)`; expected one of \(known)"
                throw ConfigurationError(value, "\(path) line \(assignment.line): \(problem)")
            }
            // As with an empty variable: not set.
            guard !assignment.value.isEmpty else { continue }
            let origin = SettingOrigin.file(path, line: assignment.line)
            values[key] = SettingValue(key: key, text: assignment.value, origin: origin)
        }
        return values
    }

    private static func readLink(
        _ value: SettingValue,
        passwordFile: SettingValue
    ) throws(ConfigurationError) -> LinkConfiguration {
        // Unreadable later is a state of its own; unreadable now is a mistake in the deployment.
        if let path = passwordFile.text {
            do { _ = try readTextFile(path, limitBytes: LinkConfiguration.passwordFileLimit) } catch {
                throw ConfigurationError(passwordFile, error.description)
            }
        }
        do {
            return try LinkConfiguration(conninfo: value.text ?? "", passwordFile: passwordFile.text)
        } catch {
            throw ConfigurationError(value, error.message)
        }
    }

    private static func readAgent(_ value: SettingValue) throws(ConfigurationError) -> Bool {
        guard let text = value.text else { return false }
        guard text.hasPrefix("http://") || text.hasPrefix("https://"), text.count > 8 else {
            throw ConfigurationError(value, "expected a URL such as http://127.0.0.1:8008")
        }
        return true
    }

    private static func readAddress(_ value: SettingValue) throws(ConfigurationError) -> ListenAddress {
        do {
            return try ListenAddress(value.text ?? "")
        } catch {
            throw ConfigurationError(value, "\(error)")
        }
    }

    private static func readPolicy(_ value: SettingValue) throws(ConfigurationError) -> Policy {
        guard let path = value.text else { return Policy() }
        let text: String
        do {
            text = try readTextFile(path, limitBytes: PolicyFile.maximumBytes)
        } catch {
            throw ConfigurationError(value, error.description)
        }
        do {
            return try PolicyFile.parse(text)
        } catch {
            throw ConfigurationError(value, "\(path) \(error)")
        }
    }

    private static func readInterval(_ value: SettingValue) throws(ConfigurationError) -> Double {
        guard let seconds = value.text.flatMap(Double.init), seconds >= 1, seconds <= 300 else {
            throw ConfigurationError(value, "expected a number of seconds from 1 to 300")
        }
        return seconds
    }

    private static func readLevel(_ value: SettingValue) throws(ConfigurationError) -> Logger.Level {
        guard let level = value.text.flatMap(Logger.Level.init(rawValue:)) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError(value, "expected one of \(known)")
        }
        return level
    }

    private static func readFormat(_ value: SettingValue) throws(ConfigurationError) -> LogFormat? {
        guard let text = value.text else { return nil }
        guard let format = LogFormat(rawValue: text) else { throw ConfigurationError(value, "expected json or text") }
        return format
    }
}
