import Support

extension Fault {
    /// The start-up process reads `replorigin_checkpoint` before anything else of note; as a FIFO it keeps it waiting.
    static let slowStart = Fault(
        "slow-start",
        "a start that waits on the data directory, with no WAL to replay",
        prepare: { stage in
            try await stage.stopServer()
            try await Command.succeed(["mv", stage.originCheckpoint, stage.savedCheckpoint])
            try await Command.succeed(["mkfifo", stage.originCheckpoint], as: User.postgres)
        },
        strike: { try await $0.server.launch() },
        expect: { _ in .notAccepting("starting", role: "primary").with { $0.holds = 3 } },
        mend: { stage in
            // The writer's open waits for the reader, and the reader's for the writer.
            try await Command.succeed(["cp", stage.savedCheckpoint, stage.originCheckpoint], within: 10)
        },
        // A checkpoint puts a proper file in the FIFO's place; a crash before it would meet the FIFO again.
        cleanUp: { try await $0.server.psql("CHECKPOINT") }
    )
}

extension Stage {
    fileprivate var originCheckpoint: String { "\(server.dataDirectory)/pg_logical/replorigin_checkpoint" }
    fileprivate var savedCheckpoint: String { "\(workspace.path)/replorigin_checkpoint" }
}
