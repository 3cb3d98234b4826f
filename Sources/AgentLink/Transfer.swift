/// One HTTP GET or HEAD.
public struct TransferRequest: Sendable, Hashable {
    /// `http://HOST:PORT/PATH?QUERY`; with ``unixSocket`` the host is only a name.
    public var url: String
    /// The path of the Unix socket to connect to, instead of the URL's host and port.
    public var unixSocket: String?
    /// HEAD instead of GET.
    public var headOnly = false
    /// Headers to send, such as `Accept` and `application/json`.
    public var headers: [String: String] = [:]
    /// The largest body that is taken, in bytes; a larger one ends the transfer with ``TransferError/tooLarge(_:)``.
    public var bodyLimit = 8 * 1024 * 1024

    /// A GET of `url`.
    public init(url: String, unixSocket: String? = nil) {
        self.url = url
        self.unixSocket = unixSocket
    }
}

/// What a server answered.
public struct TransferAnswer: Sendable, Hashable {
    /// The status code.
    public var status: Int
    /// Headers by name in lower case; of several of one name the last.
    public var headers: [String: String]
    /// The body as it came, never decompressed; empty for HEAD and for a stream.
    public var body: [UInt8]

    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// Describes an answer.
    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why a transfer did not end with an answer.
public enum TransferError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nobody listens there, or we may not connect.
    case refused(String)
    /// The Unix socket is not there.
    case noSocket(String)
    /// The name does not resolve or the host cannot be reached.
    case unreachable(String)
    /// The deadline passed.
    case timedOut(String)
    /// The body was larger than the request's limit.
    case tooLarge(String)
    /// The task was cancelled.
    case cancelled
    /// The answer was not HTTP, or broke off.
    case notUnderstood(String)
    /// The request could not be made: bad URL, no memory, no descriptor.
    case notAttempted(String)

    /// One line for people.
    public var description: String {
        switch self {
        case .refused(let text), .noSocket(let text), .unreachable(let text), .timedOut(let text), .tooLarge(let text),
            .notUnderstood(let text), .notAttempted(let text):
            text
        case .cancelled: "cancelled"
        }
    }
}
