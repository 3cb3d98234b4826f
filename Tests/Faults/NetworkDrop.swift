import Support

extension Fault {
    /// The server runs in a network namespace of its own.
    ///
    /// A blackhole route there swallows every answer.
    static let networkDrop = Fault(
        "network-drop",
        "the network to the server drops every packet",
        prepare: { stage in
            try await stage.server.stop(.fast)
            try await stage.makeNetwork()
            try stage.server.configure(["listen_addresses": "'*'"])
            try await stage.server.launch(prefix: ["ip", "netns", "exec", stage.network.name])
            var options = stage.remoteOptions
            options.postgres = "host=\(stage.network.server) port=\(stage.server.port) user=howdah dbname=postgres"
            try await stage.sidecar.restart(options)
            try await stage.sees(.live("primary"))
        },
        strike: { stage in
            try await stage.inNetwork(["ip", "route", "add", "blackhole", "\(stage.network.sidecar)/32"])
        },
        expect: { _ in
            Expectation("unknown", "unknown", role: nil, probes: "P...", within: 30).with {
                $0.candidates = ["running"]
                $0.holds = 2
            }
        },
        mend: { stage in
            try await stage.inNetwork(["ip", "route", "del", "blackhole", "\(stage.network.sidecar)/32"])
        },
        mended: .live("primary", within: 30),
        cleanUp: { stage in
            await stage.server.destroy()
            try await Command.succeed(["ip", "netns", "del", stage.network.name])
            try await stage.startAgain()
            try await stage.sidecar.restart(stage.ordinaryOptions)
        }
    )
}

/// A network namespace and a pair of addresses, named after the server's port.
private struct Network {
    var name: String
    var links: (sidecar: String, server: String)
    var sidecar: String
    var server: String

    init(port: Int) {
        name = "howdah-\(port)"
        links = ("hwd\(port)a", "hwd\(port)b")
        // One block of four addresses for each port: 16,384 of them.
        let block = port % 16_384 * 4
        let prefix = "10.213.\(block / 256)"
        sidecar = "\(prefix).\(block % 256 + 1)"
        server = "\(prefix).\(block % 256 + 2)"
    }
}

extension Stage {
    fileprivate var network: Network { Network(port: server.port) }

    fileprivate func inNetwork(_ command: [String]) async throws {
        try await Command.succeed(["ip", "netns", "exec", network.name] + command)
    }

    fileprivate func makeNetwork() async throws {
        let (here, there) = network.links
        _ = try await Command.run(["ip", "netns", "del", network.name])
        try workspace.remember(networkNamespace: network.name)
        try await Command.succeed(["ip", "netns", "add", network.name])
        try await Command.succeed(
            ["ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", network.name])
        try await Command.succeed(["ip", "address", "add", "\(network.sidecar)/30", "dev", here])
        try await Command.succeed(["ip", "link", "set", here, "up"])
        try await inNetwork(["ip", "address", "add", "\(network.server)/30", "dev", there])
        try await inNetwork(["ip", "link", "set", there, "up"])
        try await inNetwork(["ip", "link", "set", "lo", "up"])
    }
}
