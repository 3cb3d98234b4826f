import Support

extension Fault {
    static let noHBALine = Fault(
        "no-hba-line",
        "pg_hba.conf has no line that fits Howdah's role",
        strike: { try await $0.lockObserverOut(hba: hbaWithoutObserver) },
        expect: { _ in lockedOut("28000") },
        mend: { stage in
            try stage.server.writeHBA()
            stage.server.reload()
        },
        mended: .live("primary", within: 20)
    )

    static let hbaWithoutObserver = ["local all postgres,app,app2 trust", "host all postgres,app,app2 all trust"]
}
