import Exposition
import Facts

/// What the routes read: the latest published value, the moment, and, only where asked for, this process and its
/// counters.
struct Known: Sendable {
    var published: Published
    var now: Moment
    var process: @Sendable () -> OwnProcess?
    var counts: @Sendable () -> HTTPCounts

    init(
        _ published: Published,
        now: Moment,
        process: @escaping @Sendable () -> OwnProcess? = { nil },
        counts: @escaping @Sendable () -> HTTPCounts = { HTTPCounts() }
    ) {
        self.published = published
        self.now = now
        self.process = process
        self.counts = counts
    }
}

/// One path as data: what the router follows, and what the OpenAPI document says.
struct Route: Sendable {
    var path: String
    var summary: String
    /// Who may ask: a route for `.local` is not on the public listener.
    var audience: Audience = .everyone
    var parameters: [Parameter] = []
    /// What it sends, the default first.
    var offers: [MediaType]
    /// Whether `Accept` chooses between the offers.
    ///
    /// Probes and load-balancer checks never fail for it.
    var isNegotiated = true
    /// Whether OPTIONS is answered like HEAD, as load balancers want it from a check.
    var answersOptions = false
    /// The schema of its JSON, by its name in the OpenAPI document.
    var schema: String?
    /// Status codes besides 200, and what they mean.
    var statuses: [(code: Int, meaning: String)] = []
    var answer: @Sendable (Call) -> Outcome
}

/// A request that a route answers: its parameters are checked and its type is chosen.
struct Call: Sendable {
    var request: Request
    var path: String
    var query: Query
    /// The offer that was chosen.
    var type: MediaType
    var audience: Audience
    var known: Known
    /// The wait of a long poll is over.
    var hasWaited: Bool

    var published: Published { known.published }
    var now: Moment { known.now }

    /// The style of a report for people, from `color` and `width`.
    var style: ReportStyle {
        ReportStyle(color: query.word("color") == "always", width: query.whole("width").map { Int($0) } ?? 100)
    }
}

/// Finds the route of a request and answers; a pure function of the request and what is known.
struct Router: Sendable {
    var audience: Audience
    var routes: [Route]

    init(audience: Audience, routes: [Route] = allRoutes) {
        self.audience = audience
        self.routes = routes
    }

    /// The path to count a request under; `other` for paths that are not routes, so that nobody can make series.
    func countedPath(of request: Request) -> String {
        route(request.path)?.path ?? "other"
    }

    /// Answers a request; `hasWaited` says that the wait it asked for is over.
    func answer(_ request: Request, _ known: Known, hasWaited: Bool = false) -> Outcome {
        guard let route = route(request.path) else { return .answer(notFound(request)) }
        guard route.audience == .everyone || audience == .local else {
            return .answer(
                .problem(
                    404,
                    "Not on this listener",
                    "\(route.path) is served on the local listener (--local-listen) and the Unix socket only."
                )
            )
        }
        guard ["GET", "HEAD", "OPTIONS"].contains(request.method) else { return .answer(.notAllowed(request.method)) }
        if request.method == "OPTIONS", !route.answersOptions {
            return .answer(Response(204, .text, [], headers: [.allow]))
        }
        return call(route, request, known, hasWaited: hasWaited)
    }

    private func call(_ route: Route, _ request: Request, _ known: Known, hasWaited: Bool) -> Outcome {
        do throws(Query.Unacceptable) {
            let query = try Query(request.query, accepting: route.parameters)
            guard let type = chooseType(route, request, query) else { return .answer(notAcceptable(route)) }
            let call = Call(
                request: request,
                path: route.path,
                query: query,
                type: type,
                audience: audience,
                known: known,
                hasWaited: hasWaited
            )
            let outcome = route.answer(call)
            guard case .answer(let response) = outcome else { return outcome }
            return .answer(compressed(response, for: request))
        } catch {
            return .answer(.problem(400, "Bad parameter", error.detail + "."))
        }
    }

    private func route(_ path: Substring) -> Route? { routes.first { $0.path == path } }

    private func chooseType(_ route: Route, _ request: Request, _ query: Query) -> MediaType? {
        // What stands in the address wins over headers: people see it.
        switch query.word("format") {
        case "json": return .json
        case "text" where route.offers.contains(.text): return .text
        default: break
        }
        guard route.isNegotiated else { return route.offers.first }
        return AcceptHeader(request.header("accept")).choose(route.offers)
    }

    private func notFound(_ request: Request) -> Response {
        var candidate = request.path
        while candidate.count > 1, candidate.last == "/" { candidate = candidate.dropLast() }
        let hint = route(candidate).map { " Did you mean \($0.path)?" } ?? ""
        return .problem(
            404,
            "Not found",
            "There is no \(request.path.prefix(100)) here.\(hint) /openapi.json lists what there is."
        )
    }

    private func notAcceptable(_ route: Route) -> Response {
        let offers = route.offers.map(\.rawValue).joined(separator: ", ")
        return .problem(406, "Not acceptable", "Accept names nothing that \(route.path) can send, which is: \(offers).")
    }
}

extension Request.Header {
    static let allow = Request.Header("allow", "GET, HEAD, OPTIONS")
}

extension Response {
    /// An `application/problem+json` answer.
    static func problem(
        _ status: Int,
        _ title: String,
        _ detail: String,
        headers: [Request.Header] = []
    ) -> Response {
        let document = problemDocument(status: status, title: title, detail: detail)
        return Response(status, .problem, document.bytes(), headers: headers)
    }

    static func notAllowed(_ method: String) -> Response {
        .problem(
            405,
            "Method not allowed",
            "\(method.prefix(20)) changes things, and Howdah only tells: use GET or HEAD.",
            headers: [.allow]
        )
    }
}

/// The response, gzipped where the request takes it and it is worth it.
private func compressed(_ response: Response, for request: Request) -> Response {
    var response = response
    response.headers.append(Request.Header("vary", "Accept, Accept-Encoding"))
    guard response.body.count >= HTTPLimits.compressedBytes, acceptsGzip(request.header("accept-encoding")),
        let smaller = gzip(response.body)
    else { return response }
    response.body = smaller
    response.headers.append(Request.Header("content-encoding", "gzip"))
    return response
}
