import Support

extension Fault {
    static let dataDirectoryForeign = Fault(
        "data-directory-foreign",
        "Howdah was given the data directory of another cluster",
        prepare: { stage in
            let folder = "\(stage.workspace.path)/foreign"
            guard !TextFile.exists(folder) else { return }
            try TextFile.makeFolder(folder, mode: 0o700)
            try await Command.succeed(
                [stage.server.installation.program("initdb"), "-D", "\(folder)/data", "-A", "trust", "--no-sync"],
                as: User.postgres
            )
        },
        strike: { stage in
            var options = stage.ordinaryOptions
            options.dataDirectory = "\(stage.workspace.path)/foreign/data"
            try await stage.sidecar.restart(options)
        },
        expect: { _ in .running("primary", but: ["sensor_failing"], within: 20) },
        mend: { try await $0.sidecar.restart($0.ordinaryOptions) }
    )
}
