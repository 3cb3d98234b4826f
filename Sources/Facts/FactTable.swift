/// A fact table: declared once, and the SQL table, the JSON and the metrics come from this declaration.
public struct FactTable<Row: FactRow>: Sendable {
    /// What can be said of it without a row.
    public var definition: FactTableDefinition
    /// How each column is read off a row and put into one, in the definition's order.
    public var columns: [FactColumn<Row>]

    /// Declares a table.
    ///
    /// - Parameters:
    ///   - name: Its public name, such as `replication_slots`.
    ///   - title: What a row is, in one sentence.
    ///   - source: Where the rows come from: views, files, versions.
    ///   - rowLimit: The most rows that are kept; those past it are counted, not shown.
    ///   - labels: The columns whose values label its metrics.
    ///   - seriesLimit: The most rows that become series; the first ones of the table, so the order of its rows counts.
    ///   - columns: The columns in order.
    public init(
        _ name: String,
        _ title: String,
        source: String,
        rowLimit: Int,
        labels: [String] = [],
        seriesLimit: Int = 50,
        columns: [FactColumn<Row>]
    ) {
        definition = FactTableDefinition(
            name: name,
            title: title,
            source: source,
            rowLimit: rowLimit,
            labels: labels,
            seriesLimit: seriesLimit,
            columns: columns.map(\.definition)
        )
        self.columns = columns
    }

    /// The cells of a row, in the columns' order.
    public func cells(of row: Row) -> [FactValue] { columns.map { $0.read(row) } }

    /// Makes a row of the text that `cell` has for each column; what is missing or not understood stays unknown.
    public func row(_ cell: (String) -> String?) -> Row {
        var row = Row()
        for column in columns {
            if let text = cell(column.definition.name) { column.write(&row, text) }
        }
        return row
    }
}

/// A row of a fact table: a struct whose properties are optional, because unknown is nil.
public protocol FactRow: Sendable, Hashable {
    /// A row of which nothing is known.
    init()
    /// The declaration.
    static var table: FactTable<Self> { get }
}

/// The rows of a table as one look found them, and how many more there were.
public struct FactRows<Row: FactRow>: Sendable, Hashable {
    /// At most the table's `rowLimit` rows, the most telling first.
    public var rows: [Row]
    /// Rows past the limit, as far as the look counted them.
    public var omitted: Int

    /// Keeps at most as many rows as the table allows.
    public init(_ rows: [Row] = [], omitted: Int = 0) {
        let limit = Row.table.definition.rowLimit
        self.rows = Array(rows.prefix(limit))
        self.omitted = omitted + max(0, rows.count - limit)
    }
}

/// A table's declaration without its rows' type: what documents, SQL and metrics need.
public struct FactTableDefinition: Sendable, Hashable {
    /// Its public name.
    public var name: String
    /// What a row is.
    public var title: String
    /// Where the rows come from.
    public var source: String
    /// The most rows that are kept.
    public var rowLimit: Int
    /// The columns whose values label its metrics.
    public var labels: [String]
    /// The most rows that become series.
    public var seriesLimit: Int
    /// The columns in order.
    public var columns: [FactColumnDefinition]
}

/// A column's declaration.
public struct FactColumnDefinition: Sendable, Hashable {
    /// Its name; Postgres's own where Postgres has the column.
    public var name: String
    /// What its cells hold.
    public var kind: FactKind
    /// The unit, where it has one; always a base unit.
    public var unit: FactUnit?
    /// What it is, in one sentence, with the versions that have it.
    public var help: String
    /// The metric that it is, if it is one.
    public var metric: FactMetric?
}

/// What the cells of a column hold.
public enum FactKind: String, Sendable, Hashable, CaseIterable {
    /// Whole numbers.
    case integer
    /// Numbers.
    case real
    /// Text.
    case text
    /// Truth values.
    case boolean
    /// Points in time; text as in RFC 3339 in tables, seconds since 1970 in metrics.
    case timestamp
}

/// Units: base units only.
public enum FactUnit: String, Sendable, Hashable, CaseIterable {
    /// Seconds.
    case seconds
    /// Bytes.
    case bytes
    /// A share of 0 to 1.
    case ratio
}

/// A column as a metric family: one series a row, labelled by the table's labels.
public struct FactMetric: Sendable, Hashable {
    /// The family's name, unit last; `_total` after it for a counter.
    public var name: String
    /// Only grows, except where the server resets its statistics.
    public var isCounter: Bool

