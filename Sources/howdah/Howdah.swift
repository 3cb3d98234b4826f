import ArgumentParser
import Sidecar

/// The command line of Howdah: `howdah serve` is the sidecar, the other subcommands talk to it or print what it knows.
@main struct Howdah: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "howdah",
        abstract: "Says what state a PostgreSQL server is in, why, since when and on what evidence.",
        version: Application.version,
        subcommands: [
            Serve.self, State.self, Explain.self, Conditions.self, Doctor.self, Config.self, InstallProbe.self,
        ]
    )

    /// Usage errors end with one line on stderr and exit status 2; help and version go to stdout.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ConfigurationError {
            fail(error.description)
        } catch let code as ExitCode {
            leave(code.rawValue)
        } catch {
            let message = fullMessage(for: error)
            guard exitCode(for: error) != .success else {
                tell(message + "\n")
                leave(0)
            }
            fail(firstLine(message))
        }
    }

    private static func fail(_ line: String) -> Never {
        complain(line)
        leave(2)
    }

    /// ArgumentParser's message without its prefix and without the usage that follows.
    private static func firstLine(_ message: String) -> String {
        let line = message.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? message
        let text = line.hasPrefix("Error: ") ? String(line.dropFirst(7)) : line
        return "\(text); see `howdah --help`"
    }
}

/// The environment of this process.
func processEnvironment() -> [String: String] { Application.environment() }
