/// The code of a Swift file without its comments and the text of its literals, line by line.
///
/// Good enough to look for words, braces and imports: it knows line and nested block comments, plain, raw and
/// multi-line strings, and code inside interpolations. Regular-expression literals are not told apart from division.
struct SwiftSource {
    /// The code; every line stands where it stood.
    let lines: [String]
    /// The text as it was, comments included.
    let text: String

    init(_ text: String) {
        self.text = text
        var scanner = Scanner(text)
        lines = scanner.blanked().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The whole words of a line of code, with the characters in between left out.
    static func words(of line: String) -> [Substring] {
        line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }

    /// The modules that the file imports, with their line numbers from 1.
    var imports: [(module: String, line: Int)] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let before: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]
        return lines.enumerated().compactMap { index, line in
            var words = Self.words(of: line)[...]
            // Attributes such as @testable and @_spi(Name) stand in front.
            guard let keyword = words.firstIndex(of: "import") else { return nil }
            let isAttributed = line.drop { $0 == " " }.first == "@"
            guard isAttributed || words[..<keyword].allSatisfy(before.contains) else { return nil }
            words = words[(keyword + 1)...]
            if let kind = words.first, kinds.contains(kind) { words = words.dropFirst() }
            return words.first.map { (String($0), index + 1) }
        }
    }

    /// A function, initializer or subscript: its first line, from 1, and how many lines it takes.
    struct Function {
        var line: Int
        var lineCount: Int
    }

    /// The functions that have a body.
    var functions: [Function] {
        let keywords: Set<String> = ["func", "init", "deinit", "subscript"]
        var found: [Function] = []
        let tokens = self.tokens
        for (index, token) in tokens.enumerated() where keywords.contains(token.text) {
            // `self.init(`, `.init(` and `X.init` are uses, not declarations.
            if index > 0, tokens[index - 1].text == "." { continue }
            guard let end = Self.endOfBody(in: tokens, after: index) else { continue }
            found.append(Function(line: token.line, lineCount: tokens[end].line - token.line + 1))
        }
        return found
    }

    private struct Token {
        var text: String
        var line: Int
    }

    /// Words, and brackets, dots and semicolons each on its own.
    private var tokens: [Token] {
        var tokens: [Token] = []
        for (index, line) in lines.enumerated() {
            var word = ""
            for character in line + " " {
                if character.isLetter || character.isNumber || character == "_" {
                    word.append(character)
                    continue
                }
                if !word.isEmpty { tokens.append(Token(text: word, line: index + 1)) }
                word = ""
                if "{}()[].".contains(character) { tokens.append(Token(text: String(character), line: index + 1)) }
            }
        }
        return tokens
    }

    /// The index of the brace that closes the body of the declaration at `start`; nil for a requirement without one.
    private static func endOfBody(in tokens: [Token], after start: Int) -> Int? {
        let next: Set<String> = ["func", "init", "deinit", "subscript", "var", "let", "case", "associatedtype", "}"]
        var index = start + 1
        var depth = 0
        while index < tokens.count {
            let text = tokens[index].text
            if depth == 0, text == "{" { break }
            if depth == 0, next.contains(text) { return nil }
            depth += ["(", "["].contains(text) ? 1 : [")", "]"].contains(text) ? -1 : 0
            index += 1
        }
        var braces = 0
        while index < tokens.count {
            if tokens[index].text == "{" { braces += 1 }
            if tokens[index].text == "}" { braces -= 1 }
            if braces == 0 { return index }
            index += 1
        }
        return nil
    }
}

/// Blanks comments and literals, character by character.
private struct Scanner {
    private let characters: [Character]
    private var index = 0
    private var output = ""

    init(_ text: String) { characters = Array(text) }

    mutating func blanked() -> String {
        scanCode(untilParenthesis: false)
        return output
    }

    private func peek(_ offset: Int = 0) -> Character? {
        characters.indices.contains(index + offset) ? characters[index + offset] : nil
    }

    private func isNext(_ text: String) -> Bool {
        index + text.count <= characters.count && characters[index..<(index + text.count)].elementsEqual(text)
    }

    private mutating func keep() {
        output.append(characters[index])
        index += 1
    }

    /// Passes characters over; line feeds stay, so that lines keep their numbers.
    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < characters.count {
            output.append(characters[index].isNewline ? "\n" : " ")
            index += 1
        }
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while let character = peek() {
            if untilParenthesis, character == ")", depth == 0 { return }
            if isNext("//") {
                while let next = peek(), !next.isNewline { blank() }
            } else if isNext("/*") {
                scanBlockComment()
            } else if let hashes = stringStart() {
                scanString(hashes: hashes)
            } else {
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                keep()
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if isNext("/*") {
                depth += 1
                blank(2)
            } else if isNext("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < characters.count
    }

    /// How many number signs stand before the quote here; nil where no literal begins.
    private func stringStart() -> Int? {
        var hashes = 0
        while peek(hashes) == "#" { hashes += 1 }
        return peek(hashes) == "\"" ? hashes : nil
    }

    private mutating func scanString(hashes: Int) {
        let signs = String(repeating: "#", count: hashes)
        blank(hashes)
        let quote = isNext("\"\"\"") ? "\"\"\"" : "\""
        blank(quote.count)
        while index < characters.count {
            if isNext(quote + signs) { return blank(quote.count + hashes) }
            if isNext("\\" + signs + "(") {
                blank(2 + hashes)
                scanCode(untilParenthesis: true)
                blank()
            } else if isNext("\\" + signs) {
                blank(2 + hashes)
            } else {
                blank()
            }
        }
    }
}
