import Support

extension Fault {
    static let portTaken = Fault(
        "port-taken",
        "a start while another program listens on the port",
        prepare: { stage in
            try await stage.stopServer()
            let program = """
                import socket, sys, time
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", int(sys.argv[1])))
                s.listen()
                time.sleep(1e6)
                """
            try await stage.workspace.start(
                "squatter",
                ["python3", "-I", "-c", program, "\(stage.server.port)"],
                as: nil
            )
            let isTaken = await eventually(within: 5) { !FreePort.isFree(stage.server.port) }
            guard isTaken else { throw TimedOut("nobody took the port") }
        },
        strike: { try await $0.launchInVain() },
        expect: { _ in .dead("start_failed", role: "primary").with { $0.holds = 2 } },
        mend: { stage in
            await stage.workspace.end("squatter")
            try await stage.startAgain()
        }
    )
}
