import Exposition
import Facts
import Glibc
import Logging
import Sensors

/// Howdah's own log: one JSON object a line on stderr, or one line for people.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    let format: Settings.LogFormat

    init(level: Logger.Level, format: Settings.LogFormat) {
        logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        let time = SystemClock.now().rfc3339
        let line: String
        switch format {
        case .json:
            let pairs =
                [("time", time), ("level", event.level.rawValue), ("message", event.message.description)]
                + fields.map { ($0.key, $0.value.description) }
            line = JSON.object(pairs.map { JSON.Member($0.0, .string($0.1)) }).text(.compact) + "\n"
        case .text:
            let tail = fields.map { " \($0.key)=\($0.value)" }.joined()
            line = "\(time) \(event.level.rawValue.uppercased()) \(event.message)\(tail)\n"
        }
        // One write a line, so that lines of several threads do not mix.
        let bytes = Array(line.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
