import CFuzz

/// Any bytes as a server's answer to the probe's start-up message: the answer does not depend on how they are cut.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes)
    return 0
}

private func check(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let answer = bytes.dropFirst()
    let cut = answer.startIndex + Int(first) % (answer.count + 1)
    var whole = StartupExchange()
    var halves = StartupExchange()
    let atOnce = whole.receive(answer)
    _ = halves.receive(answer[..<cut])
    let inTwo = halves.receive(answer[cut...])
    precondition(atOnce == inTwo)
    precondition(whole.outOfTime() == halves.outOfTime())
    precondition(whole.endOfInput() == halves.endOfInput())
}

@main
struct FuzzStartupExchange {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        _ = unsafe LLVMFuzzerRunDriver(&count, &arguments, fuzzOneInput)
    }
}
