import Deadlines
import Facts
import Glibc
import PostgresLink
import Support
import Testing

/// Configurations that name several hosts, and names that must be resolved.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SeveralHostsTests {
    @Test func theFirstThatLetsUsInIsTaken() async throws {
        try await PostgresServer.with(15) { server in
            let rest = "dbname=postgres user=howdah"
            let own = "\(server.socketDirectory)"
            let places = [
                "host=/nowhere,\(own) port=\(server.port)", "host=127.0.0.1,\(own) port=1,\(server.port)",
                "host=no.such.host.invalid,\(own) port=\(server.port)", "host=localhost port=\(server.port)",
            ]
            for place in places {
                let outcome = try await Link.outcome("\(place) \(rest)")
                #expect(outcome == .accepted, "\(place)")
            }
        }
    }

    // A host that does not answer uses up its share of the time only.
    @Test func aSilentHostDoesNotHideTheOthers() async throws {
        try await PostgresServer.with(15) { silent in
            try await PostgresServer.with(16) { server in
                silent.postmaster?.send(SIGSTOP)
                let conninfo =
                    "host=\(silent.socketDirectory),\(server.socketDirectory) port=\(silent.port),\(server.port)"
                    + " dbname=postgres user=howdah"
                let outcome = try await Link.outcome(conninfo, within: 1)
                #expect(outcome == .accepted)
            }
        }
    }

    @Test func theMostTellingOutcomeCounts() async throws {
        try await PostgresServer.with(15) { server in
            try await server.holdSessions(.init(1))
            try await server.stop(.smart, within: 0)
            let conninfo = "host=\(server.socketDirectory),/nowhere port=\(server.port) dbname=postgres user=howdah"
            #expect(try await eventually(within: 10) { try await Link.kind(conninfo) == "rejected" })
        }
    }

    @Test func theKindOfServerIsChosen() async throws {
        try await PostgresServer.with(16) { primary in
            let standby = try await primary.makeStandby()
            try await standby.start()
            let hosts =
                "host=\(primary.socketDirectory),\(standby.socketDirectory) port=\(primary.port),\(standby.port)"
                + " dbname=postgres user=howdah target_session_attrs="
            for (attributes, port) in [("any", primary), ("standby", standby), ("prefer-standby", standby)] {
                let found = try await Link.open(hosts + attributes) { session in
                    try await session.query(
                        Statement(name: "", sql: "SELECT current_setting('port') AS port"),
                        until: .after(seconds: 5)
                    )
                }
                #expect(found.first?.integer("port") == port.port, "\(attributes)")
            }
            // One host is the one in question, whatever kind it is.
            #expect(
                try await Link.outcome(primary.conninfo(extra: ["target_session_attrs": "standby"])) == .accepted
            )
        }
    }

    @Test func aNameWithoutAddressIsUnreachable() async throws {
        let outcome = try await Link.outcome("host=no.such.host.invalid dbname=postgres", within: 3)
        #expect(outcome.kind == "unreachable")
        #expect(outcome.message.contains("no.such.host.invalid"))
    }
}
