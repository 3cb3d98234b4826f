import Diagnosis
import Exposition
import Facts

/// Every path, in the order in which people should read them.
let allRoutes: [Route] = documentRoutes + probeRoutes + loadBalancerRoutes + [openAPIRoute, pageRoute]

/// `format`, `color` and `width`, which every document for people takes.
let reportParameters = [
    Parameter("format", .choice(["json", "text"]), "JSON, or a report for people; wins over Accept."),
    Parameter("color", .choice(["never", "always"]), "ANSI colours in the report."),
    Parameter("width", .whole(40...300), "Columns of the report; 100 if not given."),
]

/// The documents: metrics, state, conditions, history, events, doctor.
let documentRoutes: [Route] = [
    Route(
        path: "/metrics",
        summary: "Metrics for Prometheus, in its text format or as OpenMetrics 1.0.",
        offers: [.metricsText, .openMetrics],
        answer: metricsAnswer
    ),
    Route(
        path: "/state",
        summary: "The verdict, with who says so; with wait, as soon as it is another one than since.",
        parameters: reportParameters + [
            Parameter(
                "wait",
                .seconds(HTTPLimits.waitSeconds),
                "Answer when the revision is not since, or after this many seconds."
            ),
            Parameter(
                "since",
                .whole(0...UInt64.max),
                "The revision that is known already; the present one if not given."
            ),
        ],
        offers: [.json, .text],
        schema: "State",
        statuses: [(503, "Too many wait already.")],
        answer: stateAnswer
    ),
    Route(
        path: "/conditions",
        summary: "The active conditions.",
        parameters: reportParameters,
        offers: [.json, .text],
        schema: "Conditions"
    ) { call in
        call.document(
            { conditionsDocument(of: $0, at: $1) },
            report: { conditionsReport(of: $0, at: $1, style: $2) }
        )
    },
    Route(
        path: "/history",
        summary: "Changes of the verdict since Howdah started, newest first.",
        parameters: reportParameters + [Parameter("limit", .whole(1...256), "At most this many; 256 if not given.")],
        offers: [.json, .text],
        schema: "History"
    ) { call in
        let limit = call.query.whole("limit").map { Int($0) } ?? 256
        return call.document(
            { historyDocument(of: $0, limit: limit, at: $1) },
            report: { published, _, style in historyReport(of: published, limit: limit, style: style) }
        )
    },
    Route(
        path: "/events",
        summary: "Server-sent events: one with the state document at once and for each change of the verdict.",
        parameters: reportParameters,
        offers: [.events],
        statuses: [(503, "Too many listen already.")]
    ) { call in
        let isText = call.query.word("format") == "text"
        return .events(isText ? .text(color: call.style.color, width: call.style.width) : .json)
    },
    Route(
        path: "/doctor",
        summary: "What Howdah can and cannot see, and the GRANT, mount or flag that would change it.",
        audience: .local,
        parameters: reportParameters,
        offers: [.json, .text],
        schema: "Doctor"
    ) { call in
        let dark = call.published.observer.doctor.count { !$0.isSeen }
        return call.document(
            { doctorDocument(of: $0, at: $1) },
            report: { published, _, style in doctorReport(of: published, style: style) },
            headers: [Request.Header("howdah-doctor", dark == 0 ? "seen" : "dark")]
        )
    },
]

private func metricsAnswer(_ call: Call) -> Outcome {
    let sources = MetricSources(
        published: call.published,
        now: call.now,
        process: call.known.process(),
        http: call.known.counts()
    )
    let format: MetricFormat = call.type == .openMetrics ? .openMetrics : .text
    return .answer(Response(200, call.type, metrics(sources, as: format)))
}

private func stateAnswer(_ call: Call) -> Outcome {
    let revision = call.published.verdict.revision
    let seconds = call.query.number("wait") ?? 0
    if seconds > 0, !call.hasWaited {
        let known = call.query.whole("since") ?? revision
        if known == revision { return .wait(after: known, seconds: seconds) }
    }
    return call.document({ stateDocument(of: $0, at: $1) }, report: { stateReport(of: $0, at: $1, style: $2) })
}

extension Call {
    /// The document as JSON or, where that was chosen, as a report for people.
    ///
    /// Both carry the headline in `Howdah-State` and the revision in `Howdah-Revision`, so that a client needs no
    /// parser.
    func document(
        _ document: (Published, Moment) -> JSON,
        report: (Published, Moment, ReportStyle) -> String,
        headers: [Request.Header] = []
    ) -> Outcome {
        let verdict = published.verdict
        let common = [
            Request.Header("howdah-state", verdict.state.rawValue),
            Request.Header("howdah-revision", String(verdict.revision)),
        ]
        return .answer(
            type == .text
                ? .text(200, report(published, now, style), headers: common + headers)
                : Response(200, type, document(published, now).bytes(), headers: common + headers)
        )
    }
}
