import Support

extension Fault {
    /// The postmaster's own limit of processes becomes one, and its user has more than that already.
    static let cannotFork = Fault(
        "cannot-fork",
        "the postmaster cannot start a process for a new session",
        strike: { try await $0.limitProcesses(to: "1") },
        expect: { _ in .running("primary", but: ["cannot_fork"], probes: "PFFF") },
        mend: { stage in
            let hard = try await Command.succeed(
                ["prlimit", "--pid", "\(stage.server.postmaster?.pid ?? 0)", "--nproc", "-o", "HARD", "--noheadings"],
                as: User.postgres
            )
            try await stage.limitProcesses(to: hard.filter { $0 != "\n" && $0 != " " })
        }
    )
}

extension Stage {
    /// Sets the soft limit of the postmaster's processes.
    fileprivate func limitProcesses(to limit: String) async throws {
        guard let postmaster = server.postmaster else { throw TimedOut("no postmaster to limit") }
        try await Command.succeed(["prlimit", "--pid", "\(postmaster.pid)", "--nproc=\(limit):"], as: User.postgres)
    }
}
