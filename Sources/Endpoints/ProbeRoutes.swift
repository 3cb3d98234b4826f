import Diagnosis
import Exposition
import Facts

private let verbose = Parameter("verbose", .flag, "All probes and active conditions below the line.")

/// The database's probes for kubelets, and Howdah's own health.
let probeRoutes: [Route] = [
    Route(
        path: "/livez",
        summary: "The database's liveness: fails only where a restart of its container is the cure.",
        parameters: [verbose],
        offers: [.text],
        isNegotiated: false,
        statuses: [(503, "It fails.")]
    ) { probeAnswer($0, .liveness) },
    Route(
        path: "/readyz",
        summary: "The database's readiness for its own role, for writing or for reading.",
        parameters: [
            Parameter("for", .choice(["read-write", "read-only"]), "For sessions that write, or that read."), verbose,
        ],
        offers: [.text],
        isNegotiated: false,
        statuses: [(503, "It fails.")]
    ) { call in
        switch call.query.word("for") {
        case "read-write": probeAnswer(call, .readWrite)
        case "read-only": probeAnswer(call, .readOnly)
        default: probeAnswer(call, .readiness)
        }
    },
    Route(
        path: "/healthz",
        summary: "Howdah's own health, whatever the database's is.",
        offers: [.text],
        isNegotiated: false,
        statuses: [(503, "Howdah reaches no verdicts any more.")],
        answer: healthAnswer
    ),
]

private func probeAnswer(_ call: Call, _ probe: ProbeID) -> Outcome {
    let verdict = call.published.verdict
    let result = verdict.probes[probe]
    var text = "\(result.pass ? "pass" : "fail"): \(oneLine(result.reason))\n"
    if call.query.flag("verbose") {
        text += "\(oneLine(verdict.summary))\n"
        for other in ProbeID.allCases {
            let answer = verdict.probes[other]
            text += "[\(answer.pass ? "+" : "-")] \(other.rawValue): \(oneLine(answer.reason))\n"
        }
        for condition in verdict.conditions {
            text += "[!] \(condition.name) (\(condition.severity.rawValue)): \(oneLine(condition.message))\n"
        }
    }
    return .answer(.text(result.pass ? 200 : 503, text, headers: [.noStore]))
}

private func healthAnswer(_ call: Call) -> Outcome {
    let age = max(0, call.now.seconds(since: call.published.verdict.at))
    let version = call.published.observer.version
    guard age <= HTTPLimits.verdictSeconds else {
        let limit = formatDuration(seconds: HTTPLimits.verdictSeconds)
        let text =
            "fail: Howdah \(version) reached its last verdict \(formatDuration(seconds: age)) ago, more than \(limit)"
        return .answer(.text(503, text, headers: [.noStore]))
    }
    let up = formatDuration(seconds: max(0, call.now.seconds(since: call.published.observer.startedAt)))
    return .answer(
        .text(
            200,
            "pass: Howdah \(version) watches for \(up), its verdict is \(formatDuration(seconds: age)) old",
            headers: [.noStore]
        )
    )
}

/// The text on one line: kubelets and scripts read the first one.
private func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
}

extension Request.Header {
    static let noStore = Request.Header("cache-control", "no-store")
}
