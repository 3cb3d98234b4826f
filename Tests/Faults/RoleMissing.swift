import Support

extension Fault {
    static let roleMissing = Fault(
        "role-missing",
        "Howdah's role does not exist",
        strike: { stage in
            try await stage.server.psql("ALTER ROLE howdah RENAME TO howdah_gone")
            try await stage.endObserverSession(user: "howdah_gone")
        },
        expect: { _ in lockedOut("28000") },
        mend: { try await $0.server.psql("ALTER ROLE howdah_gone RENAME TO howdah") },
        mended: .live("primary", within: 20)
    )
}
