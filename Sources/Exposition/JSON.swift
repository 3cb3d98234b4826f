/// A JSON value whose keys keep the order in which they were written.
///
/// Our own and not `JSONEncoder`: people read these documents at 3 a.m., and its keys are either unordered or in
/// alphabetical order; two documents of one verdict must be the same bytes; and Foundation's encoder brings ICU (40 MB)
/// into a program whose whole footprint is less.
public indirect enum JSON: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A number; one that JSON cannot write (infinite, not a number) becomes `null`.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSON])
    /// Keys and values in order; a key should not come twice.
    case object([Member])

    /// One key and its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public var key: String
        /// Its value.
        public var value: JSON

        /// Pairs a key with its value.
        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// A text, or `null`.
    public static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }

    /// A whole number, or `null`.
    public static func whole(_ value: (some BinaryInteger)?) -> JSON {
        value.map { .integer(Int64(clamping: $0)) } ?? .null
    }

    /// Seconds to the millisecond, or `null`: the digits beyond are noise.
    public static func seconds(_ value: Double?) -> JSON {
        value.map { .number(($0 * 1000).rounded() / 1000) } ?? .null
    }

    /// A number to four significant decimals, or `null`.
    public static func rounded(_ value: Double?) -> JSON {
        value.map { .number(($0 * 10_000).rounded() / 10_000) } ?? .null
    }

    /// The value of a key; nil if this is no object or has no such key.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object with its keys in this order.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSON {
    /// How a document is laid out.
    public enum Layout: Sendable, Hashable {
        /// Indented by two spaces; a list or object of plain values stays on one line where it fits. Ends with a line
        /// feed.
        case readable
        /// One line without spaces and without a final line feed, as event streams want it.
        case compact
    }

    /// The document as UTF-8.
    public func bytes(_ layout: Layout = .readable) -> [UInt8] {
        var writer = JSONWriter()
        switch layout {
        case .compact: writer.write(self)
        case .readable:
            writer.writeReadable(self, indent: 0, column: 0)
            writer.append("\n")
        }
        return writer.bytes
    }

    /// The document as text.
    public func text(_ layout: Layout = .readable) -> String { String(decoding: bytes(layout), as: UTF8.self) }

    fileprivate var isPlain: Bool {
        switch self {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }
}

/// Writes JSON as bytes.
private struct JSONWriter {
    var bytes: [UInt8] = []
    /// The separators of the one-line layout: none in `compact`, a space where people read.
    var isSpaced = false
    /// The widest line that a list or object of plain values may fill before it is broken up.
    static let lineWidth = 160

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .number(let number): append(number.isFinite ? Self.decimal(number) : "null")
        case .string(let text): writeString(text)
        case .array(let elements):
            append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { append(isSpaced ? ", " : ",") }
                write(element)
            }
            append("]")
        case .object(let members):
            append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { append(isSpaced ? ", " : ",") }
                writeKey(member.key, spaced: isSpaced)
                write(member.value)
            }
            append("}")
        }
    }

    mutating func writeReadable(_ value: JSON, indent: Int, column: Int) {
        if let line = oneLine(value), column + line.count <= Self.lineWidth {
            bytes.append(contentsOf: line)
            return
        }
        switch value {
        case .array(let elements):
            append("[")
            for (index, element) in elements.enumerated() {
                startLine(index, indent: indent + 2)
                writeReadable(element, indent: indent + 2, column: indent + 2)
            }
            endBlock("]", indent: indent)
        case .object(let members):
            append("{")
            for (index, member) in members.enumerated() {
                startLine(index, indent: indent + 2)
                writeKey(member.key, spaced: true)
                writeReadable(member.value, indent: indent + 2, column: indent + 6 + member.key.utf8.count)
            }
            endBlock("}", indent: indent)
        default: write(value)
        }
    }

    /// The value on one line, if it is plain or holds only plain values.
    private func oneLine(_ value: JSON) -> [UInt8]? {
        switch value {
        case .array(let elements): guard elements.allSatisfy(\.isPlain) else { return nil }
        case .object(let members): guard members.allSatisfy({ $0.value.isPlain }) else { return nil }
        default: return nil
        }
        var line = JSONWriter()
        line.isSpaced = true
        line.write(value)
        return line.bytes
    }

    private mutating func startLine(_ index: Int, indent: Int) {
        append(index > 0 ? ",\n" : "\n")
        append(String(repeating: " ", count: indent))
    }

    private mutating func endBlock(_ bracket: String, indent: Int) {
        append("\n" + String(repeating: " ", count: indent) + bracket)
    }

    private mutating func writeKey(_ key: String, spaced: Bool) {
        writeString(key)
        append(spaced ? ": " : ":")
    }

    private mutating func writeString(_ text: String) {
        append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: bytes.append(byte)
            }
        }
        append("\"")
    }

    /// The shortest digits that read back as the same number; whole numbers without a fraction.
    static func decimal(_ number: Double) -> String {
        number.rounded() == number && abs(number) < 9e15 ? String(Int64(number)) : "\(number)"
    }
}
