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
            ("/replica?lag=10MB", nil, nil, 503), ("/replica?lag=10MB", 1024, ["walreceiver": 1], 200),
            ("/replica?lag=10MB", 20_000_000, ["walreceiver": 1], 503),
            ("/replica?lag=10MB", 0, ["checkpointer": 1], 503),
            ("/replica?lag=10MB", 0, nil, 503), ("/replica", nil, nil, 200),
            ("/read-only?lag=1kB", 1025, ["walreceiver": 1], 503),
            ("/read-only?lag=1kB", 1024, ["walreceiver": 1], 200), ("/replica?lag=much", 0, ["walreceiver": 1], 400),
        ] as [(String, UInt64?, [String: Int]?, Int)]
    )
    func lag(_ target: String, _ behind: UInt64?, _ children: [String: Int]?, _ status: Int) {
        let situation = Situation(role: .standby, behind: behind, children: children)
        #expect(situation.status("GET", target) == status)
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
