import FoundationEssentials

/// The document at `/state`, as a test reads it.
public struct StateDocument: Sendable, Decodable {
    /// Grows with each change.
    public var revision: Int
    /// `live`, `live_but`, `dead` or `unknown`.
    public var state: String
    /// One sentence.
    public var summary: String
    /// The phase.
    public var phase: String
    /// `primary`, `standby` or `unknown`.
    public var role: String
    /// The phases that would fit, where the sources do not tell.
    public var candidates: [String]
    /// The answers of the probes by name: `liveness`, `readiness`, `read_write`, `read_only`.
    public var probes: [String: Probe]
    /// The active conditions.
    public var conditions: [Condition]
    /// The sensors by name.
    public var sensors: [String: Sensor]

    /// A probe's answer.
    public struct Probe: Sendable, Decodable {
        /// Whether it passes.
        public var pass: Bool
        /// Why.
        public var reason: String
    }

    /// An active condition.
    public struct Condition: Sendable, Decodable {
        /// Its name.
        public var condition: String
        /// `info`, `warning` or `critical`.
        public var severity: String
        /// What is wrong, with numbers.
        public var message: String
        /// Who says so.
        public var evidence: [Evidence]
    }

    /// One piece of evidence.
    public struct Evidence: Sendable, Decodable {
        /// The sensor.
        public var source: String
        /// What was looked at.
        public var fact: String
        /// What it said, as text whatever its type.
        public var value: Text
    }

    /// How a sensor fares.
    public struct Sensor: Sendable, Decodable {
        /// `fresh`, `failing`, `absent`, `never`.
        public var status: String
    }

    /// A JSON string, number or boolean as text.
    public struct Text: Sendable, Decodable, CustomStringConvertible {
        /// The text.
        public var description: String

        /// Reads whichever of the three stands there.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                description = text
            } else if let flag = try? container.decode(Bool.self) {
                description = "\(flag)"
            } else if let number = try? container.decode(Double.self) {
                description = number == number.rounded() ? "\(Int64(number))" : "\(number)"
            } else {
                description = "null"
            }
        }
    }

    /// The names of the active conditions, sorted.
    public var conditionNames: [String] { conditions.map(\.condition).sorted() }

    /// The condition with this name, if it is active.
    public func condition(_ name: String) -> Condition? { conditions.first { $0.condition == name } }

    /// State, phase, role, conditions and probes on one line, for messages.
    public var digest: String {
        let answers = ["liveness", "readiness", "read_write", "read_only"].map { name in
            probes[name].map { $0.pass ? "P" : "F" } ?? "-"
        }
        return "\(state) \(phase) \(role) [\(conditionNames.joined(separator: " "))] \(answers.joined())"
            + (candidates.isEmpty ? "" : " of \(candidates.joined(separator: "|"))") + " \"\(summary)\""
    }
}
