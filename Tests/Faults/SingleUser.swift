import Support

extension Fault {
    static let singleUser = Fault(
        "single-user",
        "a single-user backend owns the data directory",
        prepare: { try await $0.stopServer() },
        strike: { stage in
            // A FIFO that is open both ways never ends, so the backend waits for commands.
            let fifo = "\(stage.workspace.path)/single-user.in"
            TextFile.remove(fifo)
            try await Command.succeed(["mkfifo", "-m", "666", fifo])
            let script = #"exec 3<>"$1"; exec "$2" --single -D "$3" postgres <&3"#
            try await stage.workspace.start(
                "single-user",
                [
                    "sh", "-c", script, "sh", fifo, stage.server.installation.program("postgres"),
                    stage.server.dataDirectory,
                ]
            )
        },
        expect: { _ in .notAccepting("single_user", role: "primary").with { $0.holds = 2 } },
        mend: { stage in
            await stage.workspace.end("single-user")
            try await stage.startAgain()
        }
    )
}
