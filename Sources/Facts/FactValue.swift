/// A value of a fact: what a table cell, a JSON field or a sample holds.
public enum FactValue: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral
{
    /// Unknown; absent from metrics, `null` in JSON, NULL in SQL.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A number.
    case real(Double)
    /// A text.
    case text(String)

    /// A text literal.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number literal.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A truth value literal.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A number literal.
    public init(floatLiteral value: Double) { self = .real(value) }

    /// The value as people read it.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        }
    }
}
