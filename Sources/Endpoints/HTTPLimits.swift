/// Every bound of a listener by name, with what happens when it is reached.
///
/// Each time a bound is reached, `howdah_http_limits_reached_total{limit}` counts it under its ``Name``.
public struct HTTPLimits: Sendable, Hashable {
    /// Open connections a listener.
    ///
    /// One more closes the connection that has been without a request for longest; where none is, the new one is
    /// answered with 503.
    public var connections = 256
    /// Bytes of request line and headers together; more are answered with 431.
    public var headerBytes = 8 * 1024
    /// Header fields of a request; more are answered with 431.
    public var headerFields = 100
    /// Bytes of a request's body; more are answered with 413.
    public var bodyBytes = 64 * 1024
    /// Seconds from a request's first byte (or the connection's beginning) to its last; a slower one is answered with
    /// 408.
    public var requestSeconds = 10.0
    /// Seconds that a connection may stay idle between two requests.
    ///
    /// Longer than the usual scrape interval of a minute.
    public var idleSeconds = 65.0
    /// Seconds that the client may take to read what it was sent; then the connection is closed.
    public var writeSeconds = 10.0
    /// Long polls and event streams over all listeners; one more is answered with 503.
    public var waiters = 64

    /// The longest `wait` of a long poll in seconds; a longer one is refused with 400.
    public static let waitSeconds = 60.0
    /// Seconds between two comments in an event stream, so that both ends notice a dead connection.
    public static let heartbeatSeconds = 15.0
    /// Seconds without a new verdict after which `/healthz` fails: a verdict is reached every second.
    public static let verdictSeconds = 15.0
    /// Bodies shorter than this many bytes are not compressed.
    public static let compressedBytes = 512
    /// Seconds that a connection is still read, and not answered, after its last answer: closing it at once could
    /// destroy the answer on its way.
    public static let lingerSeconds = 2.0

    /// The defaults.
    public init() {}

    /// The values of the label `limit`.
    public enum Name: String, Sendable, Hashable, CaseIterable {
        /// ``HTTPLimits/connections``.
        case connections
        /// ``HTTPLimits/headerBytes`` and ``HTTPLimits/headerFields``.
        case headerBytes = "header_bytes"
        /// ``HTTPLimits/bodyBytes``.
        case bodyBytes = "body_bytes"
        /// ``HTTPLimits/requestSeconds``.
        case requestSeconds = "request_seconds"
        /// ``HTTPLimits/idleSeconds``.
        case idleSeconds = "idle_seconds"
        /// ``HTTPLimits/writeSeconds``.
        case writeSeconds = "write_seconds"
        /// ``HTTPLimits/waiters``.
        case waiters
    }
}
