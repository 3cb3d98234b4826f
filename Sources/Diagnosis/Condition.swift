/// A condition as data: everything about it but the function that recognises it.
///
/// Names are public API (`CONDITIONS` in the documentation, `condition` labels, alerts): add, never rename.
public struct ConditionDefinition: Sendable {
    /// The public name, such as `connections_full`.
    public var name: String
    /// Its family.
    public var family: Family
    /// Default severity.
    public var severity: Severity
    /// What it means, in one sentence.
    public var title: String
    /// How it is recognised: sources and texts, for `howdah explain`.
    public var recognition: String
    /// What to do about it.
    public var advice: String
    /// Seconds that it must hold before it is shown.
    public var secondsToAppear: Double
    /// Seconds that it must be gone before it is cleared.
    public var secondsToClear: Double
    /// Conditions that explain this one: while one of them is active, this one is suppressed.
    public var dependsOn: [String]
    /// What it does to each probe by default; a probe that is not named is left alone.
    public var effects: [ProbeID: ProbeEffect]
    /// Its thresholds with their defaults, by the name that the policy file uses.
    public var thresholds: [Threshold]

    /// A tunable number.
    public struct Threshold: Sendable, Hashable {
        /// The name in the policy file, unit last, such as `used_ratio` or `window_seconds`.
        public var name: String
        /// The default.
        public var value: Double
        /// The bounds that the policy file must stay in.
        public var bounds: ClosedRange<Double>
        /// What it is.
        public var help: String

        /// Describes a tunable number.
        public init(_ name: String, _ value: Double, in bounds: ClosedRange<Double>, _ help: String) {
            self.name = name
            self.value = value
            self.bounds = bounds
            self.help = help
        }
    }

    /// Describes a condition.
    public init(
        _ name: String,
        _ family: Family,
        _ severity: Severity,
        title: String,
        recognition: String,
        advice: String,
        appears secondsToAppear: Double = 0,
        clears secondsToClear: Double = 0,
        dependsOn: [String] = [],
        effects: [ProbeID: ProbeEffect] = [:],
        thresholds: [Threshold] = []
    ) {
        self.name = name
        self.family = family
        self.severity = severity
        self.title = title
        self.recognition = recognition
        self.advice = advice
        self.secondsToAppear = secondsToAppear
        self.secondsToClear = secondsToClear
        self.dependsOn = dependsOn
        self.effects = effects
        self.thresholds = thresholds
    }
}

/// What an active condition does to a probe.
public enum ProbeEffect: String, Sendable, Hashable, CaseIterable {
    /// Leaves the answer as it is.
    case pass
    /// Makes the probe fail.
    case fail
    /// Keeps the probe's last answer.
    case hold
}

/// What a leaf function says of a condition that holds: the message and who says so.
public struct Finding: Sendable {
    /// What is wrong, with numbers.
    public var message: String
    /// Who says so; never empty.
    public var evidence: [Evidence]
    /// Advice for this very case; nil for the catalogue's.
    public var advice: String?

    /// Describes a condition that holds.
    public init(_ message: String, evidence: [Evidence], advice: String? = nil) {
        self.message = message
        self.evidence = evidence
        self.advice = advice
    }
}
