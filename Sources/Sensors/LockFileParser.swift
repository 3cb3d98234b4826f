public import Facts

/// Reads `postmaster.pid`, whatever bytes it holds (`src/include/utils/pidfile.h`).
///
/// The server ends every line with a newline and writes lines 5 to 8 as the start proceeds. A line without its newline
/// is half of one, caught in the middle of a write, and is not believed: half of `1234` is another process.
public enum LockFileParser {
    /// The most that is read, in bytes; the server's own file is a few hundred.
    ///
    /// A longer one is not a lock file.
    public static let sizeLimit = 8192

    /// What the bytes of the file mean: `.present`, or `.notUnderstood` with a reason that quotes at most 40 bytes.
    public static func parse(_ bytes: [UInt8]) -> LockFileState {
        guard !bytes.isEmpty else { return .notUnderstood("postmaster.pid is empty") }
        guard bytes.count <= sizeLimit else {
            return .notUnderstood("postmaster.pid is longer than \(sizeLimit) bytes")
        }
        // What follows the last newline is half a line.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        guard let first = lines.first else {
            return .notUnderstood("postmaster.pid ends within its first line: \(quoted(bytes[...]))")
        }
        guard let number = integer(first), number != 0, let pid = Int32(exactly: number.magnitude) else {
            return .notUnderstood("line 1 of postmaster.pid is not a process id: \(quoted(first))")
        }
        var file = LockFile(pid: pid, isSingleUser: number < 0)
        fill(&file, from: Array(lines))
        return .present(file)
    }

    private static func fill(_ file: inout LockFile, from lines: [ArraySlice<UInt8>]) {
        func line(_ number: Int) -> ArraySlice<UInt8>? {
            guard lines.count >= number, !trimmed(lines[number - 1]).isEmpty else { return nil }
            return lines[number - 1]
        }
        file.dataDirectory = line(2).map(text)
        file.startedAt = line(3).flatMap(integer)
        file.port = line(4).flatMap(integer).flatMap { (1...65_535).contains($0) ? Int($0) : nil }
        file.socketDirectory = line(5).map(text)
        file.listenAddress = line(6).map(text)
        let sharedMemory = line(7)?.split(separator: UInt8(ascii: " ")) ?? []
        if sharedMemory.count == 2 {
            file.sharedMemoryKey = integer(sharedMemory[0]).flatMap { UInt64(exactly: $0) }
            file.sharedMemoryID = integer(sharedMemory[1])
        }
        file.status = line(8).map { status(text(trimmed($0))) }
    }

    private static func status(_ word: String) -> LockFile.Status {
        switch word {
        case "starting": .starting
        case "stopping": .stopping
        case "ready": .ready
        case "standby": .standby
        default: .other(word)
        }
    }

    /// A decimal number with an optional minus, spaces around it allowed; nil for anything else and for overflow.
    private static func integer(_ line: ArraySlice<UInt8>) -> Int64? {
        let word = trimmed(line)
        let isNegative = word.first == UInt8(ascii: "-")
        let digits = isNegative ? word.dropFirst() : word
        guard !digits.isEmpty, digits.count <= 19 else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            if overflows || overflowsToo { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\r") }
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String { String(decoding: line, as: UTF8.self) }

    /// The beginning of a line for a message, on one line whatever it holds.
    private static func quoted(_ line: ArraySlice<UInt8>) -> String {
        let shown = line.prefix(40).map { (0x20..<0x7F).contains($0) ? Character(Unicode.Scalar($0)) : "?" }
        return "\"" + String(shown) + "\""
    }
}
