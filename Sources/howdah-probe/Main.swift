import CProbe

/// The exec probe for kubelets: reads what Howdah wrote last, prints the reason and exits.
@main
enum Main {
    /// How long the server may be asked, in milliseconds; with everything else it stays under 500.
    private static let askMilliseconds: Int64 = 400
    /// The longest line, in bytes.
    private static let lineLimitBytes = 1000

    static func main() {
        let limit = TimeLimit(milliseconds: askMilliseconds)
        // A closed standard output must not turn a pass into a death by SIGPIPE.
        howdah_probe_ignore(SIGPIPE)
        switch Invocation.parse(ArgumentList(), environment: environment) {
        case .print(let text):
            put(text, on: STDOUT_FILENO)
            _exit(0)
        case .misused(let text):
            put("howdah-probe: \(text)\n", on: STDERR_FILENO)
            _exit(2)
        case .probe(let probe):
            Backstop.arm(passes: probe.name == .liveness)
            let answer = answer(to: probe, until: limit)
            put(oneLine(answer.reason) + "\n", on: STDOUT_FILENO)
            _exit(answer.passes ? 0 : 1)
        }
    }

    private static func answer(to probe: Invocation.Question, until limit: TimeLimit) -> ProbeAnswer {
        switch LastWord.read(runDirectory: probe.runDirectory, maxAge: probe.maxAge) {
        case .fresh(let record):
            // The parser leaves no probe without an answer.
            return record[probe.name] ?? ProbeAnswer(passes: false, reason: "no answer")
        case .outOfDate(let record, let why):
            let fallback = Fallback(probe: probe.name, why: why)
            if probe.name == .liveness { return fallback.ofLiveness }
            let asked = ask(record, until: limit)
            return fallback.answer(asked) { knownRole(record) }
        }
    }

    private static func ask(_ record: StateRecord?, until limit: TimeLimit) -> Fallback.Asked? {
        let remembered = record?.servers ?? []
        let addresses = remembered.isEmpty ? ServerAddress.fromEnvironment(environment) : remembered
        let user = environment("PGUSER") ?? "postgres"
        let question = ServerQuestion(user: user, database: environment("PGDATABASE") ?? "postgres")
        return question.ask(addresses, until: limit).map { Fallback.Asked(address: $0.at, answer: $0.1) }
    }

    /// The role where the server did not tell: the signal files of the data directory if there is one to look at, since
    /// a promotion may have come after Howdah's last word; then that word.
    private static func knownRole(_ record: StateRecord?) -> Fallback.KnownRole {
        if let directory = environment("PGDATA"), unsafe access("\(directory)/PG_VERSION", F_OK) == 0 {
            for signal in ["standby.signal", "recovery.signal"] where unsafe access("\(directory)/\(signal)", F_OK) == 0
            {
                return .standby("by \(signal)")
            }
            return .primary("by its data directory")
        }
        return switch record?.role ?? "" {
        case "primary": .primary("when Howdah last saw it")
        case "standby": .standby("when Howdah last saw it")
        default: .unknown
        }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe name.withCString({ unsafe getenv($0) }) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// `text` without control characters, at most `lineLimitBytes` long: the server's words may hold anything.
    private static func oneLine(_ text: String) -> String {
        let bytes = text.utf8.prefix(lineLimitBytes).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func put(_ text: String, on file: Int32) {
        var text = text
        _ = text.withUTF8 { unsafe write(file, $0.baseAddress, $0.count) }
    }
}
