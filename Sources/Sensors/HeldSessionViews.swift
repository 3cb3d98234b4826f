public import Deadlines
public import Facts

/// The vital signs as a sensor of their own, on the session that `HeldSessionSensor` keeps.
public struct VitalsSensor: Sendable {
    /// `vitals`.
    public let id = SensorID.vitals
    private let held: HeldSessionSensor

    /// The vital signs that `held` finds.
    public init(_ held: HeldSessionSensor) { self.held = held }

    /// The server's vital signs.
    public func observe(deadline: Deadline) async throws(Failure) -> Vitals {
        try await held.vitals(deadline: deadline)
    }
}

/// Who holds the slots as a sensor of its own, on the session that `HeldSessionSensor` keeps.
public struct SessionsSensor: Sendable {
    /// `sessions`.
    public let id = SensorID.sessions
    private let held: HeldSessionSensor

    /// The holders that `held` finds.
    public init(_ held: HeldSessionSensor) { self.held = held }

    /// Who holds the slots.
    public func observe(deadline: Deadline) async throws(Failure) -> Sessions {
        try await held.sessions(deadline: deadline)
    }
}
