import Support

extension Fault {
    static let dataDirectoryEmpty = Fault(
        "data-directory-empty",
        "there is no cluster in the data directory",
        prepare: { stage in
            try await stage.stopServer()
            try TextFile.makeFolder(stage.awayFolder, mode: 0o700)
        },
        strike: { try await $0.moveFiles(from: $0.server.dataDirectory, to: $0.awayFolder) },
        expect: { _ in
            Expectation("dead", "uninitialized", role: nil, probes: "PFFF").with { $0.holds = 2 }
        },
        mend: { stage in
            try await stage.moveFiles(from: stage.awayFolder, to: stage.server.dataDirectory)
            try await stage.startAgain()
        }
    )
}

extension Stage {
    fileprivate var awayFolder: String { "\(workspace.path)/\(server.name).away" }

    /// Moves what is in a folder; the folder itself stays, as a mount would.
    fileprivate func moveFiles(from folder: String, to other: String) async throws {
        try await Command.succeed([
            "find", folder, "-mindepth", "1", "-maxdepth", "1", "-exec", "mv", "-t", other, "{}", "+",
        ])
    }
}
