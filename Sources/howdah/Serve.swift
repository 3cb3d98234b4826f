import ArgumentParser
import Sidecar

/// Every setting as a flag; what is not given comes from the environment, the settings file or the default.
struct ServeOptions: ParsableArguments {
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.postgres.help)) var postgres: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.postgresPasswordFile.help)) var postgresPasswordFile: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.dataDirectory.help)) var dataDirectory: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.serverLog.help)) var serverLog: [String] = []
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.patroni.help)) var patroni: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.storeEndpoints.help)) var storeEndpoints: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.listen.help)) var listen: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.localListen.help)) var localListen: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.runDirectory.help)) var runDirectory: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.store.help)) var store: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.policy.help)) var policy: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.admissionInterval.help)) var admissionInterval: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.logLevel.help)) var logLevel: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.logFormat.help)) var logFormat: String?
    @Option(help: ArgumentHelp(stringLiteral: SettingKey.configFile.help)) var configFile: String?

    /// The flags that were given.
    var flags: [SettingKey: String] {
        let given: [(SettingKey, String?)] = [
            (.postgres, postgres), (.postgresPasswordFile, postgresPasswordFile), (.dataDirectory, dataDirectory),
            (.serverLog, serverLog.isEmpty ? nil : serverLog.joined(separator: ",")), (.patroni, patroni),
            (.storeEndpoints, storeEndpoints), (.listen, listen), (.localListen, localListen),
            (.runDirectory, runDirectory), (.store, store), (.policy, policy), (.admissionInterval, admissionInterval),
            (.logLevel, logLevel), (.logFormat, logFormat), (.configFile, configFile),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { key, text in text.map { (key, $0) } })
    }
}

/// `howdah serve`: the sidecar.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the sidecar beside one server.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let settings = try Settings(flags: options.flags, environment: processEnvironment())
        try await Application(settings: settings).run()
    }
}

/// `howdah config`: the effective configuration.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints every setting with its value and where it came from, secrets masked."
    )

    @OptionGroup var options: ServeOptions

    func run() throws {
        let environment = processEnvironment()
        tell(try ConfigurationPage.text(flags: options.flags, environment: environment))
        _ = try Settings(flags: options.flags, environment: environment)
    }
}
