import Diagnosis
import Support
import Testing

@testable import Sidecar

@Suite struct SettingsTests {
    private func problem(_ flags: [SettingKey: String], _ environment: [String: String] = [:]) -> String? {
        do throws(ConfigurationError) {
            _ = try Settings(flags: flags, environment: environment)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func flagBeforeEnvironmentBeforeDefault() throws {
        let environment = ["HOWDAH_LISTEN": "127.0.0.1:1", "PGDATA": "/from/pgdata", "HOWDAH_POLICY": ""]
        let settings = try Settings(flags: [.listen: "127.0.0.1:2"], environment: environment)
        #expect("\(settings.listen)" == "127.0.0.1:2")
        #expect(settings.dataDirectory == "/from/pgdata")
        let values = try Settings.resolve(flags: [.listen: "127.0.0.1:2"], environment: environment)
        #expect(values.first { $0.key == .listen }?.origin == .flag("listen"))
        #expect(values.first { $0.key == .dataDirectory }?.origin == .environment("PGDATA"))
        #expect(values.first { $0.key == .policy }?.origin == .builtIn)
        #expect(values.map(\.key) == SettingKey.allCases)
    }

    @Test func aFileStandsBetweenEnvironmentAndDefault() async throws {
        try await Workspace.with { workspace in
            let path = "\(workspace.path)/howdah.conf"
            let text =
                "# ours\nlisten = '127.0.0.1:3'\n\nlog-level = debug # for now\r\npostgres = password=a#b\npolicy =\n"
            try TextFile.write(text, to: path)
            let flags: [SettingKey: String] = [.configFile: path]
            let settings = try Settings(flags: flags, environment: ["HOWDAH_LOG_LEVEL": "error"])
            #expect("\(settings.listen)" == "127.0.0.1:3")
            #expect("\(settings.logLevel)" == "error")
            let page = try ConfigurationPage.text(flags: flags, environment: [:])
            #expect(page.contains("\(path) line 2") && page.contains("\(path) line 4"))
            #expect(page.contains("\(path) line 5") && !page.contains("a#b"))
            #expect(settings.policy == Policy())
            for (wrong, expected) in [
                ("lisen = 1", "line 1: unknown setting `lisen`; expected one of postgres, "),
                ("\nlisten", "line 2: expected `name = value`"),
                ("# a comment\r\nlisten\r\n", "line 2: expected `name = value`"),
                ("postgres://u:secret@db/app?sslmode=require", "line 1: expected `name = value` with a name of"),
                ("store = 'x", "line 1: the value of store has a quote that does not end"),
                ("store = a\nstore = b", "line 2: store is set twice; the first time on line 1"),
            ] {
                try TextFile.write(wrong, to: path)
                let line = problem(flags) ?? "accepted"
                #expect(line.contains(expected) && !line.contains("secret"), "\(line)")
            }
            #expect(problem([:], ["HOWDAH_CONFIG_FILE": "/no/such"])?.contains("cannot read /no/such") == true)
        }
    }

    @Test func everyWrongValueNamesKeySourceAndWhatIsAccepted() {
        let cases: [([SettingKey: String], [String])] = [
            ([.logLevel: "loud"], ["log-level = \"loud\"", "flag --log-level", "trace, debug, info"]),
            ([.logFormat: "xml"], ["log-format", "json or text"]),
            ([.admissionInterval: "0"], ["admission-interval = \"0\"", "1 to 300"]),
            ([.patroni: "localhost"], ["patroni", "http://127.0.0.1:8008"]),
            ([.listen: "nowhere"], ["listen = \"nowhere\"", "flag --listen"]),
            ([.policy: "/no/such/file"], ["policy", "cannot read /no/such/file: No such file or directory"]),
        ]
        for (flags, expected) in cases {
            let line = problem(flags) ?? "accepted"
            for part in expected { #expect(line.contains(part), "\(line)") }
            #expect(!line.contains("\n"))
        }
        let fromEnvironment = problem([:], ["HOWDAH_LOG_LEVEL": "loud"])
        #expect(fromEnvironment?.contains("environment HOWDAH_LOG_LEVEL") == true)
    }

    @Test func badConninfoDoesNotShowThePassword() {
        let line = problem([.postgres: "host=db password=hunter2 nonsense=1"]) ?? "accepted"
        #expect(line.contains("postgres"))
        #expect(!line.contains("hunter2"))
    }

    @Test func configurationPageMasksSecrets() throws {
        for conninfo in [
            "host=db password=hunter2 user=x", "postgresql://x:hunter2@db/shop", "host=db password = 'hunter2'",
        ] {
            let page = try ConfigurationPage.text(flags: [.postgres: conninfo], environment: [:])
            #expect(!page.contains("hunter2"), "\(page)")
            #expect(page.contains("db"), "\(page)")
        }
        let page = try ConfigurationPage.text(flags: [:], environment: ["HOWDAH_LISTEN": "[::1]:9"])
        for key in SettingKey.allCases { #expect(page.contains(key.rawValue)) }
        #expect(page.contains("environment HOWDAH_LISTEN"))
    }
}

@Suite struct ConditionPagesTests {
    @Test func everyConditionExplainsItself() throws {
        let list = ConditionPages.list()
        for name in list.split(separator: "\n").filter({ $0.hasPrefix("  ") }).compactMap({
            $0.split(separator: " ").first
        }) {
            let page = try ConditionPages.explain(String(name))
            #expect(page.contains("How it is recognised"))
            #expect(page.split(separator: "\n").allSatisfy { $0.count <= 160 })
        }
    }

    @Test func unknownNamesAreAnsweredWithNearOnes() {
        #expect {
            try ConditionPages.explain("connection_full")
        } throws: { error in
            "\(error)".contains("unknown condition \"connection_full\"; did you mean connections_full")
        }
    }
}

@Suite struct PaceTests {
    @Test func failuresSlowDownWithJitterUpToALimit() {
        let pace = Pace(cadence: 5, deadline: 2, firstRetry: 1, longestRetry: 15)
        #expect(pace.wait(afterFailures: 0) == 5)
        for (failures, expected) in [(1, 1.0), (2, 2), (3, 4), (4, 8), (5, 15), (500, 15)] {
            for _ in 0..<50 {
                let wait = pace.wait(afterFailures: failures)
                #expect(wait >= expected * 0.75 && wait <= expected * 1.25, "\(failures): \(wait)")
            }
        }
    }
}
