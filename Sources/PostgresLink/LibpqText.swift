/// What a text of libpq's own says, where the server gave no report.
///
/// The texts are libpq's and, after `failed: `, the C library's; both speak English because Howdah never sets a locale.
enum LibpqText: Sendable, Hashable, CaseIterable {
    /// The postmaster could not fork; it says so in the protocol of old, without a SQLSTATE.
    case cannotFork
    /// ECONNREFUSED.
    case refused
    /// ENOENT of the socket file.
    case noSocket
    /// EAGAIN of a Unix socket: its backlog is full because nobody accepts.
    case backlogFull
    /// No route, no network, no such name.
    case unreachable
    /// The connection broke.
    case closed
    /// The server answered, and libpq's side of authentication, TLS or `target_session_attrs` does not agree with it.
    case notAgreed
    /// The answer was not the protocol.
    case notOurProtocol
    /// The attempt could not be made as configured.
    case badConfiguration

    /// Recognises a text; nil for one that is not known.
    init?(_ text: String) {
        guard let found = Self.table.first(where: { text.contains($0.needle) }) else { return nil }
        self = found.meaning
    }

    /// Whether the server was reached and is not of the kind that `target_session_attrs` asks for.
    static func isWrongKindOfServer(_ text: String) -> Bool { wrongKind.contains { text.contains($0) } }

    private static let wrongKind = [
        "session is read-only", "session is not read-only", "server is in hot standby mode",
        "server is not in hot standby mode",
    ]

    /// First match wins: texts that contain others come first.
    private static let table: [(needle: String, meaning: LibpqText)] =
        [
            ("could not fork new process for connection", .cannotFork),
            ("could not translate host name", .unreachable),
            ("could not parse network address", .badConfiguration),
            ("failed: Connection refused", .refused),
            ("failed: No such file or directory", .noSocket),
            ("failed: Resource temporarily unavailable", .backlogFull),
            ("failed: Connection timed out", .unreachable),
            ("failed: No route to host", .unreachable),
            ("failed: Network is unreachable", .unreachable),
            ("failed: Network is down", .unreachable),
            ("failed: Host is down", .unreachable),
            ("failed: Cannot assign requested address", .unreachable),
            ("failed: Address family not supported by protocol", .unreachable),
            ("failed: Permission denied", .badConfiguration),
            ("failed: Not a directory", .badConfiguration),
            ("Unix-domain socket path", .badConfiguration),
        ] + files + agreement + breakage + strangeness + wrongKind.map { ($0, .notAgreed) }

    /// Files that the configuration names and that cannot be used.
    private static let files: [(needle: String, meaning: LibpqText)] = [
        ("could not open certificate file", .badConfiguration),
        ("could not read certificate file", .badConfiguration),
        ("could not load private key file", .badConfiguration),
        ("could not read root certificate file", .badConfiguration),
        ("root certificate file", .badConfiguration),
        ("private key file", .badConfiguration),
        ("could not get home directory to locate", .badConfiguration),
        ("could not initialize SSL", .badConfiguration),
        ("could not create SSL context", .badConfiguration),
        ("could not create socket", .badConfiguration),
        ("invalid port number", .badConfiguration),
        ("invalid connection option", .badConfiguration),
        ("sslmode value", .badConfiguration),
        ("out of memory", .badConfiguration),
    ]

    /// The server lives; what libpq may or must do is not what the server wants.
    private static let agreement: [(needle: String, meaning: LibpqText)] = [
        ("no password supplied", .notAgreed),
        ("server does not support SSL, but SSL was required", .notAgreed),
        ("server does not support GSSAPI encryption", .notAgreed),
        ("certificate verify failed", .notAgreed),
        ("does not match host name", .notAgreed),
        ("channel binding", .notAgreed),
        ("authentication method requirement", .notAgreed),
        ("authentication method", .notAgreed),
        ("SASL authentication", .notAgreed),
        ("SCRAM", .notAgreed),
        ("authentication not supported", .notAgreed),
        ("tlsv1 alert", .notAgreed),
        ("sslv3 alert", .notAgreed),
    ]

    /// The connection ended.
    private static let breakage: [(needle: String, meaning: LibpqText)] = [
        ("server closed the connection unexpectedly", .closed),
        ("could not receive data from server", .closed),
        ("could not send data to server", .closed),
        ("could not send startup packet", .closed),
        ("could not send SSL negotiation packet", .closed),
        ("SSL SYSCALL error", .closed),
        ("SSL connection has been closed unexpectedly", .closed),
        ("unexpected eof while reading", .closed),
        ("Connection reset by peer", .closed),
        ("Broken pipe", .closed),
    ]

    /// Something answered that is not PostgreSQL.
    private static let strangeness: [(needle: String, meaning: LibpqText)] = [
        ("expected authentication request from server", .notOurProtocol),
        ("received invalid response to SSL negotiation", .notOurProtocol),
        ("received unencrypted data after SSL response", .notOurProtocol),
        ("unexpected message from server during startup", .notOurProtocol),
        ("received invalid authentication request", .notOurProtocol),
        ("received invalid protocol negotiation message", .notOurProtocol),
        ("lost synchronization with server", .notOurProtocol),
    ]
}
