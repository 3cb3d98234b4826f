internal import Facts

/// What is known of a start-up attempt that failed, beside libpq's text.
struct FailedStart: Sendable, Hashable {
    /// `PQerrorMessage`, written with `PQERRORS_VERBOSE`.
    var text: String
    /// How far the attempt had come.
    var stage: ConnectStage
    /// The role that we asked for.
    var user: String
    /// The database that we asked for.
    var database: String
    /// Whether we asked for a WAL sender.
    var isWALSender: Bool

    /// Gathers what is known.
    init(_ text: String, stage: ConnectStage, user: String = "", database: String = "", isWALSender: Bool = false) {
        self.text = text
        self.stage = stage
        self.user = user
        self.database = database
        self.isWALSender = isWALSender
    }
}

extension ConnectOutcome {
    /// The longest text of libpq's or the server's that is kept, in characters.
    static let textLimit = 500

    /// Names the outcome of a failed start-up attempt; never `accepted` or `cancelled`.
    ///
    /// A report of the server's decides by its SQLSTATE; where there are several (libpq tried again without TLS) the last
    /// one does. Texts are consulted where one SQLSTATE stands for several states; one that is not known, for example
    /// because the server speaks another language, is looked up by the server function that raised it, and becomes
    /// `.other` where that does not settle it. Without a report libpq's own texts decide.
    init(_ failed: FailedStart) {
        if let report = ServerReport.parse(failed.text).last {
            self.init(report, of: failed)
        } else {
            self.init(withoutReport: failed)
        }
    }

    private init(_ report: ServerReport, of failed: FailedStart) {
        let message = Self.shortened(report.words)
        switch report.sqlState {
        case "57P03": self = .rejected(Rejection(report), message: message)
        case "53300": self = .full(Fullness(report, of: failed), message: message)
        case "57P01", "57P02": self = .lost(sqlState: report.sqlState, message: message)
        // The latter four: parameters of our own start-up packet that the server does not take.
        case "3D000", "42501", "55000", "42704", "22023", "0A000", "08P01":
            self = .notAuthenticated(sqlState: report.sqlState, message: message)
        case let state where state.hasPrefix("28"):
            self = .notAuthenticated(sqlState: state, message: message)
        default: self = .failed(sqlState: report.sqlState, message: message)
        }
    }

    private init(withoutReport failed: FailedStart) {
        let text = Self.firstLine(failed.text)
        switch LibpqText(failed.text) {
        case .cannotFork: self = .cannotFork(text)
        case .refused: self = .refused(text)
        case .noSocket: self = .noSocket(text)
        case .backlogFull: self = .timedOut(.accept)
        case .unreachable: self = .unreachable(text)
        case .closed: self = .lost(sqlState: nil, message: text)
        case .notAgreed: self = .notAuthenticated(sqlState: nil, message: text)
        case .notOurProtocol: self = .notUnderstood(text)
        case .badConfiguration: self = .notAttempted(text)
        case nil: self = failed.stage == .accept ? .notAttempted(text) : .notUnderstood(text)
        }
    }

    /// The last attempt's first line, without libpq's hints, which it indents.
    static func firstLine(_ text: String) -> String {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("\t") && !$0.allSatisfy(\.isWhitespace) }
        let line = lines.last { $0.hasPrefix("connection to server ") } ?? lines.first
        return shortened(line.map(String.init) ?? "no reason given")
    }

    private static func shortened(_ text: String) -> String {
        text.count <= textLimit ? text : String(text.prefix(textLimit)) + "…"
    }
}

extension Rejection {
    /// Tells the variants of 57P03 apart by the texts of 14 to 18 (`postmaster.c`, from 18 on `backend_startup.c`).
    init(_ report: ServerReport) {
        self =
            switch report.message {
            case "the database system is starting up": .startingUp
            case "the database system is shutting down": .shuttingDown
            case "the database system is in recovery mode": .recoveryMode
            case "the database system is not accepting connections":
                report.detail == "Hot standby mode is disabled." ? .hotStandbyDisabled : .other
            case "the database system is not yet accepting connections":
                .notYetAccepting(NotYetAcceptingDetail(report.detail))
            default: .other
            }
    }
}

extension NotYetAcceptingDetail {
    /// Tells the DETAILs of `not yet accepting connections` apart; the second one exists from 18 on.
    init(_ detail: String?) {
        self =
            switch detail {
            case "Consistent recovery state has not been yet reached.": .notConsistent
            case "Recovery snapshot is not yet ready for hot standby.": .snapshotNotReady
            default: .other
            }
    }
}

extension Fullness {
    /// Tells the variants of 53300 apart, by the texts of 14 to 18, else by the function that raised it.
    init(_ report: ServerReport, of failed: FailedStart) {
        let text = report.message
        if text.hasPrefix("sorry, too many clients already") {
            self = .allSlots
        } else if text.hasPrefix("remaining connection slots are reserved for ") {
            self = .reservedOnly
        } else if let role = Self.name(in: text, after: "too many connections for role ") {
            self = .role(role)
        } else if let database = Self.name(in: text, after: "too many connections for database ") {
            self = .database(database)
        } else if text.hasPrefix("number of requested standby connections exceeds ") {
            self = .walSenders
        } else {
            self.init(routine: report.routine, of: failed)
        }
    }

    /// For servers that speak another language: each of these functions raises 53300 for one reason only, in 14 to 18.
    private init(routine: String?, of failed: FailedStart) {
        self =
            switch routine {
            case "ProcessStartupPacket": .allSlots
            case "InitProcess": failed.isWALSender ? .walSenders : .allSlots
            case "InitPostgres": .reservedOnly
            case "InitializeSessionUserId": failed.user.isEmpty ? .other : .role(failed.user)
            case "CheckMyDatabase": failed.database.isEmpty ? .other : .database(failed.database)
            default: .other
            }
    }

    /// The name between the first quote and the last one; names may hold quotes themselves.
    private static func name(in text: String, after prefix: String) -> String? {
        guard text.hasPrefix(prefix) else { return nil }
        let rest = text.dropFirst(prefix.count)
        guard rest.count >= 2, rest.first == "\"", rest.last == "\"" else { return nil }
        return String(rest.dropFirst().dropLast())
    }
}
