/// A request as the routes see it: no framework's type, so that they are tested without a socket.
struct Request: Sendable, Hashable {
    var method: String
    /// The request target as sent: path and query, still percent-encoded.
    var target: String
    /// Header fields in order, names in lower case.
    var headers: [Header] = []

    struct Header: Sendable, Hashable {
        var name: String
        var value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    init(_ method: String = "GET", _ target: String, headers: [Header] = []) {
        self.method = method
        self.target = target
        self.headers = headers
    }

    /// All values of a header, joined as one list; nil where it was not sent.
    func header(_ name: String) -> String? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// The path without query; of an absolute target (`http://host/path`) only the path.
    var path: Substring { split.path }

    /// What stands behind the question mark; empty where there is none.
    var query: Substring { split.query }

    private var split: (path: Substring, query: Substring) {
        var rest = target[...]
        if !rest.hasPrefix("/"), let scheme = rest.firstRange(of: "://") {
            let authority = rest[scheme.upperBound...]
            rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? "/"
        }
        rest = rest.prefix { $0 != "#" }
        guard let mark = rest.firstIndex(of: "?") else { return (rest, "") }
        return (rest[..<mark], rest[rest.index(after: mark)...])
    }
}

/// A whole answer.
struct Response: Sendable, Hashable {
    var status: Int
    var headers: [Request.Header]
    var body: [UInt8]

    init(_ status: Int = 200, _ type: MediaType, _ body: [UInt8], headers: [Request.Header] = []) {
        self.status = status
        self.headers = [Request.Header("content-type", type.rawValue)] + headers
        self.body = body
    }

    /// A line or several of plain text; a final line feed is added.
    static func text(_ status: Int = 200, _ text: String, headers: [Request.Header] = []) -> Response {
        Response(status, .text, Array((text.hasSuffix("\n") ? text : text + "\n").utf8), headers: headers)
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What a route wants done.
enum Outcome: Sendable, Hashable {
    /// Send this.
    case answer(Response)
    /// Ask again once the revision is not `after`, or when `seconds` have passed.
    case wait(after: UInt64, seconds: Double)
    /// Send an event at once and for each change of the revision.
    case events(EventForm)
}

/// What the events of a stream carry.
enum EventForm: Sendable, Hashable {
    /// The state document on one line.
    case json
    /// The report for people; one `data:` line for each of its lines.
    case text(color: Bool, width: Int)
}

/// The media types that Howdah sends.
enum MediaType: String, Sendable, Hashable, CaseIterable {
    case json = "application/json"
    case problem = "application/problem+json"
    case text = "text/plain; charset=utf-8"
    case html = "text/html; charset=utf-8"
    case metricsText = "text/plain; version=0.0.4; charset=utf-8"
    case openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case events = "text/event-stream"

    /// The type without its parameters.
    var essence: String { String(rawValue.prefix { $0 != ";" }) }

    /// The parameter `version`, where it has one.
    var version: String? {
        switch self {
        case .metricsText: "0.0.4"
        case .openMetrics: "1.0.0"
        default: nil
        }
    }
}
