import Support

extension Fault {
    static let standbyInconsistent = Fault(
        "standby-inconsistent",
        "a standby that lacks the WAL to become consistent",
        on: .standby,
        prepare: { stage in
            guard let upstream = stage.upstream else { return }
            try await stage.stopServer()
            try await stage.server.recopyWithoutEnd(from: upstream)
        },
        strike: { try await $0.server.launch() },
        expect: { _ in
            .notAccepting("archive_recovery", role: "standby", conditions: ["in_recovery"]).with { $0.holds = 2 }
        },
        mend: { stage in
            guard let upstream = stage.upstream else { return }
            try stage.server.settleAsStandby(of: upstream)
            stage.server.reload()
        }
    )
}
