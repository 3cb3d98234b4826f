import Faults
import Support

/// `howdah-lab`: a throw-away primary and standby with a sidecar each, and faults to play on them.
///
/// `deploy/try` is its front. What it knows is in one folder, so each call is a process of its own.
@main
struct HowdahLab {
    static let usage = """
        usage: howdah-lab COMMAND
          start [MAJOR]    start a primary and a standby (PostgreSQL 15 unless told) with a sidecar each
          status           print the addresses and the live state
          list             list the faults
          break FAULT      put the server into a named state
          mend             bring it back
          stop             stop everything and leave nothing
        """

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch let refusal as Refusal {
            complain(refusal.description)
            Lab.exit(refusal.exitCode)
        } catch {
            complain("\(error)")
            Lab.exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        let argument = arguments.count > 1 ? arguments[1] : nil
        switch arguments.first {
        case "start": try await Lab.start(major: number(argument) ?? 15)
        case "status": try await Lab.open().printStatus()
        case "list": listFaults()
        case "break":
            guard let argument else { throw Refusal("break what? `list` names the faults", exitCode: 2) }
            try await Lab.open().strike(argument)
        case "mend": try await Lab.open().mend()
        case "stop": try await Lab.stop()
        default: throw Refusal(usage, exitCode: 2)
        }
    }

    private static func number(_ text: String?) throws -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), number > 0 else { throw Refusal("\(text) is not a number", exitCode: 2) }
        return number
    }

    private static func listFaults() {
        let width = Fault.all.map(\.name.count).max() ?? 0
        for fault in Fault.all {
            let gap = String(repeating: " ", count: width - fault.name.count + 2)
            print(fault.name + gap + fault.summary + (fault.cast == .standby ? " (on the standby)" : ""))
        }
    }
}

/// Something that the lab will not or cannot do, in one sentence for a person.
struct Refusal: Error, CustomStringConvertible {
    var description: String
    var exitCode: Int32

    init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}
