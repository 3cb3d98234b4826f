/// Every condition that Howdah knows, as data, in the order in which it is listed.
public enum Catalogue {
    /// A condition and the function that recognises it.
    struct Entry: Sendable {
        /// The condition as data.
        var definition: ConditionDefinition
        /// Looks at a case; nil where the condition does not hold.
        var recognise: @Sendable (Case, ConditionDefinition) -> Finding?
    }

    /// The families in the order of the catalogue; each file of `Conditions` holds one.
    static let entries: [Entry] = connections + recovery + observer

    /// The definitions, in order.
    public static let definitions: [ConditionDefinition] = entries.map(\.definition)

    private static let byName = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })

    /// The definition with this name, if there is one.
    public static func definition(of name: String) -> ConditionDefinition? { byName[name] }

    /// The catalogue as a Markdown table a family, as the documentation has it.
    public static func markdown() -> String {
        var lines: [String] = []
        for family in Family.allCases {
            let members = definitions.filter { $0.family == family }
            guard !members.isEmpty else { continue }
            lines += [
                "", "### \(family.rawValue)", "", "| condition | severity | probes | means |", "|---|---|---|---|",
            ]
            for member in members {
                let probes = ProbeID.allCases.compactMap { probe in
                    member.effects[probe].map { "\(probe.rawValue) \($0.rawValue)" }
                }
                let effects = probes.isEmpty ? "–" : probes.joined(separator: ", ")
                lines.append("| `\(member.name)` | \(member.severity.rawValue) | \(effects) | \(member.title) |")
            }
        }
        return lines.dropFirst().joined(separator: "\n") + "\n"
    }
}
