/// How a report for people is laid out.
public struct ReportStyle: Sendable, Hashable {
    /// Whether ANSI colours are used.
    public var color: Bool
    /// Columns; text is wrapped at it.
    public var width: Int

    /// The widths that are laid out; others are cut to the nearest.
    public static let widths = 40...300

    /// A style; a width out of ``widths`` is cut to the nearest.
    public init(color: Bool = false, width: Int = 100) {
        self.color = color
        self.width = min(max(width, Self.widths.lowerBound), Self.widths.upperBound)
    }
}

/// What a piece of a report is, and so how it looks.
enum Ink {
    case plain
    case strong
    case faint
    case good
    case warning
    case bad
    case doubtful

    var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .doubtful: "35"
        }
    }
}

/// Lines of a report, wrapped and, where wanted, coloured.
///
/// All text from outside passes `printable`: a role named with an escape sequence must not drive anybody's terminal.
struct ReportPage {
    let style: ReportStyle
    private(set) var text = ""
    /// The column at which values stand behind their headings.
    static let valueColumn = 10

    init(style: ReportStyle) { self.style = style }

    /// One piece of a line.
    struct Piece {
        var text: String
        var ink: Ink

        init(_ text: String, _ ink: Ink = .plain) {
            self.text = printable(text)
            self.ink = ink
        }
    }

    mutating func blank() { text += "\n" }

    /// Pieces on one line, cut where they do not fit.
    mutating func line(_ pieces: [Piece]) {
        var left = style.width
        for piece in pieces {
            let shown = piece.text.count <= left ? piece.text : String(piece.text.prefix(max(0, left - 1))) + "…"
            guard left > 0 else { break }
            text += painted(shown, piece.ink)
            left -= shown.count
        }
        text += "\n"
    }

    /// A heading of at most ``valueColumn`` columns and a text behind it, wrapped under itself.
    mutating func entry(_ heading: String, _ value: String, ink: Ink = .plain, headingInk: Ink = .faint) {
        let lines = wrapped(printable(value), width: style.width - Self.valueColumn)
        for (index, line) in lines.enumerated() {
            let margin = index == 0 ? heading : ""
            text += painted(margin, headingInk)
            text += String(repeating: " ", count: max(1, Self.valueColumn - margin.count))
            text += painted(line, ink) + "\n"
        }
    }

    /// A heading and pieces that are kept whole, broken between them where the line is full.
    mutating func flow(_ heading: String, _ pieces: [Piece], gap: String = "  ") {
        var column = Self.valueColumn
        text += painted(heading, .faint) + String(repeating: " ", count: max(1, Self.valueColumn - heading.count))
        for (index, piece) in pieces.enumerated() {
            let needed = piece.text.count + (index > 0 ? gap.count : 0)
            if index > 0, column + needed > style.width {
                text += "\n" + String(repeating: " ", count: Self.valueColumn)
                column = Self.valueColumn
            } else if index > 0 {
                text += gap
                column += gap.count
            }
            text += painted(piece.text, piece.ink)
            column += piece.text.count
        }
        text += "\n"
    }

    /// A text from the left margin, wrapped.
    mutating func paragraph(_ value: String, ink: Ink = .plain) {
        for line in wrapped(printable(value), width: style.width) { text += painted(line, ink) + "\n" }
    }

    func painted(_ text: String, _ ink: Ink) -> String {
        guard style.color, !text.isEmpty, let code = ink.code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// The text without control and direction characters, each of them shown as `?`; line feeds become spaces.
func printable(_ text: String) -> String {
    let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F }
    guard !isClean else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: result.append(" ")
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: result.append("?")
        default: result.append(scalar)
        }
    }
    return String(result)
}

/// The text in lines of at most `width` characters, broken at spaces; a longer word is broken where it must be.
func wrapped(_ text: String, width: Int) -> [String] {
    let width = max(8, width)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
        var rest = word
        if !line.isEmpty, line.count + 1 + rest.count > width {
            lines.append(line)
            line = ""
        }
        while rest.count > width {
            lines.append(String(rest.prefix(width)))
            rest = rest.dropFirst(width)
        }
        line += line.isEmpty ? String(rest) : " " + rest
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    return lines
}
