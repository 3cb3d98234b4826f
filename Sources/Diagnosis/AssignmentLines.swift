/// A file of `name = value` lines in the manner of postgresql.conf: the policy and the settings file are written so.
///
/// `#` begins a comment at the start of a line and after a space; a value may stand in single quotes, where `''` is a
/// quote. What a line holds is never repeated in an error but for a well-formed name: it may be a password.
public enum AssignmentLines {
    /// One assignment.
    public struct Assignment: Sendable, Equatable {
        /// The line, from 1.
        public var line: Int
        /// What stands before the `=`.
        public var name: String
        /// What stands behind it, without its quotes.
        public var value: String
    }

    /// What is wrong with a file, with the line that it stands on.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// The line, from 1.
        public var line: Int
        /// What is wrong and what would be accepted.
        public var text: String
        /// Line and text in one.
        public var description: String { "line \(line): \(text)" }

        /// Says what is wrong on a line.
        public init(line: Int, text: String) {
            self.line = line
            self.text = text
        }
    }

    /// The assignments of a text, in order.
    ///
    /// - Throws: `Problem` at the first line that is no assignment or names what an earlier line has named.
    public static func parse(_ text: String) throws(Problem) -> [Assignment] {
        var assignments: [Assignment] = []
        var seen: [String: Int] = [:]
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            let line = trimmed(raw)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw Problem(line: number, text: "expected `name = value`")
            }
            let name = trimmed(line[..<equals])
            guard name.count <= 100, !name.isEmpty, name.allSatisfy({ isPartOfName($0) }) else {
                throw Problem(line: number, text: "expected `name = value` with a name of letters, digits, - _ and .")
            }
            guard let value = unquoted(trimmed(line[line.index(after: equals)...])) else {
                throw Problem(line: number, text: "the value of \(name) has a quote that does not end")
            }
            if let first = seen[name] {
                throw Problem(line: number, text: "\(name) is set twice; the first time on line \(first)")
            }
            seen[name] = number
            assignments.append(Assignment(line: number, name: name, value: value))
        }
        return assignments
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
    }

    /// The value without quotes and comment; nil where a quote is left open or something follows it.
    private static func unquoted(_ text: String) -> String? {
        guard text.hasPrefix("'") else { return withoutComment(text) }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            guard character == "'" else {
                value.append(character)
                continue
            }
            if rest.first == "'" {
                value.append("'")
                rest = rest.dropFirst()
                continue
            }
            let tail = trimmed(rest)
            return tail.isEmpty || tail.hasPrefix("#") ? value : nil
        }
        return nil
    }

    private static func withoutComment(_ text: String) -> String {
        var isAfterSpace = true
        let value = text.prefix { character in
            defer { isAfterSpace = character.isWhitespace }
            return !(character == "#" && isAfterSpace)
        }
        return trimmed(value)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var characters = Substring(text.drop { $0.isWhitespace })
        while characters.last?.isWhitespace == true { characters.removeLast() }
        return String(characters)
    }
}
