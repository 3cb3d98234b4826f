import Glibc
import Synchronization

/// TCP ports of 127.0.0.1 that nothing listens on.
public enum FreePort {
    /// Below the kernel's ephemeral range, so that no outgoing connection takes one between the look and the use.
    private static let range = 20_000..<30_000
    private static let next = Mutex<Int>(Int(getpid()) * 37 % 10_000)

    /// Takes a free port; no two calls of one process get the same one until all were used.
    public static func take() throws -> Int {
        for _ in range {
            let port = next.withLock { offset in
                offset = (offset + 1) % range.count
                return range.lowerBound + offset
            }
            if isFree(port) { return port }
        }
        throw TimedOut("no free port in \(range)")
    }

    /// Whether nothing listens on the port of 127.0.0.1.
    public static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = SocketAddress.loopback(port: port)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

enum SocketAddress {
    /// 127.0.0.1 and a port.
    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }
}
