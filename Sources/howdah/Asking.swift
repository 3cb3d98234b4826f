import ArgumentParser
import Glibc
import Sidecar

/// How a subcommand reaches the running sidecar.
struct RemoteOptions: ParsableArguments {
    @Option(help: "http://HOST:PORT of a sidecar; without it the socket in the run directory is asked")
    var address: String?
    @Option(help: "the sidecar's run directory; a settings file of the sidecar is not read here")
    var runDirectory: String?

    func sidecar() throws -> RemoteSidecar {
        let directory = runDirectory ?? processEnvironment()[SettingKey.runDirectory.environment]
        return try RemoteSidecar(
            address: address,
            runDirectory: directory ?? SettingKey.runDirectory.defaultValue ?? ""
        )
    }
}

/// The terminal that a report is laid out for.
struct Terminal {
    var isTerminal = isatty(STDOUT_FILENO) == 1

    /// Query parameters of a text report: colour only where there is a terminal that wants it.
    var query: String {
        let environment = processEnvironment()
        let wantsColour = isTerminal && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
        return "format=text&color=\(wantsColour ? "always" : "never")&width=\(width)"
    }

    private var width: Int {
        var size = winsize()
        guard isTerminal else { return 100 }
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? min(max(Int(size.ws_col), 40), 200) : 100
    }
}

/// `howdah state`: the verdict for a person.
struct State: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the verdict: exit 0 live, 1 live_but, 2 dead, 3 unknown."
    )

    @Flag(help: "the state document instead of the report") var json = false
    @Flag(help: "follow it live") var watch = false
    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let sidecar = try remote.sidecar()
        let terminal = Terminal()
        let path = json ? "/state?" : "/state?\(terminal.query)&"
        var answer: RemoteSidecar.Answer
        do throws(ConfigurationError) {
            answer = try await sidecar.get(String(path.dropLast()))
        } catch {
            // Nobody to ask is "unknown", not a usage error: monitoring plugins read the exit status.
            complain(error.description)
            throw ExitCode(3)
        }
        show(answer.text, terminal)
        while watch {
            // Every two seconds even without a change, so that ages and rates move.
            let next = "\(path)wait=2&since=\(answer.revision ?? 0)"
            do throws(ConfigurationError) {
                answer = try await sidecar.get(next, waiting: 2)
                show(answer.text, terminal)
            } catch {
                show("\(error)\n", terminal)
                try await Task.sleep(for: .seconds(2))
            }
        }
        throw ExitCode(Self.exitStatus(answer.state))
    }

    private func show(_ text: String, _ terminal: Terminal) {
        let clear = watch && terminal.isTerminal && !json ? "\u{1B}[H\u{1B}[2J" : ""
        tell(clear + text + (text.hasSuffix("\n") ? "" : "\n"))
    }

    private static func exitStatus(_ state: String?) -> Int32 {
        switch state {
        case "live": 0
        case "live_but": 1
        case "dead": 2
        default: 3
        }
    }
}

/// `howdah doctor`: what the sidecar can and can't see.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Says what the sidecar can't see and the GRANT, mount or flag that would change it: exit 0 all seen, 1 not."
    )

    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let answer = try await remote.sidecar().get("/doctor?\(Terminal().query)")
        tell(answer.text)
        if !answer.allSeen { throw ExitCode(1) }
    }
}

/// `howdah explain`: one condition.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what a condition means, how it is recognised and what to do."
    )

    @Argument(help: "a condition's name, such as connections_full") var condition: String

    func run() throws { tell(try ConditionPages.explain(condition)) }
}

/// `howdah conditions`: the catalogue.
struct Conditions: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists every condition that Howdah knows.")

    @Flag(help: "as Markdown tables") var markdown = false

    func run() { tell(markdown ? ConditionPages.markdown() : ConditionPages.list()) }
}

/// `howdah install-probe`: the exec probe on a shared volume.
struct InstallProbe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-probe",
        abstract: "Copies howdah-probe to PATH, a file or a directory."
    )

    @Argument(help: "where to") var path: String

    func run() throws { tell(try ProbeInstaller.install(to: path) + "\n") }
}
