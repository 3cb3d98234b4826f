import Support

extension Fault {
    static let wrongAddress = Fault(
        "wrong-address",
        "Howdah was given the wrong port",
        strike: { stage in
            var options = stage.ordinaryOptions
            options.postgres = "host=\(stage.server.socketDirectory) port=1 user=howdah dbname=postgres"
            try await stage.sidecar.restart(options)
        },
        expect: { _ in .running("primary", but: ["observer_locked_out"], probes: "P...", within: 20) },
        mend: { try await $0.sidecar.restart($0.ordinaryOptions) }
    )
}
