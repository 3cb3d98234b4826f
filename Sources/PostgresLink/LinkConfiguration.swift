internal import Glibc

/// How to reach the server: everything that libpq's conninfo can say, a password file, and our name.
///
/// A value of this type has been checked for syntax. What changes behind it is read again at each connect: the password
/// file, libpq's service file and passfile, the addresses of host names.
///
/// Differences to plain libpq, each for a reason: `client_encoding` is UTF8; GSSAPI encryption is off unless the string
/// asks for it, because its negotiation blocks on the network; with a single host `target_session_attrs` is ignored,
/// because the question is how *this* server is.
public struct LinkConfiguration: Sendable {
    /// The options that the string names itself.
    let options: ConnectionOptions
    /// The file that holds the password, re-read at each connect; nil for libpq's own ways.
    public let passwordFile: String?
    /// `application_name` of the sessions, unless the string names one.
    public let applicationName: String
    /// Where the server may listen, in the order in which it is tried, as it was when this was made.
    public let endpoints: [ServerEndpoint]

    /// How large a password file may be, in bytes.
    public static let passwordFileLimit = 64 * 1024

    /// Reads a conninfo string or URI; the empty string is libpq's default with its `PG*` environment.
    ///
    /// Throws with a message that holds no secret where the string, the environment or the service file is not understood.
    public init(
        conninfo: String = "",
        passwordFile: String? = nil,
        applicationName: String = "howdah"
    ) throws(LinkConfigurationError) {
        guard !conninfo.utf8.contains(0) else {
            throw LinkConfigurationError("the connection string holds a NUL byte")
        }
        options = try ConnectionOptions.parse(conninfo)
        self.passwordFile = passwordFile
        self.applicationName = applicationName
        endpoints = try Self.endpoints(of: options)
    }

    /// The address without secrets, for people: `socket /run/postgresql port 5432`, `10.0.0.1:5432`; several by comma.
    public var describeAddress: String { endpoints.map(\.description).joined(separator: ", ") }

    /// The port, if all endpoints have the same.
    public var port: Int? {
        let ports = Set(endpoints.map(\.port))
        return ports.count == 1 ? ports.first : nil
    }

    /// Where the server may listen right now, with the environment and the service file read again.
    static func endpoints(of options: ConnectionOptions) throws(LinkConfigurationError) -> [ServerEndpoint] {
        let (effective, firstHost) = try options.effective()
        let hosts = effective.values["host"] ?? ""
        let addresses = effective.values["hostaddr"] ?? ""
        let list = try ServerEndpoint.list(
            hosts: hosts,
            addresses: addresses,
            ports: effective.values["port"] ?? "",
            defaultDirectory: hosts.isEmpty && addresses.isEmpty ? firstHost : try defaultDirectory()
        )
        return list
    }

    /// The directory that libpq was built with, which it uses for an empty element of a list of hosts.
    private static func defaultDirectory() throws(LinkConfigurationError) -> String {
        try ConnectionOptions(values: ["host": ",", "hostaddr": ",", "port": "5432"]).effective().firstHost
    }

    /// The password of the password file, its last line break cut off; nil if no file is configured.
    func password() throws(LinkConfigurationError) -> String? {
        guard let passwordFile else { return nil }
        // Not blocking, should the path name a pipe.
        let file = unsafe open(passwordFile, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(passwordFile, errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.passwordFileLimit + 1)
        let count = unsafe read(file, &bytes, bytes.count)
        guard count >= 0 else { throw unreadable(passwordFile, errno) }
        guard count <= Self.passwordFileLimit else {
            throw LinkConfigurationError(
                "the password file \(passwordFile) is larger than \(Self.passwordFileLimit) bytes"
            )
        }
        var content = bytes.prefix(count)
        while let last = content.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { content.removeLast() }
        guard !content.contains(0) else {
            throw LinkConfigurationError("the password file \(passwordFile) holds a NUL byte")
        }
        return String(decoding: content, as: UTF8.self)
    }

    private func unreadable(_ path: String, _ code: Int32) -> LinkConfigurationError {
        let reason = unsafe strerror(code).map { unsafe swiftString($0) } ?? "error \(code)"
        return LinkConfigurationError("the password file \(path) cannot be read: \(reason)")
    }
}
