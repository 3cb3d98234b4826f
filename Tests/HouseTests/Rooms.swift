/// The rooms of `Sources` and what each may import, with the reason: the table of the README's "How it works" as data.
struct Room {
    /// The folder in `Sources`.
    var name: String
    /// The modules that it may import.
    var mayImport: Set<String>
    /// Why not more.
    var why: String

    /// What any room may use of the system where it may touch the system at all.
    private static let system: Set<String> = ["Glibc", "Synchronization"]

    static let all = [
        Room(name: "CLibpq", mayImport: [], why: "a module map and a shim"),
        Room(name: "CLibcurl", mayImport: [], why: "a module map and a shim"),
        Room(name: "CZlib", mayImport: [], why: "a module map and a shim"),
        Room(name: "CSQLite", mayImport: [], why: "a module map and a shim"),
        Room(name: "CLinux", mayImport: [], why: "C only"),
        Room(name: "CProbe", mayImport: [], why: "C only"),
        Room(
            name: "Facts",
            mayImport: [],
            why: "what can be known is values, and values need the standard library alone"
        ),
        Room(name: "Diagnosis", mayImport: ["Facts"], why: "a pure function: no clock, no I/O, no logger"),
        Room(
            name: "Deadlines",
            mayImport: system.union(["CLinux"]),
            why: "knows how to wait, not what for"
        ),
        Room(
            name: "PostgresLink",
            mayImport: system.union(["CLibpq", "Deadlines", "Facts"]),
            why: "speaks to the server and draws no conclusions"
        ),
        Room(
            name: "AgentLink",
            mayImport: system.union(["CLibcurl", "CLinux", "Deadlines", "Facts", "FoundationEssentials"]),
            why: "speaks to agents and draws no conclusions"
        ),
        Room(
            name: "ServerLog",
            mayImport: system.union(["CZlib", "CLinux", "Facts"]),
            why: "reads the log without a connection"
        ),
        Room(
            name: "Sensors",
            mayImport: system.union(["AgentLink", "CLinux", "Deadlines", "Facts", "PostgresLink", "ServerLog"]),
            why: "values flow one way: nothing that senses knows what it means"
        ),
        Room(
            name: "Tables",
            mayImport: system.union(["CSQLite", "Diagnosis", "Facts", "ServerLog"]),
            why: "keeps what is known and meant; senses nothing"
        ),
        Room(
            name: "Exposition",
            mayImport: ["Diagnosis", "Facts", "FoundationEssentials"],
            why: "pure renderings of a snapshot and a verdict"
        ),
        Room(
            name: "Endpoints",
            mayImport: system.union([
                "CZlib", "Diagnosis", "Exposition", "Facts", "FoundationEssentials", "HTTPTypes", "HummingbirdCore",
                "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle", "Tables",
            ]),
            why: "tells what is published; senses nothing and decides nothing"
        ),
        Room(
            name: "Sidecar",
            mayImport: system.union([
                "AgentLink", "CLinux", "Deadlines", "Diagnosis", "Endpoints", "Exposition", "Facts",
                "FoundationEssentials", "Logging", "PostgresLink", "Sensors", "ServerLog", "ServiceLifecycle", "Tables",
                "UnixSignals",
            ]),
            why: "wires the rooms; what a room keeps to itself (C libraries, the HTTP server) stays there"
        ),
        Room(
            name: "howdah",
            mayImport: ["ArgumentParser", "Glibc", "Sidecar"],
            why: "the command line and nothing else"
        ),
        Room(
            name: "howdah-probe",
            mayImport: ["CProbe"],
            why: "Embedded and static: as fast as /bin/true, on any image"
        ),
    ]

    /// Modules that only one file of a room may import, so that replacing them stays a change of one file.
    static let oneFileOnly: [String: String] = ["HummingbirdCore": "Endpoints"]
}
