import Support

extension Fault {
    static let dataDirectoryNotMounted = Fault(
        "data-directory-not-mounted",
        "the sidecar does not see the data directory",
        sidecar: { stage in
            var options = HowdahSidecar.Options()
            options.postgres = stage.server.conninfo(overTCP: true)
            options.sight = .noFiles
            return options
        },
        strike: { _ in },
        expect: { _ in
            .live("primary").with {
                $0.sensors = ["data_directory": "absent"]
                $0.holds = 3
            }
        }
    )
}
