import Support

extension Fault {
    static let staleLockFile = Fault(
        "stale-lock-file",
        "postmaster.pid of a crashed server names a process that is something else by now",
        strike: { stage in
            await stage.server.crash()
            let stranger = try await stage.workspace.start("stranger", ["sleep", "infinity"])
            let lines = ["\(stranger.pid)"] + stage.server.lockFile.dropFirst()
            try TextFile.write(
                lines.joined(separator: "\n"),
                to: "\(stage.server.dataDirectory)/postmaster.pid",
                mode: 0o600
            )
        },
        expect: { _ in .dead("crashed", role: "primary").with { $0.holds = 3 } },
        mend: { stage in
            // PostgreSQL takes any living process of its user for a rival, so the stranger has to go first.
            await stage.workspace.end("stranger")
            try await stage.startAgain()
        }
    )
}
