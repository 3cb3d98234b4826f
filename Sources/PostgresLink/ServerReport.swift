/// An ErrorResponse or NoticeResponse of the server, as far as Howdah needs it.
///
/// Either taken from the fields of a libpq result, or recovered from libpq's verbose error text, which is all that
/// libpq gives of a failed start-up (no release has an API for its SQLSTATE).
struct ServerReport: Sendable, Hashable {
    /// The five characters of the SQLSTATE.
    var sqlState: String
    /// The primary message, in the server's language.
    var message: String
    /// DETAIL, if there is one.
    var detail: String?
    /// The function of the server that raised it (`LOCATION`): the same in every language.
    var routine: String?

    /// The server's words in one line: the message, the detail in parentheses.
    var words: String {
        guard let detail, !detail.isEmpty else { return message }
        return "\(message) (\(detail))"
    }

    /// The reports in a text that libpq wrote with `PQERRORS_VERBOSE`, in order.
    ///
    /// There are several where libpq tried again, for example without TLS. A report begins with `SEVERITY:  SQLSTATE: `,
    /// somewhere in a line; the labels that follow stand at the beginning of theirs and come from libpq's own catalogue,
    /// which speaks English because Howdah never sets a locale. Never fails: a text without a report gives none.
    static func parse(_ text: String) -> [ServerReport] {
        var reports: [ServerReport] = []
        var field = Field.none
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if let (sqlState, message) = header(of: line) {
                reports.append(ServerReport(sqlState: sqlState, message: message))
                field = .message
            } else if let index = reports.indices.last {
                field = reports[index].take(line, after: field)
            }
        }
        return reports
    }

    private enum Field {
        case none
        case message
        case detail
        case ignored
    }

    /// Takes a line that follows a report's first; says which field it belongs to.
    private mutating func take(_ line: Substring, after field: Field) -> Field {
        if line.hasPrefix("connection to server ") { return .none }
        if line.hasPrefix("DETAIL:  ") {
            detail = String(line.dropFirst(9))
            return .detail
        }
        if line.hasPrefix("LOCATION:  ") {
            routine = line.dropFirst(11).split(separator: ",").first.map(String.init)
            return .ignored
        }
        if Self.otherLabels.contains(where: { line.hasPrefix($0) }) { return .ignored }
        switch field {
        case .message: message += " " + line
        case .detail: detail = (detail ?? "") + " " + line
        case .none, .ignored: break
        }
        return field
    }

    private static let otherLabels = [
        "HINT:  ", "LINE ", "QUERY:  ", "CONTEXT:  ", "SCHEMA NAME:  ", "TABLE NAME:  ", "COLUMN NAME:  ",
        "DATATYPE NAME:  ", "CONSTRAINT NAME:  ",
    ]

    /// `…FATAL:  57P03: the database system is starting up` as SQLSTATE and message; nil for any other line.
    private static func header(of line: Substring) -> (sqlState: String, message: String)? {
        let bytes = line.utf8
        var index = bytes.startIndex
        while let colon = bytes[index...].firstIndex(of: UInt8(ascii: ":")) {
            let rest = bytes[bytes.index(after: colon)...]
            if colon > bytes.startIndex, let found = stateAndMessage(rest) { return found }
            index = bytes.index(after: colon)
        }
        return nil
    }

    /// What follows the colon after the severity: two spaces, SQLSTATE, colon, space, message.
    private static func stateAndMessage(_ rest: Substring.UTF8View.SubSequence) -> (String, String)? {
        let bytes = Array(rest.prefix(9))
        guard bytes.count == 9, bytes[0] == 0x20, bytes[1] == 0x20, bytes[7] == UInt8(ascii: ":"), bytes[8] == 0x20,
            bytes[2...6].allSatisfy(isSQLStateCharacter)
        else { return nil }
        return (String(decoding: bytes[2...6], as: UTF8.self), String(decoding: rest.dropFirst(9), as: UTF8.self))
    }

    private static func isSQLStateCharacter(_ byte: UInt8) -> Bool {
        (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
            || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
    }
}
