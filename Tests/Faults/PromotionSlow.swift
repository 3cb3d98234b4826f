import Glibc
import Support

extension Fault {
    static let promotionSlow = Fault(
        "promotion-slow",
        "a promotion was asked for and recovery does not end: its process is stopped",
        on: .standby,
        strike: { stage in
            stage.server.child(titled: "startup")?.send(SIGSTOP)
            try stage.server.promote()
        },
        expect: { _ in Expectation("live_but", "promoting", role: "standby", probes: "P.FP").with { $0.holds = 2 } },
        mend: { $0.server.child(titled: "startup")?.send(SIGCONT) },
        mended: .live("primary"),
        cleanUp: { try await $0.rebuildStandby() }
    )
}
