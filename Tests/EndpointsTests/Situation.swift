import Diagnosis
import Exposition
import Facts

@testable import Endpoints

/// What the sidecar would publish, in the few respects that routes look at.
struct Situation {
    var state = State.live
    var phase = Phase.running
    var role = Role.primary
    var revision: UInt64 = 7
    var passes = true
    /// Bytes that replay is behind what was received; nil where the positions are not known.
    var behind: UInt64?
    /// `status` of the WAL receiver, as far as the role may see it.
    var receiver: String?
    var hasReceiver = true
    var children: [String: Int]?
    /// Whether read_write passes; nil as the others do.
    var passesReadWrite: Bool?
    /// Seconds since the verdict was reached.
    var age = 0.2

    static let now = Moment(boot: 345_600_000_000_000, wall: 1_795_248_902_114_000_000)

    static let primary = Situation()
    static let standby = Situation(role: .standby)
    static let down = Situation(state: .dead, phase: .crashed, passes: false)

    var published: Published {
        var snapshot = Snapshot()
        if let behind {
            var vitals = Vitals()
            vitals.receiveLSN = LSN(1 << 40)
            vitals.replayLSN = LSN(1 << 40 - behind)
            vitals.walReceiverStatus = receiver
            vitals.hasWALReceiver = hasReceiver
            snapshot.vitals = .fresh(vitals, at: Self.now)
        }
        if let children {
            var processes = Processes()
            processes.children = children
            snapshot.processes = .fresh(processes, at: Self.now)
        }
        var verdict = Verdict(at: Self.now.advanced(seconds: -age))
        verdict.revision = revision
        verdict.state = state
        verdict.summary = state == .live ? "Live" : "Dead: no process"
        verdict.phase = phase
        verdict.role = role
        verdict.probes = Probes(all: ProbeResult(pass: passes, reason: passes ? "it answers" : "no process"))
        if let passesReadWrite { verdict.probes.readWrite.pass = passesReadWrite }
        let doctor = [
            DoctorLine(subject: "the data directory", isSeen: false, finding: "not mounted", remedy: "mount it")
        ]
        return Published(
            snapshot: snapshot,
            verdict: verdict,
            history: [],
            stateTransitions: [:],
            catalogue: [],
            observer: ObserverReport(
                version: "0.1.0",
                startedAt: Self.now.advanced(seconds: -60),
                querySeconds: 0,
                queries: 0,
                connectionAttempts: 0,
                doctor: doctor
            )
        )
    }

    /// The answer of the routes; nil where they want to wait or to stream.
    func answer(_ request: Request, audience: Audience = .everyone, hasWaited: Bool = false) -> Response? {
        let outcome = Router(audience: audience).answer(request, Known(published, now: Self.now), hasWaited: hasWaited)
        if case .answer(let response) = outcome { return response } else { return nil }
    }

    func status(_ method: String = "GET", _ target: String, audience: Audience = .everyone) -> Int? {
        answer(Request(method, target), audience: audience)?.status
    }
}

extension Response {
    var text: String { String(decoding: body, as: UTF8.self) }
}
