public import Support

/// The verdict that a fault must lead to: what `/state` must say, and what it must have said on the way.
public struct Expectation: Sendable {
    /// The headline.
    public var state: String
    /// The phase.
    public var phase: String
    /// The role; nil where any will do.
    public var role: String?
    /// The conditions that must be active; no others may be, but for `tolerated`.
    public var conditions: Set<String>
    /// Conditions that may be active as well.
    public var tolerated: Set<String> = []
    /// The probes in the order liveness, readiness, read_write, read_only: P passes, F fails, `.` either.
    public var probes: String
    /// Phases that must be among the candidates.
    public var candidates: Set<String> = []
    /// Texts that some evidence of a condition must contain, by condition.
    public var evidence: [String: String] = [:]
    /// Sensors and the status that they must have.
    public var sensors: [String: String] = [:]
    /// Phases that must have been told on the way, in this order.
    public var seen: [String] = []
    /// How long the verdict must then hold without a change, in seconds.
    public var holds = 0.0
    /// Seconds from the fault to the verdict.
    public var within: Double

    /// Describes a verdict.
    public init(
        _ state: String,
        _ phase: String,
        role: String?,
        conditions: Set<String> = [],
        probes: String,
        within: Double = 10
    ) {
        self.state = state
        self.phase = phase
        self.role = role
        self.conditions = conditions
        self.probes = probes
        self.within = within
    }

    // MARK: The usual ones, as CONDITIONS has them

    /// Accepts connections in its role, and nothing is wrong.
    public static func live(_ role: String, within: Double = 15) -> Expectation {
        Expectation("live", "running", role: role, probes: role == "primary" ? "PPPP" : "PPFP", within: within)
    }

    /// Accepts connections, and `conditions` hold.
    public static func running(
        _ role: String,
        but conditions: Set<String>,
        probes: String? = nil,
        within: Double = 10
    ) -> Expectation {
        Expectation(
            "live_but",
            "running",
            role: role,
            conditions: conditions,
            probes: probes ?? (role == "primary" ? "PPPP" : "PPFP"),
            within: within
        )
    }

    /// The server process lives and does not accept connections.
    public static func notAccepting(
        _ phase: String,
        role: String?,
        conditions: Set<String> = [],
        within: Double = 10
    ) -> Expectation {
        Expectation("live_but", phase, role: role, conditions: conditions, probes: "PFFF", within: within)
    }

    /// No server process, proven; without an agent the container's restart is the cure.
    public static func dead(_ phase: String, role: String?, within: Double = 10) -> Expectation {
        Expectation("dead", phase, role: role, probes: "FFFF", within: within)
    }

    /// The same, and `change` applied.
    public func with(_ change: (inout Expectation) -> Void) -> Expectation {
        var copy = self
        change(&copy)
        return copy
    }

    // MARK: Comparing

    /// What of a document is not as expected; empty where all is.
    public func differences(from document: StateDocument) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ expected: String, _ actual: String) {
            if expected != actual { found.append("\(what) is \(actual), not \(expected)") }
        }
        compare("state", state, document.state)
        compare("phase", phase, document.phase)
        if let role { compare("role", role, document.role) }
        let active = Set(document.conditionNames)
        let missing = conditions.subtracting(active).sorted()
        let surplus = active.subtracting(conditions).subtracting(tolerated).sorted()
        if !missing.isEmpty { found.append("lacks \(missing.joined(separator: ", "))") }
        if !surplus.isEmpty { found.append("has \(surplus.joined(separator: ", "))") }
        for (name, expected) in zip(["liveness", "readiness", "read_write", "read_only"], probes) where expected != "."
        {
            compare(name, "\(expected)", document.probes[name].map { $0.pass ? "P" : "F" } ?? "absent")
        }
        let lost = candidates.subtracting(document.candidates).sorted()
        if !lost.isEmpty { found.append("\(lost.joined(separator: ", ")) not among the candidates") }
        for (name, text) in evidence {
            let pieces = document.condition(name)?.evidence ?? []
            if !pieces.contains(where: { $0.value.description.contains(text) || $0.source == text }) {
                found.append("no evidence of \(name) says \(text)")
            }
        }
        for (name, status) in sensors { compare("sensor \(name)", status, document.sensors[name]?.status ?? "absent") }
        return found
    }

    /// Whether the phases of `seen` were told in this order.
    func hasSeenAll(_ arrivals: [VerdictFeed.Arrival]) -> Bool {
        var rest = seen[...]
        for arrival in arrivals where arrival.document.phase == rest.first { rest = rest.dropFirst() }
        return rest.isEmpty
    }
}
