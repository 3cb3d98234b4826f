import Support

extension Fault {
    static let hbaReplicationOnly = Fault(
        "hba-replication-only",
        "pg_hba.conf lets Howdah's role in for replication only",
        strike: { stage in
            try await stage.lockObserverOut(hba: hbaWithoutObserver + ["local replication howdah trust"])
        },
        expect: { _ in lockedOut("28000") },
        mend: { stage in
            try stage.server.writeHBA()
            stage.server.reload()
        },
        mended: .live("primary", within: 20)
    )
}
