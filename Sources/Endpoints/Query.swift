import Exposition

/// A query parameter as data: the router checks requests against it, and the OpenAPI document describes it.
struct Parameter: Sendable {
    var name: String
    var kind: Kind
    var help: String

    /// What is accepted.
    enum Kind: Sendable {
        /// One of these words.
        case choice([String])
        /// `name`, `name=true` or `name=false`.
        case flag
        /// A number of seconds, 0 to this many.
        case seconds(Double)
        /// A whole number in this range.
        case whole(ClosedRange<UInt64>)
        /// A size such as `16384`, `64kB` or `10MB`, by 1024 as in Postgres.
        case bytes
    }

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// What is accepted, in words.
    var accepted: String {
        switch kind {
        case .choice(let words): words.joined(separator: ", ")
        case .flag: "true, false, or nothing"
        case .seconds(let maximum): "seconds from 0 to \(Int(maximum))"
        case .whole(let range) where range.upperBound == .max: "a whole number from \(range.lowerBound)"
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes: "a size such as 16384, 64kB, 10MB or 1GB"
        }
    }
}

/// The parameters of a request, checked.
struct Query: Sendable, Hashable {
    /// A checked value.
    enum Value: Sendable, Hashable {
        case word(String)
        case flag(Bool)
        case number(Double)
        case whole(UInt64)
    }

    private var values: [String: Value] = [:]

    /// More parameters than this are refused unread.
    static let parameterLimit = 32

    /// Checks what stands behind the question mark against what a route takes.
    ///
    /// - Throws: ``Unacceptable`` for an unknown, repeated or malformed parameter.
    init(_ text: Substring, accepting parameters: [Parameter]) throws(Unacceptable) {
        let pairs = text.split(separator: "&")
        guard pairs.count <= Self.parameterLimit else {
            throw Unacceptable("there are \(pairs.count) parameters; at most \(Self.parameterLimit) are read")
        }
        for pair in pairs {
            let sign = pair.firstIndex(of: "=")
            let rawName = pair[..<(sign ?? pair.endIndex)]
            let rawValue = sign.map { pair[pair.index(after: $0)...] } ?? ""
            guard let name = percentDecoded(rawName), let value = percentDecoded(rawValue) else {
                throw Unacceptable("'\(pair.prefix(100))' is not percent-encoded UTF-8")
            }
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                throw Unacceptable(unknown: name, parameters: parameters)
            }
            guard values[name] == nil else { throw Unacceptable("'\(name)' is given twice") }
            guard let checked = Self.check(value, parameter.kind) else {
                throw Unacceptable("'\(name)' is '\(value.prefix(100))'; accepted: \(parameter.accepted)")
            }
            values[name] = checked
        }
    }

    func word(_ name: String) -> String? { if case .word(let word)? = values[name] { word } else { nil } }
    func flag(_ name: String) -> Bool { values[name] == .flag(true) }
    func number(_ name: String) -> Double? { if case .number(let number)? = values[name] { number } else { nil } }
    func whole(_ name: String) -> UInt64? { if case .whole(let number)? = values[name] { number } else { nil } }

    private static func check(_ text: String, _ kind: Parameter.Kind) -> Value? {
        switch kind {
        case .choice(let words): return words.contains(text) ? .word(text) : nil
        case .flag:
            switch text {
            case "true", "1", "": return .flag(true)
            case "false", "0": return .flag(false)
            default: return nil
            }
        case .seconds(let maximum):
            guard isDecimal(text), let number = Double(text), (0...maximum).contains(number) else { return nil }
            return .number(number)
        case .whole(let range):
            guard isDecimal(text), let number = UInt64(text), range.contains(number) else { return nil }
            return .whole(number)
        case .bytes: return size(text).map { .number($0) }
        }
    }

    private static func isDecimal(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || $0 == 46 }
    }

    private static func size(_ text: String) -> Double? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard isDecimal(String(digits)), let number = Double(String(digits)) else { return nil }
        let units = ["": 0, "b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4]
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        return units[unit].map { power in (0..<power).reduce(number) { size, _ in size * 1024 } }
    }

    /// What is wrong with the parameters, and what is accepted.
    struct Unacceptable: Error, Hashable {
        var detail: String

        init(_ detail: String) { self.detail = detail }

        init(unknown name: String, parameters: [Parameter]) {
            let known = parameters.map(\.name).joined(separator: ", ")
            let accepted = known.isEmpty ? "this path takes no parameters" : "accepted here: \(known)"
            detail = "'\(name.prefix(100))' is not a parameter of this path; \(accepted)"
        }
    }
}

/// The text behind a percent-encoding, `+` read as a space; nil where it is malformed or not UTF-8.
func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
                return nil
            }
            bytes.append(high << 4 | low)
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 65...70: digit - 55
    case 97...102: digit - 87
    default: nil
    }
}
