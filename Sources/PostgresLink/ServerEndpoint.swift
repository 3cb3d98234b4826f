/// One place where the server may listen: a Unix socket or a host and port.
public enum ServerEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A Unix socket by its directory (or abstract name, `@…`) and port: the file is `DIRECTORY/.s.PGSQL.PORT`.
    case socket(directory: String, port: Int)
    /// A host by name or address. `address` is `hostaddr`, where the name need not be resolved.
    case host(String, address: String?, port: Int)

    /// The port, also of a Unix socket.
    public var port: Int {
        switch self {
        case .socket(_, let port), .host(_, _, let port): port
        }
    }

    /// `socket /run/postgresql port 5432`, `10.0.0.1:5432`, `[::1]:5432`.
    public var description: String {
        switch self {
        case .socket(let directory, let port): "socket \(directory) port \(port)"
        case .host(let host, let address, let port):
            switch host.isEmpty ? address ?? "" : host {
            case let name where name.contains(":"): "[\(name)]:\(port)"
            case let name: "\(name):\(port)"
            }
        }
    }

    /// Whether a `host` of libpq's is a Unix socket (`is_unixsock_path`).
    static func isSocket(_ host: String) -> Bool { host.hasPrefix("/") || host.hasPrefix("@") }

    /// The endpoints of libpq's comma-separated lists; an empty host is the default socket directory.
    ///
    /// Throws where the lists do not match in length or a port is none; the rules are those of libpq's `connectOptions2`.
    static func list(
        hosts: String,
        addresses: String,
        ports: String,
        defaultDirectory: String
    ) throws(LinkConfigurationError) -> [ServerEndpoint] {
        let hostList = elements(hosts)
        let addressList = elements(addresses)
        let count = max(1, hosts.isEmpty ? addressList.count : hostList.count)
        guard count <= endpointLimit else {
            throw LinkConfigurationError("at most \(endpointLimit) hosts can be given, not \(count)")
        }
        guard hosts.isEmpty || addresses.isEmpty || hostList.count == addressList.count else {
            throw LinkConfigurationError(
                "\(hostList.count) host names do not match \(addressList.count) hostaddr values"
            )
        }
        let portList = elements(ports)
        guard portList.count <= 1 || portList.count == count else {
            throw LinkConfigurationError("\(portList.count) port numbers do not match \(count) hosts")
        }
        return try (0..<count).map { index throws(LinkConfigurationError) in
            let port = try number(portList.count == 1 ? portList[0] : portList.isEmpty ? "" : portList[index])
            let host = hosts.isEmpty ? "" : hostList[index]
            let address = addresses.isEmpty ? "" : addressList[index]
            if !address.isEmpty { return .host(host, address: address, port: port) }
            if host.isEmpty { return .socket(directory: defaultDirectory, port: port) }
            return isSocket(host) ? .socket(directory: host, port: port) : .host(host, address: nil, port: port)
        }
    }

    /// How many hosts a configuration may name.
    static let endpointLimit = 16

    private static func elements(_ list: String) -> [String] {
        list.isEmpty ? [] : list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func number(_ text: String) throws(LinkConfigurationError) -> Int {
        if text.isEmpty { return 5432 }
        guard let port = Int(text.filter { $0 != " " }), (1...65_535).contains(port) else {
            throw LinkConfigurationError("the port must be a number from 1 to 65535")
        }
        return port
    }
}
