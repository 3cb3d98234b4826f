internal import Deadlines
internal import Facts

/// Makes a start-up attempt at everything that a configuration names, one address after the other.
///
/// libpq can do that itself, but has no deadline for each host, so that one that swallows packets would hide the others.
/// Here each address gets an equal share of what is left of the deadline. Like libpq, the next one is tried where there is
/// no server, none that answers, or one that is not accepting; a server that turns us away for good ends the attempt.
struct Connector {
    let configuration: LinkConfiguration
    let kind: SessionKind
    let wake: WakeSignal
    let deadline: Deadline
    let isCancelled: () -> Bool

    /// Makes the attempt.
    ///
    /// Where no host lets us in, the outcome is that of the most telling one, of equals the last.
    func connect() -> ConnectAttempt.Result {
        let plan: Plan
        do {
            plan = try makePlan()
        } catch {
            return ConnectAttempt.Result(admission: Admission(.notAttempted(error.message)))
        }
        var best: ConnectAttempt.Result?
        for (index, step) in plan.steps.enumerated() {
            let share = max(0, deadline.remainingSeconds) / Double(plan.steps.count - index)
            let result = attempt(step, plan, until: deadline.butWithin(seconds: share))
            if result.connection != nil || !Self.mayTryNext(result) { return result }
            let isTelling = best.map { Self.rank(result.admission.outcome) >= Self.rank($0.admission.outcome) } ?? true
            if isTelling { best = result }
        }
        return best ?? ConnectAttempt.Result(admission: Admission(.notAttempted("no host is configured")))
    }

    // MARK: Planning

    /// An endpoint and what kind of server it must be.
    private struct Step {
        var endpoint: ServerEndpoint
        var targetSessionAttributes: String?
    }

    private struct Plan {
        var steps: [Step]
        var keywords: [String: String]
    }

    private func makePlan() throws(LinkConfigurationError) -> Plan {
        let endpoints = try LinkConfiguration.endpoints(of: configuration.options)
        var keywords = configuration.options.values
        let attributes = keywords.removeValue(forKey: "target_session_attrs")
        for keyword in ["host", "hostaddr", "port", "load_balance_hosts"] { keywords[keyword] = nil }
        keywords["client_encoding"] = "UTF8"
        if keywords["gssencmode"] == nil { keywords["gssencmode"] = "disable" }
        keywords[keywords["application_name"] == nil ? "application_name" : "fallback_application_name"] =
            configuration.applicationName
        keywords["replication"] = kind == .walSender ? "database" : nil
        if let password = try configuration.password() { keywords["password"] = password }
        return Plan(steps: Self.steps(endpoints, attributes), keywords: keywords)
    }

    /// With one host its kind does not matter; `prefer-standby` is two rounds, as in libpq.
    private static func steps(_ endpoints: [ServerEndpoint], _ attributes: String?) -> [Step] {
        if endpoints.count == 1 { return endpoints.map { Step(endpoint: $0, targetSessionAttributes: "any") } }
        guard attributes == "prefer-standby" else {
            return endpoints.map { Step(endpoint: $0, targetSessionAttributes: attributes) }
        }
        return ["standby", "any"].flatMap { kind in
            endpoints.map { Step(endpoint: $0, targetSessionAttributes: kind) }
        }
    }

    // MARK: Attempts

    private func attempt(_ step: Step, _ plan: Plan, until deadline: Deadline) -> ConnectAttempt.Result {
        var keywords = plan.keywords
        keywords["target_session_attrs"] = step.targetSessionAttributes
        keywords["port"] = String(step.endpoint.port)
        switch step.endpoint {
        case .socket(let directory, _):
            keywords["host"] = directory
            return attempt(keywords, until: deadline)
        case .host(let name, let address?, _):
            keywords["host"] = name.isEmpty ? nil : name
            keywords["hostaddr"] = address
            return attempt(keywords, until: deadline)
        case .host(let name, nil, _):
            keywords["host"] = name
            return attempt(host: name, keywords, until: deadline)
        }
    }

    /// Tries the addresses of a name in turn, each with its share of the time.
    private func attempt(
        host: String,
        _ keywords: [String: String],
        until deadline: Deadline
    ) -> ConnectAttempt.Result {
        let addresses: [String]
        switch NameResolver.shared.addresses(of: host, wake: wake, until: deadline) {
        case .addresses(let found): addresses = found
        case .failed(let reason): return ConnectAttempt.Result(admission: Admission(.unreachable(reason)))
        case .timedOut:
            let reason = "the address of host name \"\(host)\" was not found in time"
            return ConnectAttempt.Result(admission: Admission(.unreachable(reason)))
        case .woken:
            wake.lower()
            guard !isCancelled() else { return ConnectAttempt.Result(admission: Admission(.cancelled)) }
            return attempt(host: host, keywords, until: deadline)
        }
        var best: ConnectAttempt.Result?
        for (index, address) in addresses.enumerated() {
            var keywords = keywords
            keywords["hostaddr"] = address
            let share = max(0, deadline.remainingSeconds) / Double(addresses.count - index)
            let result = attempt(keywords, until: deadline.butWithin(seconds: share))
            if result.connection != nil || !Self.mayTryNext(result) { return result }
            let isTelling = best.map { Self.rank(result.admission.outcome) >= Self.rank($0.admission.outcome) } ?? true
            if isTelling { best = result }
        }
        return best ?? ConnectAttempt.Result(admission: Admission(.unreachable("host name \"\(host)\" has no address")))
    }

    private func attempt(_ keywords: [String: String], until deadline: Deadline) -> ConnectAttempt.Result {
        let limit = keywords["connect_timeout"].flatMap { Double($0) }.flatMap { $0 > 0 ? max($0, 2) : nil }
        return ConnectAttempt(
            keywords: keywords,
            wake: wake,
            deadline: limit.map { deadline.butWithin(seconds: $0) } ?? deadline,
            isWALSender: kind == .walSender,
            isCancelled: isCancelled
        ).run()
    }

    // MARK: Choosing

    /// Whether the next address is worth a try.
    private static func mayTryNext(_ result: ConnectAttempt.Result) -> Bool {
        switch result.admission.outcome {
        case .refused, .noSocket, .unreachable, .timedOut, .rejected, .cannotFork: true
        case .notAuthenticated: result.isWrongKindOfServer
        case .accepted, .full, .lost, .cancelled, .failed, .notUnderstood, .notAttempted: false
        }
    }

    /// How much an outcome says: the server's own words most, then its silence, then its absence.
    private static func rank(_ outcome: ConnectOutcome) -> Int {
        switch outcome {
        case .accepted: 5
        case .rejected, .full, .notAuthenticated, .cannotFork, .failed, .lost, .cancelled, .notUnderstood: 4
        case .timedOut(.firstByte), .timedOut(.authentication), .timedOut(.query): 3
        case .refused, .noSocket: 2
        case .timedOut(.accept): 1
        case .unreachable, .notAttempted: 0
        }
    }
}

/// What kind of session is asked for.
public enum SessionKind: Sendable, Hashable {
    /// An ordinary one, out of `max_connections`.
    case ordinary
    /// A WAL sender (`replication=database`), out of `max_wal_senders`: simple queries only.
    case walSender
}
