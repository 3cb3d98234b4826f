import CFuzz
import Facts

@testable import Parsers

/// Any bytes as `global/pg_control`: believed only with a right checksum and a sensible segment size.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes)
    return 0
}

private func check(_ bytes: [UInt8]) {
    examine(bytes)
    // Few inputs have a right checksum by chance, so each is tried with one, too: what comes after it is reached.
    for (layout, checksumAt) in [(UInt32(1300), 288), (1700, 288), (1800, 292)] where bytes.count >= checksumAt + 4 {
        var mended = bytes
        mended.replaceSubrange(8..<12, with: littleEndian(layout))
        mended.replaceSubrange(
            checksumAt..<(checksumAt + 4),
            with: littleEndian(CRC32C.checksum(mended[..<checksumAt]))
        )
        examine(mended)
    }
}

private func examine(_ bytes: [UInt8]) {
    do {
        let file = try ControlFileParser.parse(bytes)
        precondition(file.walSegmentSize.nonzeroBitCount == 1 && file.walSegmentSize >= 1 << 20)
        precondition(!file.state.description.isEmpty && !file.checkpoint.description.isEmpty)
    } catch {
        precondition(error.description.hasPrefix("pg_control"))
    }
}

private func littleEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

@main
struct FuzzControlFile {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        _ = unsafe LLVMFuzzerRunDriver(&count, &arguments, fuzzOneInput)
    }
}
