/// What an operator may tune: thresholds, severities, probe effects and waits.
///
/// The defaults are the catalogue's.
public struct Policy: Sendable, Equatable {
    /// Severities that differ from the catalogue's, by condition.
    public var severities: [String: Severity] = [:]
    /// Probe effects that differ from the catalogue's, by condition.
    public var effects: [String: [ProbeID: ProbeEffect]] = [:]
    /// Thresholds that differ from the catalogue's, by condition and name.
    public var thresholds: [String: [String: Double]] = [:]
    /// The numbers that belong to no condition, by name; see `Policy.general`.
    public var general: [String: Double] = [:]

    /// The built-in policy.
    public init() {}

    /// The numbers that belong to no condition, with their defaults.
    public static let general: [ConditionDefinition.Threshold] = [
        .init(
            "liveness.unresponsive_seconds",
            60,
            in: 5...86_400,
            "how long the server must be unresponsive before the liveness probe fails"
        ),
        .init(
            "readiness.unknown_grace_seconds",
            30,
            in: 0...86_400,
            "how long readiness keeps its last answer while the phase is unknown"
        ),
        .init(
            "read_only.max_lag_bytes",
            1_073_741_824,
            in: 0...1e18,
            "received but not replayed WAL from which a standby fails the read-only probe"
        ),
    ]

    /// A general number after policy.
    public func number(_ name: String) -> Double {
        general[name] ?? Self.general.first { $0.name == name }?.value ?? 0
    }

    /// A condition's threshold after policy.
    public func threshold(_ definition: ConditionDefinition, _ name: String) -> Double {
        thresholds[definition.name]?[name] ?? definition.thresholds.first { $0.name == name }?.value ?? 0
    }

    /// A condition's severity after policy.
    public func severity(_ definition: ConditionDefinition) -> Severity {
        severities[definition.name] ?? definition.severity
    }

    /// What a condition does to a probe after policy.
    public func effect(_ definition: ConditionDefinition, on probe: ProbeID) -> ProbeEffect {
        effects[definition.name]?[probe] ?? definition.effects[probe] ?? .pass
    }
}
