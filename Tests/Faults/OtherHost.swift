import Support

extension Fault {
    static let otherHost = Fault(
        "other-host",
        "the server runs on another host and is stopped: no local source can tell",
        sidecar: { $0.remoteOptions },
        strike: { try await $0.server.stop(.fast) },
        expect: { _ in
            Expectation("unknown", "unknown", role: nil, probes: "P...").with {
                $0.candidates = ["stopped"]
                $0.holds = 3
            }
        },
        mend: { try await $0.startAgain() }
    )
}
