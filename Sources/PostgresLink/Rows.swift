/// The rows of a result, copied out of libpq.
public struct Rows: Sendable, Hashable {
    /// The columns' names, in order.
    public let columns: [String]
    /// How many rows there are.
    public let count: Int
    /// The cells, row after row; nil is NULL.
    private let cells: [String?]

    /// How many rows a result may have; one with more is not taken (`PostgresError.notUnderstood`).
    public static let rowLimit = 5000

    /// Makes rows of cells in order, `columns.count` to a row.
    init(columns: [String], cells: [String?]) {
        self.columns = columns
        self.cells = cells
        count = columns.isEmpty ? 0 : cells.count / columns.count
    }

    /// No rows.
    static let none = Rows(columns: [], cells: [])

    /// A row by its number; nil past the end.
    public subscript(row: Int) -> Row? {
        guard row >= 0, row < count else { return nil }
        return Row(columns: columns, cells: cells[(row * columns.count)..<((row + 1) * columns.count)])
    }

    /// The first row; nil if there is none.
    public var first: Row? { self[0] }

    /// All rows.
    public var all: [Row] { (0..<count).compactMap { self[$0] } }
}

/// One row of a result.
///
/// A column that is not there reads like NULL: what is missing is unknown.
public struct Row: Sendable, Hashable {
    private let columns: [String]
    private let cells: ArraySlice<String?>

    fileprivate init(columns: [String], cells: ArraySlice<String?>) {
        self.columns = columns
        self.cells = cells
    }

    /// The cell of the column `name` as text; nil for NULL.
    public subscript(name: String) -> String? {
        guard let index = columns.firstIndex(of: name) else { return nil }
        return cells[cells.startIndex + index]
    }

    /// The cell as a whole number; nil for NULL and for what is none.
    public func integer(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    /// The cell as a finite number; nil for NULL, for `infinity` and for what is no number.
    public func real(_ name: String) -> Double? {
        self[name].flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
    }

    /// The cell as a truth value (`t`, `f`); nil for NULL and for what is none.
    public func bool(_ name: String) -> Bool? {
        switch self[name] {
        case "t": true
        case "f": false
        default: nil
        }
    }
}
