import CProbe

/// Where the server can be asked: a socket file or a numeric address.
///
/// Names are not resolved, because a resolver waits.
enum ServerAddress {
    /// The full path of a Unix socket.
    case unix(path: String)
    /// A numeric IPv4 or IPv6 address.
    case tcp(address: String, port: UInt16)

    /// The most addresses that the environment may name; the first ones count.
    static let environmentLimit = 4
    private static let defaultPort: UInt16 = 5432
    /// Debian's socket directory and the one that PostgreSQL is built with.
    private static let defaultDirectories = ["/var/run/postgresql", "/tmp"]

    /// The address for people.
    var description: String {
        switch self {
        case .unix(let path): path
        case .tcp(let address, let port):
            address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]:\(port)" : "\(address):\(port)"
        }
    }

    /// The addresses that libpq's environment names, or else the usual sockets.
    ///
    /// `PGHOSTADDR`, or else `PGHOST`: a directory, a numeric address or `localhost`, several of them divided by commas.
    /// `PGPORT`: one port for all, or one for each. Host names are passed over.
    static func fromEnvironment(_ environment: (String) -> String?) -> [ServerAddress] {
        let ports = list(environment("PGPORT")).map { UInt16($0) ?? defaultPort }
        let hosts = list(environment("PGHOSTADDR") ?? environment("PGHOST"))
        var addresses: [ServerAddress] = []
        for (index, host) in hosts.enumerated() {
            let port = ports.indices.contains(index) ? ports[index] : ports.first ?? defaultPort
            addresses += named(host, port: port)
        }
        if addresses.isEmpty {
            addresses = defaultDirectories.map { socket(in: $0, port: ports.first ?? defaultPort) }
        }
        return Array(addresses.prefix(environmentLimit))
    }

    private static func named(_ host: String, port: UInt16) -> [ServerAddress] {
        if host.utf8.first == UInt8(ascii: "/") { return [socket(in: host, port: port)] }
        if host.utf8.spells("localhost") {
            return [.tcp(address: "127.0.0.1", port: port), .tcp(address: "::1", port: port)]
        }
        let address = ServerAddress.tcp(address: host, port: port)
        return unsafe address.withSocketAddress { _, _, _ in true } == nil ? [] : [address]
    }

    private static func socket(in directory: String, port: UInt16) -> ServerAddress {
        .unix(path: "\(directory)/.s.PGSQL.\(port)")
    }

    private static func list(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.utf8.split(separator: UInt8(ascii: ",")).prefix(environmentLimit).map { String(spelledBy: $0) }
    }

    /// Calls `body` with the address family and the kernel's form of the address; nil where it has none: a path longer
    /// than a socket's, or text that is not a numeric address.
    func withSocketAddress<Result>(_ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        switch self {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            // One byte remains for the final NUL.
            guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.isEmpty else { return nil }
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
            return unsafe Self.call(body, AF_UNIX, address)
        case .tcp(let text, let port):
            var four = sockaddr_in()
            if unsafe inet_pton(AF_INET, text, &four.sin_addr) == 1 {
                four.sin_family = sa_family_t(AF_INET)
                four.sin_port = port.bigEndian
                return unsafe Self.call(body, AF_INET, four)
            }
            var six = sockaddr_in6()
            guard unsafe inet_pton(AF_INET6, text, &six.sin6_addr) == 1 else { return nil }
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            return unsafe Self.call(body, AF_INET6, six)
        }
    }

    private static func call<Address, Result>(
        _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Result,
        _ family: Int32,
        _ address: Address
    ) -> Result {
        unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body(family, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
