import Support

extension Fault {
    /// libfaketime moves the server's wall clock.
    ///
    /// The sidecar must be elsewhere: on one host both have the same clock.
    static let clockSkew = Fault(
        "clock-skew",
        "the server's clock is a minute ahead of Howdah's",
        sidecar: { $0.remoteOptions },
        prepare: { try await $0.server.stop(.fast) },
        strike: { stage in
            try await stage.server.launch(environment: [
                "LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "FAKETIME": "+60s",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ])
        },
        expect: { _ in .running("primary", but: ["clock_skew"], within: 20) },
        mend: { try await $0.startAgain() },
        mended: .live("primary", within: 30)
    )
}
