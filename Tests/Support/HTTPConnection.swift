import Glibc

/// A blocking HTTP/1.1 connection to 127.0.0.1, kept alive from one request to the next.
///
/// It blocks its thread: use it from a thread of its own, or through `HowdahSidecar.get`.
final class HTTPConnection {
    private let port: Int
    private let timeoutSeconds: Int
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    /// An answer.
    struct Response: Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// A connection that could not be made, was lost or was not understood.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    init(port: Int, timeoutSeconds: Int) {
        self.port = port
        self.timeoutSeconds = timeoutSeconds
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        buffer = []
    }

    /// Sends a GET and reads the answer; after an error the next call connects anew.
    func get(_ path: String, headers: [String] = []) throws -> Response {
        do {
            if descriptor < 0 { try connect() }
            let lines = ["GET \(path) HTTP/1.1", "Host: 127.0.0.1"] + headers
            try send(lines.joined(separator: "\r\n") + "\r\n\r\n")
            return try receive()
        } catch {
            close()
            throw error
        }
    }

    private func connect() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = SocketAddress.loopback(port: port)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe Glibc.connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Broken(description: "cannot connect to port \(port): error \(errno)") }
    }

    private func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Broken(description: "cannot send: error \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    private func receive() throws -> Response {
        let head = try readLines()
        let statusWords = (head.first ?? "").split(separator: " ")
        guard statusWords.count >= 2, let status = Int(statusWords[1]) else {
            throw Broken(description: "not HTTP: \(head.first ?? "")")
        }
        let headers = head.dropFirst().map { $0.lowercased() }
        func value(of name: String) -> Substring? {
            headers.first { $0.hasPrefix("\(name):") }?.dropFirst(name.count + 1).drop { $0 == " " }
        }
        var body: [UInt8] = []
        if value(of: "transfer-encoding") == "chunked" {
            while true {
                guard let size = Int(try readLine().prefix { $0 != ";" }, radix: 16) else {
                    throw Broken(description: "bad chunk size")
                }
                body += try read(size)
                _ = try readLine()
                if size == 0 { break }
            }
        } else if let length = value(of: "content-length").flatMap({ Int($0) }) {
            body = try read(length)
        }
        if value(of: "connection") == "close" { close() }
        return Response(status: status, body: body)
    }

    private func readLines() throws -> [String] {
        var lines: [String] = []
        while true {
            let line = try readLine()
            if line.isEmpty { return lines }
            lines.append(line)
        }
    }

    private func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                var line = buffer[..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                buffer.removeSubrange(...end)
                return String(decoding: line, as: UTF8.self)
            }
            try fill()
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        let bytes = Array(buffer[..<count])
        buffer.removeFirst(count)
        return bytes
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            throw Broken(description: count == 0 ? "the connection was closed" : "cannot receive: error \(errno)")
        }
        buffer.append(contentsOf: chunk[..<count])
    }
}
