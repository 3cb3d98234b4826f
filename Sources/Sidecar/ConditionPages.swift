import Diagnosis

/// The pages of `howdah conditions` and `howdah explain`, made from the catalogue.
public enum ConditionPages {
    /// The catalogue as aligned text.
    public static func list() -> String {
        let width = Catalogue.definitions.map(\.name.count).max() ?? 0
        var lines: [String] = []
        for family in Family.allCases {
            let members = Catalogue.definitions.filter { $0.family == family }
            guard !members.isEmpty else { continue }
            lines += [family.rawValue]
            for member in members {
                let name = member.name + String(repeating: " ", count: width - member.name.count)
                let severity = member.severity.rawValue.padded(to: 8)
                lines.append("  \(name)  \(severity)  \(member.title)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The catalogue as Markdown tables.
    public static func markdown() -> String { Catalogue.markdown() }

    /// What a condition means, how it is recognised, what to do.
    ///
    /// - Throws: `ConfigurationError` for an unknown name, with the nearest known ones.
    public static func explain(_ name: String) throws(ConfigurationError) -> String {
        guard let condition = Catalogue.definition(of: name) else {
            let near = Catalogue.definitions.map(\.name).filter { shared($0, name) >= 4 }.prefix(3)
            let hint =
                near.isEmpty
                ? "`howdah conditions` lists the known ones" : "did you mean \(near.joined(separator: ", "))?"
            throw ConfigurationError("unknown condition \"\(name.prefix(80))\"; \(hint)")
        }
        var lines = [
            "\(condition.name) (\(condition.family.rawValue), \(condition.severity.rawValue))", "", condition.title, "",
            "How it is recognised", indented(condition.recognition), "", "What to do", indented(condition.advice), "",
            "Probes",
        ]
        let effects = ProbeID.allCases.compactMap { probe in
            condition.effects[probe].map { "  \(probe.rawValue): \($0.rawValue)" }
        }
        lines += effects.isEmpty ? ["  leaves them alone"] : effects
        if condition.secondsToAppear > 0 || condition.secondsToClear > 0 {
            lines += [
                "", "Appears after \(condition.secondsToAppear) s, clears after \(condition.secondsToClear) s.",
            ]
        }
        if !condition.dependsOn.isEmpty {
            lines += ["", "Not shown while this explains it: \(condition.dependsOn.joined(separator: ", "))"]
        }
        lines += ["", "Policy"]
        lines += condition.thresholds.map { "  \(condition.name).\($0.name) = \($0.value)    # \($0.help)" }
        lines.append("  \(condition.name).severity = \(condition.severity.rawValue)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func indented(_ text: String) -> String {
        wrapped(text, width: 76).map { "  " + $0 }.joined(separator: "\n")
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, line.count + word.count + 1 > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + (line.isEmpty ? [] : [line])
    }

    /// The length of the longest common prefix of any word of both names.
    private static func shared(_ left: String, _ right: String) -> Int {
        let words = right.split(separator: "_")
        return left.split(separator: "_").flatMap { one in words.map { one.commonPrefixCount(with: $0) } }.max() ?? 0
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}

extension Substring {
    fileprivate func commonPrefixCount(with other: Substring) -> Int {
        zip(self, other).prefix { $0 == $1 }.count
    }
}