    /// A value that goes up and down.
    public static func gauge(_ name: String) -> FactMetric { FactMetric(name: name, isCounter: false) }
    /// A value that only grows.
    public static func counter(_ name: String) -> FactMetric { FactMetric(name: name, isCounter: true) }
}

/// A column of a table whose rows are `Row`.
public struct FactColumn<Row: Sendable>: Sendable {
    /// The declaration.
    public var definition: FactColumnDefinition
    /// The cell of a row.
    public var read: @Sendable (Row) -> FactValue
    /// Puts the text of a cell into a row.
    public var write: @Sendable (inout Row, String) -> Void

    /// Declares a column that is a property of the row.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - property: The property.
    ///   - unit: Its unit.
    ///   - metric: The metric that it is.
    ///   - help: What it is.
    public init<Value: FactScalar>(
        _ name: String,
        _ property: any WritableKeyPath<Row, Value?> & Sendable,
        unit: FactUnit? = nil,
        metric: FactMetric? = nil,
        _ help: String
    ) {
        definition = FactColumnDefinition(name: name, kind: Value.kind, unit: unit, help: help, metric: metric)
        read = { $0[keyPath: property]?.fact ?? .null }
        write = { $0[keyPath: property] = Value(fact: $1) }
    }
}

extension FactColumn {
    /// Declares a column whose property always has a value; text that is none leaves it as it is.
    public init<Value: FactScalar>(
        _ name: String,
        always property: any WritableKeyPath<Row, Value> & Sendable,
        unit: FactUnit? = nil,
        metric: FactMetric? = nil,
        _ help: String
    ) {
        definition = FactColumnDefinition(name: name, kind: Value.kind, unit: unit, help: help, metric: metric)
        read = { $0[keyPath: property].fact }
        write = { row, text in
            if let value = Value(fact: text) { row[keyPath: property] = value }
        }
    }
}

/// A type that a cell can hold.
public protocol FactScalar: Sendable {
    /// What its cells hold.
    static var kind: FactKind { get }
    /// Reads the text that Postgres prints; nil for what is none.
    init?(fact text: String)
    /// The value of a cell.
    var fact: FactValue { get }
}

extension Int: FactScalar {
    /// Whole numbers.
    public static var kind: FactKind { .integer }
    /// Reads decimal digits.
    public init?(fact text: String) { self.init(text) }
    /// The number.
    public var fact: FactValue { .integer(Int64(self)) }
}

extension Double: FactScalar {
    /// Numbers.
    public static var kind: FactKind { .real }
    /// Reads a finite number.
    public init?(fact text: String) {
        guard let number = Double(text), number.isFinite else { return nil }
        self = number
    }
    /// The number.
    public var fact: FactValue { .real(self) }
}

extension Bool: FactScalar {
    /// Truth values.
    public static var kind: FactKind { .boolean }
    /// Reads Postgres's `t` and `f`.
    public init?(fact text: String) {
        switch text {
        case "t", "true", "on": self = true
        case "f", "false", "off": self = false
        default: return nil
        }
    }
    /// The truth value.
    public var fact: FactValue { .bool(self) }
}

extension String: FactScalar {
    /// Text.
    public static var kind: FactKind { .text }
    /// Takes the text as it is.
    public init?(fact text: String) { self = text }
    /// The text.
    public var fact: FactValue { .text(self) }
}

extension LSN: FactScalar {
    /// Text, as Postgres prints it.
    public static var kind: FactKind { .text }
    /// Reads `X/Y`.
    public init?(fact text: String) { self.init(text) }
    /// The position as text.
    public var fact: FactValue { .text(description) }
}

/// A point in time as the server or a file gives it, in Unix seconds.
public struct Timestamp: FactScalar, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var unixSeconds: Double

    /// Makes a point in time from Unix seconds.
    public init(unixSeconds: Double) { self.unixSeconds = unixSeconds }

    /// Points in time.
    public static var kind: FactKind { .timestamp }
    /// Reads Unix seconds, as `extract(epoch FROM …)` prints them.
    public init?(fact text: String) {
        guard let seconds = Double(text), seconds.isFinite else { return nil }
        unixSeconds = seconds
    }
    /// The point in time as RFC 3339.
    public var fact: FactValue { .text(rfc3339) }
    /// The point in time as RFC 3339 in UTC, to the millisecond.
    public var rfc3339: String {
        // What nanoseconds in 64 bits can say: the years 1678 to 2261.
        let bounded = min(max(unixSeconds, -9.2e9), 9.2e9)
        return Moment.rfc3339(wall: Int64((bounded * 1000).rounded()) * 1_000_000)
    }

    /// Earlier points come first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.unixSeconds < right.unixSeconds }
}
