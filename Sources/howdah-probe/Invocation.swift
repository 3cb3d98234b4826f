import CProbe

/// What the command line asks for.
enum Invocation {
    /// Answer a probe.
    case probe(Question)
    /// Print a text and succeed.
    case print(String)
    /// Print a line on standard error and exit with 2.
    case misused(String)

    /// A probe and where to look.
    struct Question {
        /// Which probe.
        var name: Probe
        /// The folder of the state file.
        var runDirectory: String
        /// The age in seconds at which the state file is out of date.
        var maxAge: Double
    }

    /// The version of Howdah that this probe belongs to.
    static let version = "0.1.0"
    private static let defaultRunDirectory = "/run/howdah"
    private static let defaultMaxAge = 10.0
    private static let maxAgeBounds = 0.1...86_400

    private static let help = """
        Usage: howdah-probe liveness|readiness|read-write|read-only [--run-directory DIR] [--max-age SECONDS]

        Tells a kubelet whether the database passes a probe: prints one line with the reason, exits with 0 (pass),
        1 (fail) or 2 (usage), and never takes longer than 500 ms. It reads what Howdah wrote last; where Howdah is
        down, liveness passes, and the other probes ask the server's socket whether it lets sessions in.

          --run-directory DIR   Howdah's run directory (HOWDAH_RUN_DIRECTORY, then /run/howdah)
          --max-age SECONDS     how old Howdah's word may be: 0.1 to 86400 (10)
          --version             print the version
          -h, --help            print this

        While Howdah is down the server is looked for where Howdah saw it last, then where PGHOSTADDR, PGHOST and
        PGPORT point (no host names), then in /var/run/postgresql and /tmp. PGUSER and PGDATABASE name the session
        that is asked for (postgres). read-write also looks at the signal files in PGDATA.

        """

    /// Reads the command line.
    static func parse(_ arguments: ArgumentList, environment: (String) -> String?) -> Invocation {
        var arguments = arguments
        var name: Probe?
        var runDirectory = environment("HOWDAH_RUN_DIRECTORY") ?? defaultRunDirectory
        var maxAge = defaultMaxAge
        while let argument = arguments.next() {
            let (option, attached) = split(argument)
            switch option {
            case "-h" where attached == nil, "--help" where attached == nil: return .print(help)
            case "--version" where attached == nil: return .print("howdah-probe \(version)\n")
            case "--run-directory":
                guard let value = attached ?? arguments.next(), !value.isEmpty else {
                    return .misused("--run-directory needs a directory")
                }
                runDirectory = value
            case "--max-age":
                guard let value = (attached ?? arguments.next()).flatMap(number), maxAgeBounds.contains(value)
                else {
                    return .misused("--max-age needs a number of seconds from 0.1 to 86400")
                }
                maxAge = value
            default:
                guard name == nil, let probe = probe(named: argument) else {
                    return .misused("unexpected '\(argument)': expected liveness, readiness, read-write or read-only")
                }
                name = probe
            }
        }
        guard let name else { return .misused("which probe: liveness, readiness, read-write or read-only?") }
        return .probe(Question(name: name, runDirectory: runDirectory, maxAge: maxAge))
    }

    private static func probe(named name: String) -> Probe? {
        switch name {
        case "liveness": .liveness
        case "readiness": .readiness
        case "read-write": .readWrite
        case "read-only": .readOnly
        default: nil
        }
    }

    /// Reads a decimal number such as `10` or `2.5`; nil for anything else.
    private static func number(_ text: String) -> Double? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? String(spelledBy: parts[1]) : "0"
        // Digits alone: Int takes a sign too.
        guard let whole = UInt32(String(spelledBy: parts[0])), let tail = UInt32(decimals),
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") })
        else { return nil }
        let scale = decimals.utf8.reduce(1.0) { scale, _ in scale * 10 }
        return Double(whole) + Double(tail) / scale
    }

    /// Divides `--option=value`.
    private static func split(_ argument: String) -> (option: String, value: String?) {
        guard argument.utf8.starts(with: "--".utf8), let sign = argument.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return (argument, nil)
        }
        return (String(spelledBy: argument.utf8[..<sign]), String(spelledBy: argument.utf8[sign...].dropFirst()))
    }
}

/// The words of the command line after the program's name, one after the other.
struct ArgumentList: IteratorProtocol {
    private var index: Int32 = 1

    mutating func next() -> String? {
        guard let word = unsafe howdah_probe_word(index) else { return nil }
        index += 1
        return unsafe String(cString: word)
    }
}
