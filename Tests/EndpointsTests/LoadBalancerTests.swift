import Diagnosis
import Exposition
import Testing

@testable import Endpoints

@Suite struct LoadBalancerTests {
    /// Path by path: primary, standby, down.
    @Test(arguments: [
        ("/primary", 200, 503, 503), ("/master", 200, 503, 503), ("/read-write", 200, 503, 503),
        ("/leader", 200, 503, 503),
        ("/replica", 503, 200, 503), ("/read-only", 200, 200, 503), ("/standby-leader", 503, 503, 503),
        ("/standby_leader", 503, 503, 503), ("/sync", 503, 503, 503), ("/synchronous", 503, 503, 503),
        ("/async", 503, 503, 503), ("/asynchronous", 503, 503, 503), ("/quorum", 503, 503, 503),
        ("/read-only-sync", 200, 503, 503), ("/read-only-quorum", 200, 503, 503), ("/health", 200, 200, 503),
        ("/liveness", 200, 200, 503), ("/readiness", 200, 200, 503),
    ]) func roles(_ path: String, _ primary: Int, _ standby: Int, _ down: Int) {
        #expect(Situation.primary.status("GET", path) == primary)
        #expect(Situation.standby.status("GET", path) == standby)
        #expect(Situation.down.status("GET", path) == down)
    }

    /// A server that takes no sessions gets none, whatever its role; Patroni's own `/primary` does not ask.
    @Test(arguments: ["/primary", "/replica", "/read-only"]) func aRoleAloneIsNotEnough(_ path: String) {
        #expect(Situation(role: .primary, passes: false).status("GET", path) == 503)
        #expect(Situation(role: .standby, passes: false).status("GET", path) == 503)
        #expect(Situation(role: .unknown, passes: false).status("GET", path) == 503)
    }

    /// Unknown lag never passes for none.
    @Test(
        arguments: [
            ("/replica?lag=10MB", nil, nil, 503), ("/replica?lag=10MB", 1024, "streaming", 200),
            ("/replica?lag=10MB", 20_000_000, "streaming", 503), ("/replica?lag=10MB", 0, "waiting", 503),
            ("/replica?lag=10MB", 0, nil, 503), ("/replica", nil, nil, 200),
            ("/read-only?lag=1kB", 1025, "streaming", 503), ("/read-only?lag=1kB", 1024, "streaming", 200),
            ("/replica?lag=much", 0, "streaming", 400),
        ] as [(String, UInt64?, String?, Int)]
    )
    func lag(_ target: String, _ behind: UInt64?, _ receiver: String?, _ status: Int) {
        let situation = Situation(role: .standby, behind: behind, receiver: receiver)
        #expect(situation.status("GET", target) == status)
    }

    /// Without pg_read_all_stats the status is hidden: then the receiver's process counts.
    @Test(arguments: [
        (true, ["walreceiver": 1], 200), (true, ["checkpointer": 1], 503), (false, ["walreceiver": 1], 503),
    ])
    func lagWithoutPrivilege(_ hasReceiver: Bool, _ children: [String: Int], _ status: Int) {
        let situation = Situation(role: .standby, behind: 0, hasReceiver: hasReceiver, children: children)
        #expect(situation.status("GET", "/replica?lag=1kB") == status)
    }

    /// While nothing can be told, the balancer's checks keep their answers as the probes do.
    @Test func aRoleThatIsNotKnownIsHeldAsTheProbeIs() {
        var held = Situation(state: .unknown, phase: .unknown, role: .unknown)
        #expect(held.status("GET", "/primary") == 200)
        #expect(held.status("GET", "/replica") == 503)
        held.passesReadWrite = false
        #expect(held.status("GET", "/primary") == 503)
        #expect(held.status("GET", "/replica") == 200)
        held.phase = .running
        #expect(held.status("GET", "/replica") == 503)
    }

    /// On a primary `lag` means nothing.
    @Test func lagOfAPrimaryIsNotAsked() {
        #expect(Situation.primary.status("GET", "/read-only?lag=1kB") == 200)
    }

    @Test func theAnswerSaysWhy() throws {
        let response = try #require(Situation.standby.answer(Request("GET", "/sync")))
        #expect(response.text.contains("\"pass\": false"))
        #expect(
            response.text.contains(
                "only an agent knows whether a standby is synchronous, and this version does not ask one yet"
            )
        )
    }
}
