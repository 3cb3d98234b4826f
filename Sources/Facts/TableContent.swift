/// The rows of a fact table at one moment, without their type.
public struct TableContent: Sendable {
    /// When they were read; nil where they never were.
    public var at: Moment?
    /// Why the latest look failed, if it did; the rows are those of the look before.
    public var failure: Failure?
    /// The cells, row after row, in the columns' order.
    public var rows: [[FactValue]]
    /// Rows past the table's limit.
    public var omitted: Int

    /// Gathers the rows of a table.
    public init(at: Moment? = nil, failure: Failure? = nil, rows: [[FactValue]] = [], omitted: Int = 0) {
        self.at = at
        self.failure = failure
        self.rows = rows
        self.omitted = omitted
    }
}

/// A fact table together with where its rows are.
public struct TableSource<Facts: Sendable>: Sendable {
    /// The declaration.
    public var definition: FactTableDefinition
    /// The sensor that reads it; nil where it is Howdah's own.
    public var sensor: SensorID?
    /// The rows as they are known, however old.
    public var content: @Sendable (Facts) -> TableContent

    /// Pairs a declaration with where its rows are.
    public init(
        _ definition: FactTableDefinition,
        sensor: SensorID? = nil,
        content: @escaping @Sendable (Facts) -> TableContent
    ) {
        self.definition = definition
        self.sensor = sensor
        self.content = content
    }
}

extension TableSource where Facts == Snapshot {
    /// A table that a sensor of its own fills.
    init<Row: FactRow>(
        _ sensor: SensorID,
        _ place: any KeyPath<Snapshot, Observation<FactRows<Row>>> & Sendable
    ) {
        self.init(sensor, place) { $0 }
    }

    /// A table that is read off what a sensor found.
    init<Value, Row: FactRow>(
        _ sensor: SensorID,
        _ place: any KeyPath<Snapshot, Observation<Value>> & Sendable,
        rows: @escaping @Sendable (Value) -> FactRows<Row>
    ) {
        self.init(Row.table.definition, sensor: sensor) { snapshot in
            let observation = snapshot[keyPath: place]
            guard let last = observation.last else { return TableContent(failure: observation.failure) }
            let found = rows(last.value)
            return TableContent(
                at: last.at,
                failure: observation.failure,
                rows: found.rows.map(Row.table.cells),
                omitted: found.omitted
            )
        }
    }
}
