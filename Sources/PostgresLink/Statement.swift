/// A statement that is prepared once per session, when it is first used, and then only executed.
public struct Statement: Sendable, Hashable {
    /// The name of the prepared statement in the session; unique among Howdah's.
    public let name: String
    /// Its text, without parameters.
    public let sql: String

    /// Names a statement.
    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}
