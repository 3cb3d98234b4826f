import Glibc

@testable import Endpoints

/// A bare socket: what no well-behaved HTTP client would do.
///
/// Waits by sleeping, so that it never blocks the pool.
final class RawClient {
    private var descriptor: Int32
    /// Everything received so far.
    private(set) var received: [UInt8] = []
    /// The server closed its side, or the connection broke.
    private(set) var isClosed = false

    struct Failed: Error {
        var call: String
        var code: Int32
    }

    init(_ address: ListenAddress) throws {
        switch address {
        case .tcp(_, let port):
            var ipv4 = sockaddr_in()
            ipv4.sin_family = sa_family_t(AF_INET)
            ipv4.sin_port = in_port_t(port).bigEndian
            ipv4.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            try connect(&ipv4)
        case .unix(let path):
            var local = sockaddr_un()
            local.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &local.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try connect(&local)
        }
    }

    private func connect<Address>(_ address: inout Address) throws {
        let size = socklen_t(MemoryLayout<Address>.size)
        let result = unsafe withUnsafeBytes(of: &address) { bytes -> Int32 in
            guard let generic = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return unsafe Glibc.connect(descriptor, generic, size)
        }
        guard result == 0 else { throw Failed(call: "connect", code: errno) }
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw Failed(call: "send", code: errno) }
    }

    /// Says that nothing more will be sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Takes what is there.
    func poll() {
        while !isClosed {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                received += chunk[..<count]
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                isClosed = true
            } else {
                return
            }
        }
    }

    /// Waits until `isEnough` or the time is up; says whether it was enough.
    @discardableResult
    func wait(_ seconds: Double = 5, until isEnough: (RawClient) -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .milliseconds(Int64(seconds * 1000))
        while true {
            poll()
            if isEnough(self) { return true }
            if ContinuousClock.now >= end { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Sends a request and waits for the whole answer, as its length says.
    func ask(_ target: String, _ headers: String..., method: String = "GET") async throws -> String {
        received = []
        try send("\(method) \(target) HTTP/1.1\r\nhost: test\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n")
        try await wait { $0.hasWholeAnswer(withBody: method != "HEAD") || $0.isClosed }
        return text
    }

    func hasWholeAnswer(withBody: Bool = true) -> Bool {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self).lowercased()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        return received.count - end.upperBound >= (withBody ? length ?? 0 : 0)
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// The status of the first answer.
    var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }
}
