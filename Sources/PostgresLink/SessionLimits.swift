/// What Howdah's sessions impose on themselves, so that a query whose answer nobody waits for any more ends by itself.
public struct SessionLimits: Sendable, Hashable {
    /// `statement_timeout`, in seconds.
    public var statementSeconds = 5.0
    /// `lock_timeout`, in seconds: the catalogues can be locked, too, and whoever waits for a lock is waited for.
    public var lockSeconds = 0.1
    /// `idle_in_transaction_session_timeout`, in seconds.
    public var idleInTransactionSeconds = 10.0

    /// The defaults.
    public init() {}

    /// The first statement of every session.
    ///
    /// Besides the limits: read-only, only the server's own functions and operators (nobody's `public` is searched), and no
    /// just-in-time compilation, which would cost more than our queries. A database in SQL_ASCII may hold bytes that are no
    /// UTF-8, and the server refuses to send those to a client that wants UTF-8: there we take the bytes as they are.
    var statement: Statement {
        func milliseconds(_ seconds: Double) -> Int { Int(min(max(seconds, 0.001), 86_400) * 1000) }
        let settings: [(name: String, value: String)] = [
            ("default_transaction_read_only", "'on'"),
            ("statement_timeout", "'\(milliseconds(statementSeconds))'"),
            ("lock_timeout", "'\(milliseconds(lockSeconds))'"),
            ("idle_in_transaction_session_timeout", "'\(milliseconds(idleInTransactionSeconds))'"),
            ("search_path", "'pg_catalog'"),
            ("jit", "'off'"),
            (
                "client_encoding",
                "CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END"
            ),
        ]
        let calls = settings.map { "pg_catalog.set_config('\($0.name)', \($0.value), false)" }
        return Statement(name: "", sql: "SELECT " + calls.joined(separator: ", "))
    }
}
