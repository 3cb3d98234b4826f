/// The answer to a probe while Howdah is down: what the server itself says, in one bounded exchange.
///
/// Losing the observer never takes a healthy database out of service. So a server that lets sessions in passes, one that
/// is full passes (it is not down), and a role that nobody knows fails nothing.
struct Fallback {
    /// The probe.
    var probe: Probe
    /// Why Howdah's word does not count, such as `Howdah is down: its last word is 42 s old`.
    var why: String

    /// What the server said, and where it was asked.
    struct Asked {
        var address: ServerAddress
        var answer: ServerAnswer
    }

    /// What is known of the server's role without asking it, and who says so.
    enum KnownRole {
        case primary(String)
        case standby(String)
        case unknown
    }

    /// The answer of a liveness probe: without an observer there is no case for a restart.
    var ofLiveness: ProbeAnswer {
        ProbeAnswer(passes: true, reason: "passes, as nobody can tell: \(why)")
    }

    /// The answer of the other probes.
    func answer(_ asked: Asked?, role: () -> KnownRole) -> ProbeAnswer {
        guard let asked else { return fails("there is no address to ask the server at") }
        let place = asked.address.description
        switch asked.answer {
        case .answered(.asksForAuthentication):
            return accepts("the server at \(place) accepts connections", role())
        case .answered(.letIn(let inHotStandby)):
            let told = inHotStandby.map { $0 ? KnownRole.standby("by its own word") : .primary("by its own word") }
            return accepts("the server at \(place) lets sessions in", told ?? role())
        case .answered(.error(let error)):
            return judge(error, place, role)
        case .answered(.cannotFork(let text)):
            return fails("the server at \(place) has no process for a session: \(text)")
        case .answered(.closed):
            return fails("the server at \(place) closed the connection without an answer")
        case .answered(.notUnderstood(let text)):
            return fails("what answers at \(place) is not PostgreSQL: \(text)")
        case .silent:
            return fails("the kernel accepts connections at \(place), the server does not answer")
        case .notAccepted:
            return fails("no connection to \(place) in time")
        case .noSocket:
            return fails("no server: \(place) is not there")
        case .refused:
            return fails("no server: connection to \(place) refused")
        case .failed(let code):
            return fails("no connection to \(place): \(errorText(code))")
        }
    }

    private func judge(
        _ error: StartupExchange.ServerError,
        _ place: String,
        _ role: () -> KnownRole
    ) -> ProbeAnswer {
        let words = error.detail.isEmpty ? error.message : "\(error.message) (\(error.detail))"
        switch error.sqlState {
        // cannot_connect_now; admin_shutdown and crash_shutdown can hit a session that is just starting.
        case "57P03", "57P02", "57P01":
            return fails("the server at \(place) says: \(words)")
        // too_many_connections
        case "53300":
            return accepts("the server at \(place) is full, which is not down: \(words)", role())
        // No right to a session, or no such database: the server answers, and others may well get in.
        default:
            return accepts("the server at \(place) answers with \(error.sqlState): \(words)", role())
        }
    }

    private func fails(_ reason: String) -> ProbeAnswer {
        ProbeAnswer(passes: false, reason: "\(reason); \(why)")
    }

    private func accepts(_ reason: String, _ role: KnownRole) -> ProbeAnswer {
        guard probe == .readWrite else { return ProbeAnswer(passes: true, reason: "\(reason); \(why)") }
        return switch role {
        case .primary(let source): ProbeAnswer(passes: true, reason: "\(reason), primary \(source); \(why)")
        case .standby(let source): fails("\(reason), but it is a standby \(source)")
        case .unknown: ProbeAnswer(passes: true, reason: "\(reason), its role is not known; \(why)")
        }
    }
}
