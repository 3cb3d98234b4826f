import AgentLink
import Deadlines

/// A running sidecar, as the command line asks it: over the Unix socket of the run directory, or over HTTP.
public struct RemoteSidecar: Sendable {
    private let base: String
    private let socket: String?

    /// Seconds that a command waits for an answer.
    public static let deadlineSeconds = 10.0

    /// - Parameters:
    ///   - address: `http://HOST:PORT`; nil for the socket.
    ///   - runDirectory: where `howdah.sock` is.
    /// - Throws: `ConfigurationError` for an address that is none.
    public init(address: String?, runDirectory: String) throws(ConfigurationError) {
        guard let address else {
            base = "http://howdah"
            socket = runDirectory + "/howdah.sock"
            return
        }
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            throw ConfigurationError("--address \"\(address)\": expected http://HOST:PORT")
        }
        base = address.hasSuffix("/") ? String(address.dropLast()) : address
        socket = nil
    }

    /// What the sidecar answered.
    public struct Answer: Sendable {
        /// The body.
        public var text: String
        /// The headline, from the `Howdah-State` header; nil where the page has none.
        public var state: String?
        /// Whether something is dark, from the `Howdah-Doctor` header.
        public var allSeen: Bool
        /// The verdict's revision, from the `Howdah-Revision` header.
        public var revision: UInt64?
    }

    /// Asks for a page.
    ///
    /// - Throws: `ConfigurationError` with one line where the sidecar cannot be reached or answers with an error.
    public func get(_ path: String, waiting seconds: Double = 0) async throws(ConfigurationError) -> Answer {
        let request = TransferRequest(url: base + path, unixSocket: socket)
        let transfer = HTTPTransfer()
        let answer: TransferAnswer
        do {
            answer = try await transfer.send(request, deadline: .after(seconds: Self.deadlineSeconds + seconds))
        } catch {
            throw ConfigurationError(
                "cannot reach the sidecar at \(socket ?? base): \(error); is `howdah serve` running with this run directory?"
            )
        }
        guard answer.status == 200 else {
            throw ConfigurationError("the sidecar answered \(answer.status): \(answer.text.prefix(400))")
        }
        return Answer(
            text: answer.text,
            state: answer.headers["howdah-state"],
            allSeen: answer.headers["howdah-doctor"] != "dark",
            revision: answer.headers["howdah-revision"].flatMap { UInt64($0) }
        )
    }
}
