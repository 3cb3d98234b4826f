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
            line = "{" + pairs.map { "\(quoted($0.0)): \(quoted($0.1))" }.joined(separator: ", ") + "}\n"
        case .text:
            let tail = fields.map { " \($0.key)=\($0.value)" }.joined()
            line = "\(time) \(event.level.rawValue.uppercased()) \(event.message)\(tail)\n"
        }
        // One write a line, so that lines of several threads do not mix.
        let bytes = Array(line.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// A JSON string.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
