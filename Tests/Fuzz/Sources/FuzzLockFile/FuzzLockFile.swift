import CFuzz
import Facts
import Parsers

/// Any bytes as `postmaster.pid`: a process id that could be one, or a reason on one line.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes)
    return 0
}

private func check(_ bytes: [UInt8]) {
    switch LockFileParser.parse(bytes) {
    case .present(let file):
        precondition(file.pid > 0)
        precondition(file.port.map { (1...65_535).contains($0) } ?? true)
        // Less of the file never says something else of the process.
        if case .present(let part) = LockFileParser.parse(Array(bytes.dropLast())) {
            precondition(part.pid == file.pid)
        }
    case .notUnderstood(let reason):
        precondition(!reason.isEmpty && reason.utf8.allSatisfy { $0 >= 0x20 } && reason.utf8.count < 200)
    case .absent, .notPermitted:
        preconditionFailure("bytes are there")
    }
}

@main
struct FuzzLockFile {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        _ = unsafe LLVMFuzzerRunDriver(&count, &arguments, fuzzOneInput)
    }
}
