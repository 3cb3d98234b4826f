/// The policy file: one `name = value` a line, in the manner of postgresql.conf; `#` begins a comment.
///
/// ```
/// connections_full.severity = warning
/// connections_full.read_write = fail
/// connections_near_full.used_ratio = 0.8
/// liveness.unresponsive_seconds = 120
/// ```
public enum PolicyFile {
    /// The most bytes that are read.
    public static let maximumBytes = 65_536

    /// What is wrong with a policy file, with the line that it stands on.
    public typealias Problem = AssignmentLines.Problem

    /// Parses a policy against the catalogue.
    ///
    /// - Throws: `Problem` at the first line that names something unknown or gives a value out of bounds.
    public static func parse(_ text: String) throws(Problem) -> Policy {
        var policy = Policy()
        for assignment in try AssignmentLines.parse(text) {
            do throws(Invalid) { try set(assignment.name, assignment.value, in: &policy) } catch {
                throw Problem(line: assignment.line, text: error.text)
            }
        }
        return policy
    }

    private struct Invalid: Error { var text: String }

    private static func set(_ name: String, _ value: String, in policy: inout Policy) throws(Invalid) {
        if let general = Policy.general.first(where: { $0.name == name }) {
            policy.general[name] = try number(value, for: general, named: name)
            return
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Invalid(
                text: "unknown name `\(name)`; expected CONDITION.KEY or \(listed(Policy.general.map(\.name)))"
            )
        }
        guard let definition = Catalogue.definition(of: parts[0]) else {
            throw Invalid(text: "unknown condition `\(parts[0])`; `howdah conditions` lists the known ones")
        }
        let key = parts[1]
        if key == "severity" {
            guard let severity = Severity(rawValue: value) else {
                throw Invalid(text: "\(name): `\(value)` is not one of \(listed(Severity.allCases.map(\.rawValue)))")
            }
            policy.severities[definition.name] = severity
        } else if let probe = ProbeID(rawValue: key) {
            guard let effect = ProbeEffect(rawValue: value) else {
                throw Invalid(text: "\(name): `\(value)` is not one of \(listed(ProbeEffect.allCases.map(\.rawValue)))")
            }
            policy.effects[definition.name, default: [:]][probe] = effect
        } else if let threshold = definition.thresholds.first(where: { $0.name == key }) {
            policy.thresholds[definition.name, default: [:]][key] = try number(value, for: threshold, named: name)
        } else {
            let known = ["severity"] + ProbeID.allCases.map(\.rawValue) + definition.thresholds.map(\.name)
            throw Invalid(text: "\(definition.name) has no `\(key)`; it has \(listed(known))")
        }
    }

    private static func number(
        _ value: String,
        for threshold: ConditionDefinition.Threshold,
        named name: String
    ) throws(Invalid) -> Double {
        guard let number = Double(value), number.isFinite, threshold.bounds.contains(number) else {
            let bounds = "\(plain(threshold.bounds.lowerBound)) to \(plain(threshold.bounds.upperBound))"
            throw Invalid(text: "\(name): `\(value)` is not a number from \(bounds)")
        }
        return number
    }

    private static func plain(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
    }

    private static func listed(_ words: [String]) -> String { words.joined(separator: ", ") }
}
