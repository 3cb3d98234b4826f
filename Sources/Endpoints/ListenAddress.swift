/// Where a listener listens: a TCP address or a Unix socket.
public enum ListenAddress: Sendable, Hashable {
    /// A host name or address without brackets, and a port; port 0 lets the kernel choose.
    case tcp(host: String, port: Int)
    /// The path of a Unix socket, at most ``unixPathLimit`` bytes.
    case unix(path: String)

    /// The longest path of a Unix socket in bytes: `sun_path` of `sockaddr_un` holds 108 with its final zero.
    ///
    /// Twelve bytes are kept for the private folder in which the socket is made before it is moved into place.
    public static let unixPathLimit = 95

    /// Parses `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (all addresses) or `unix:PATH`.
    ///
    /// - Throws: ``Unusable`` with what would be accepted.
    public init(_ text: String) throws(Unusable) {
        if text.hasPrefix("unix:") {
            self = try Self.socket(path: String(text.dropFirst(5)))
            return
        }
        guard let colon = text.lastIndex(of: ":") else { throw Unusable("'\(text)' has no port") }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let port = Int(digits), port <= 65_535
        else { throw Unusable("'\(digits)' is not a port") }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw Unusable("an IPv6 address needs brackets")
        }
        self = .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
    }

    /// A Unix socket at `path`.
    ///
    /// - Throws: ``Unusable`` where the path is empty or longer than ``unixPathLimit``.
    public static func socket(path: String) throws(Unusable) -> ListenAddress {
        guard !path.isEmpty else { throw Unusable("the path of the socket is empty") }
        guard path.utf8.count <= unixPathLimit else {
            throw Unusable("'\(path)' is longer than the \(unixPathLimit) bytes that a socket's path may have")
        }
        return .unix(path: path)
    }

    /// Why a text is not an address to listen on.
    public struct Unusable: Error, Hashable, CustomStringConvertible {
        /// One line with what would be accepted.
        public var description: String

        init(_ reason: String) {
            description = "\(reason); accepted are HOST:PORT, [IPV6]:PORT, :PORT and unix:PATH"
        }
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The address as ``init(_:)`` reads it.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
