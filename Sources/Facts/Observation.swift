/// What became of looking at one source, whether or not it worked.
///
/// A failure is data: the diagnosis reads it like any other fact, and the last good value stays beside it.
public enum Observation<Value: Sendable>: Sendable {
    /// The source has not been looked at since Howdah started.
    case never
    /// The source answered with `Value`.
    case fresh(Value, at: Moment)
    /// The source did not answer; what it said last stays known.
    case failed(Failure, at: Moment, last: Stamped<Value>?)

    /// The last value, good or superseded by a failure, with the moment it was read.
    public var last: Stamped<Value>? {
        switch self {
        case .never: nil
        case .fresh(let value, let at): Stamped(value, at: at)
        case .failed(_, _, let last): last
        }
    }

    /// The value, only if the latest look succeeded.
    public var value: Value? {
        if case .fresh(let value, _) = self { value } else { nil }
    }

    /// The value, only if the latest look succeeded no longer than `seconds` before `now`.
    public func value(within seconds: Double, of now: Moment) -> Value? {
        if case .fresh(let value, let at) = self, now.seconds(since: at) <= seconds { value } else { nil }
    }

    /// Why the latest look failed, if it did.
    public var failure: Failure? {
        if case .failed(let failure, _, _) = self { failure } else { nil }
    }

    /// When the source was last looked at, with whatever outcome.
    public var at: Moment? {
        switch self {
        case .never: nil
        case .fresh(_, let at): at
        case .failed(_, let at, _): at
        }
    }

    /// This observation superseded by a new success.
    public func succeeding(with value: Value, at: Moment) -> Self { .fresh(value, at: at) }

    /// This observation superseded by a failure; the last value is kept.
    public func failing(with failure: Failure, at: Moment) -> Self { .failed(failure, at: at, last: last) }
}

/// A value and the moment it was read.
public struct Stamped<Value: Sendable>: Sendable {
    /// What was read.
    public var value: Value
    /// When it was read.
    public var at: Moment

    /// Pairs a value with the moment it was read.
    public init(_ value: Value, at: Moment) {
        self.value = value
        self.at = at
    }
}

extension Stamped: Equatable where Value: Equatable {}
extension Observation: Equatable where Value: Equatable {}

/// Why a source did not answer.
///
/// The kinds are kept apart because they mean different states.
public struct Failure: Error, Sendable, Hashable {
    /// The kinds of failure; the raw values are the `reason` label of `howdah_sensor_failures_total`.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Something is there and turned us away: connection refused, rejected, full, not authenticated.
        case refused
        /// No answer within the deadline.
        case timedOut = "timed_out"
        /// We lack the privilege (SQL) or the permission (file, process).
        case notPermitted = "not_permitted"
        /// It is not there: no file, no socket, no mount, not configured.
        case absent
        /// It answered, and we do not understand the answer.
        case notUnderstood = "not_understood"
        /// The connection was there and was lost.
        case lost
    }

    /// Which kind of failure.
    public var kind: Kind
    /// One sentence for people, without secrets.
    public var message: String
    /// The five-character SQLSTATE where the server gave one.
    public var sqlState: String?

    /// Describes why a source did not answer.
    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
    }
}
