import Facts
import Testing

@testable import PostgresLink

/// libpq's texts, as real servers of 14 to 18 make it write them, and what they are named.
@Suite struct ConnectClassificationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var expected: ConnectOutcome
        var stage = ConnectStage.authentication
        var isWALSender = false
        var testDescription: String { text.split(separator: "\n").first.map(String.init) ?? "" }
    }

    static let socket = "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: "
    static let host = "connection to server at \"10.0.0.1\", port 5432 failed: "

    static func rejected(_ message: String, _ rest: String, _ rejection: Rejection, words: String) -> Case {
        Case(text: socket + "FATAL:  57P03: \(message)\n\(rest)", expected: .rejected(rejection, message: words))
    }

    static let rejections: [Case] = [
        rejected(
            "the database system is starting up",
            "LOCATION:  ProcessStartupPacket, postmaster.c:2353\n",
            .startingUp,
            words: "the database system is starting up"
        ),
        rejected(
            "the database system is not yet accepting connections",
            "DETAIL:  Consistent recovery state has not been yet reached.\nLOCATION:  ProcessStartupPacket, postmaster.c:2\n",
            .notYetAccepting(.notConsistent),
            words: "the database system is not yet accepting connections"
                + " (Consistent recovery state has not been yet reached.)"
        ),
        rejected(
            "the database system is not yet accepting connections",
            "DETAIL:  Recovery snapshot is not yet ready for hot standby.\n"
                + "HINT:  To enable hot standby, close write transactions with more than 64 subtransactions on the primary.\n"
                + "LOCATION:  ProcessStartupPacket, backend_startup.c:383\n",
            .notYetAccepting(.snapshotNotReady),
            words: "the database system is not yet accepting connections"
                + " (Recovery snapshot is not yet ready for hot standby.)"
        ),
        rejected(
            "the database system is not yet accepting connections",
            "",
            .notYetAccepting(.other),
            words: "the database system is not yet accepting connections"
        ),
        rejected(
            "the database system is not accepting connections",
            "DETAIL:  Hot standby mode is disabled.\n",
            .hotStandbyDisabled,
            words: "the database system is not accepting connections (Hot standby mode is disabled.)"
        ),
        rejected(
            "the database system is not accepting connections",
            "DETAIL:  It is not in the mood.\n",
            .other,
            words: "the database system is not accepting connections (It is not in the mood.)"
        ),
        rejected(
            "the database system is shutting down",
            "",
            .shuttingDown,
            words: "the database system is shutting down"
        ),
        rejected(
            "the database system is in recovery mode",
            "",
            .recoveryMode,
            words: "the database system is in recovery mode"
        ),
        rejected(
            "das Datenbanksystem startet",
            "LOCATION:  ProcessStartupPacket, postmaster.c:2353\n",
            .other,
            words: "das Datenbanksystem startet"
        ),
    ]

    static func full(
        _ message: String,
        _ routine: String,
        _ fullness: Fullness,
        isWALSender: Bool = false
    ) -> Case {
        Case(
            text: socket + "FATAL:  53300: \(message)\nLOCATION:  \(routine), some.c:1\n",
            expected: .full(fullness, message: message),
            isWALSender: isWALSender
        )
    }

    static let fullnesses: [Case] = [
        full("sorry, too many clients already", "InitProcess", .allSlots),
        full("sorry, too many clients already", "ProcessStartupPacket", .allSlots),
        full(
            "remaining connection slots are reserved for non-replication superuser connections",
            "InitPostgres",
            .reservedOnly
        ),
        full(
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "InitPostgres",
            .reservedOnly
        ),
        full(
            "remaining connection slots are reserved for roles with privileges of the"
                + " \"pg_use_reserved_connections\" role",
            "InitPostgres",
            .reservedOnly
        ),
        full("too many connections for role \"app\"", "InitializeSessionUserId", .role("app")),
        full("too many connections for role \"a\"b\"", "InitializeSessionUserId", .role("a\"b")),
        full("too many connections for database \"shop\"", "CheckMyDatabase", .database("shop")),
        full(
            "number of requested standby connections exceeds max_wal_senders (currently 5)",
            "InitProcess",
            .walSenders,
            isWALSender: true
        ),
        full(
            "number of requested standby connections exceeds \"max_wal_senders\" (currently 5)",
            "InitProcess",
            .walSenders,
            isWALSender: true
        ),
        // Another language: the function that raised it tells, where it tells.
        full("tut mir leid, schon zu viele Verbindungen", "InitProcess", .allSlots),
        full("zu viele Standby-Verbindungen", "InitProcess", .walSenders, isWALSender: true),
        full("die verbleibenden Verbindungen sind vergeben", "InitPostgres", .reservedOnly),
        full("zu viele Verbindungen der Rolle", "InitializeSessionUserId", .role("observer")),
        full("zu viele Verbindungen zur Datenbank", "CheckMyDatabase", .database("postgres")),
        full("etwas ganz anderes", "SomewhereElse", .other),
        full("too many connections for role", "", .other),
    ]

    static func turnedAway(_ state: String, _ message: String) -> Case {
        Case(
            text: host + "FATAL:  \(state): \(message)\n",
            expected: .notAuthenticated(sqlState: state, message: message)
        )
    }

    static let authentications: [Case] = [
        turnedAway("28P01", "password authentication failed for user \"observer\""),
        turnedAway("28000", "role \"observer\" does not exist"),
        turnedAway("28000", "no pg_hba.conf entry for host \"10.0.0.2\", user \"observer\", database \"postgres\""),
        turnedAway("3D000", "database \"nowhere\" does not exist"),
        turnedAway("42501", "permission denied for database \"shop\""),
        turnedAway("55000", "database \"template0\" is not currently accepting connections"),
        Case(
            text: host + "fe_sendauth: no password supplied\n",
            expected: .notAuthenticated(sqlState: nil, message: host + "fe_sendauth: no password supplied")
        ),
        // libpq tried with TLS and then without: the last word counts.
        Case(
            text: host + "FATAL:  28000: no pg_hba.conf entry, SSL encryption\n" + host
                + "FATAL:  28P01: password authentication failed\n",
            expected: .notAuthenticated(sqlState: "28P01", message: "password authentication failed")
        ),
    ]

    static func plain(_ text: String, _ stage: ConnectStage, _ make: (String) -> ConnectOutcome) -> Case {
        let hint = "\tIs the server running locally and accepting connections on that socket?\n"
        return Case(text: text + "\n" + hint, expected: make(text), stage: stage)
    }

    static let withoutReport: [Case] = [
        plain(socket + "Connection refused", .accept) { .refused($0) },
        plain(host + "Connection refused", .accept) { .refused($0) },
        plain(socket + "No such file or directory", .accept) { .noSocket($0) },
        plain(socket + "Resource temporarily unavailable", .accept) { _ in .timedOut(.accept) },
        plain(socket + "Permission denied", .accept) { .notAttempted($0) },
        plain(host + "No route to host", .accept) { .unreachable($0) },
        plain(host + "Network is unreachable", .accept) { .unreachable($0) },
        plain(host + "Connection timed out", .accept) { .unreachable($0) },
        plain("could not translate host name \"nowhere\" to address: Name or service not known", .accept) {
            .unreachable($0)
        },
        plain(
            host + "could not fork new process for connection: Resource temporarily unavailable",
            .authentication
        ) { .cannotFork($0) },
        plain(host + "could not fork new process for connection: Cannot allocate memory", .authentication) {
            .cannotFork($0)
        },
        plain(host + "server closed the connection unexpectedly", .authentication) {
            .lost(sqlState: nil, message: $0)
        },
        plain(host + "could not receive data from server: Connection reset by peer", .firstByte) {
            .lost(sqlState: nil, message: $0)
        },
        plain(host + "expected authentication request from server, but received H", .authentication) {
            .notUnderstood($0)
        },
        plain(host + "received invalid response to SSL negotiation: H", .authentication) { .notUnderstood($0) },
        plain(host + "server does not support SSL, but SSL was required", .authentication) {
            .notAuthenticated(sqlState: nil, message: $0)
        },
        plain(host + "SSL error: certificate verify failed", .authentication) {
            .notAuthenticated(sqlState: nil, message: $0)
        },
        plain(host + "root certificate file \"/nowhere/root.crt\" does not exist", .authentication) {
            .notAttempted($0)
        },
        plain("invalid sslmode value: \"maybe\"", .accept) { .notAttempted($0) },
        plain(host + "session is read-only", .authentication) { .notAuthenticated(sqlState: nil, message: $0) },
        plain("something that nobody has written yet", .accept) { .notAttempted($0) },
        plain(host + "something that nobody has written yet", .authentication) { .notUnderstood($0) },
    ]

    static let others: [Case] = [
        Case(
            text: host + "FATAL:  57P01: terminating connection due to administrator command\n",
            expected: .lost(sqlState: "57P01", message: "terminating connection due to administrator command")
        ),
        Case(
            text: host + "FATAL:  0A000: unsupported frontend protocol 3.0: server supports 4.0 to 4.0\n",
            expected: .notAuthenticated(
                sqlState: "0A000",
                message: "unsupported frontend protocol 3.0: server supports 4.0 to 4.0"
            )
        ),
        Case(
            text: host + "FATAL:  XX999: a state of a future version\n",
            expected: .failed(sqlState: "XX999", message: "a state of a future version")
        ),
    ]

    @Test(arguments: rejections + fullnesses + authentications + withoutReport + others)
    func isNamed(_ known: Case) {
        let failed = FailedStart(
            known.text,
            stage: known.stage,
            user: "observer",
            database: "postgres",
            isWALSender: known.isWALSender
        )
        #expect(ConnectOutcome(failed) == known.expected)
    }

    @Test func longTextsAreCut() {
        let failed = FailedStart(
            Self.host + "FATAL:  XX000: " + String(repeating: "x", count: 100_000),
            stage: .authentication
        )
        #expect(ConnectOutcome(failed).message.count == ConnectOutcome.textLimit + 1)
    }

    // Garbage never crashes, and never passes for an answer that it is not.
    @Test(arguments: UInt64(0)..<200) func garbageIsHarmless(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<50 {
            let text = Garbage.text(&random)
            let outcome = ConnectOutcome(
                FailedStart(text, stage: ConnectStage.allCases.randomElement(using: &random) ?? .accept)
            )
            #expect(outcome.kind != "accepted" && outcome.kind != "cancelled")
            #expect(outcome.message.count <= ConnectOutcome.textLimit + 1)
            if ServerReport.parse(text).isEmpty { #expect(outcome.sqlState == nil) }
        }
    }
}
