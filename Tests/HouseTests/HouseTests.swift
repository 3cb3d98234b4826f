import Support
import Testing

/// The rules of the house, held against every file, and each rule against a file that breaks it.
@Suite struct HouseTests {
    @Test(arguments: Rule.all.map(\.name)) func everyFileKeeps(rule name: String) throws {
        let rule = try #require(Rule.all.first { $0.name == name })
        let breaches = ProjectFile.all.flatMap { file in
            rule.breaches(file).map { "\(file.path):\($0.line): \($0.what)" }
        }
        let count = breaches.count
        #expect(count == 0, "\(rule.why)\n\(breaches.joined(separator: "\n"))")
    }

    @Test(arguments: Rule.all.map(\.name)) func theRuleFindsWhatBreaksIt(rule name: String) throws {
        let rule = try #require(Rule.all.first { $0.name == name })
        #expect(!rule.breaches(rule.planted).isEmpty)
        #expect(rule.breaches(rule.harmless).isEmpty)
    }

    /// A check that reads nothing finds nothing.
    @Test func theFilesAreThere() {
        let rooms = Set(ProjectFile.all.filter(\.isSwift).compactMap(\.room))
        #expect(
            rooms.isSuperset(of: ["Facts", "Diagnosis", "Deadlines", "Sensors", "Sidecar", "howdah", "howdah-probe"])
        )
        #expect(ProjectFile.all.contains { $0.path == "Package.swift" })
    }

    /// Only one file knows the HTTP server, so that another one can take its place.
    @Test(arguments: Room.oneFileOnly.keys.sorted()) func oneFileImports(module: String) {
        let importers = ProjectFile.all.filter { file in
            file.isSwift && file.room != nil && SwiftSource(file.text).imports.contains { $0.module == module }
        }
        #expect(importers.count <= 1, "\(importers.map(\.path))")
    }

    /// The targets of the package may not see more than the table lets them import.
    @Test func everyRoomIsInTheTable() {
        let folders = Set(TextFile.names(in: "\(Project.root)/Sources"))
        #expect(folders.subtracting(Room.all.map(\.name)).isEmpty)
    }

    /// What lies in the root is what belongs there; dotfiles and what git ignores aside.
    @Test func theRootIsTidy() {
        let allowed: Set<String> = [
            "Package.swift", "Package.resolved", "Sources", "Tests", "dashboards", "deploy", "README.md", "LICENSE",
        ]
        let found = TextFile.names(in: Project.root).filter { !$0.hasPrefix(".") }
        #expect(Set(found).subtracting(allowed).isEmpty)
    }

    /// A room that later work will furnish has a file that says so, and nothing else.
    @Test func aPlaceholderStandsAlone() {
        let folders = Dictionary(grouping: ProjectFile.all) { $0.path.split(separator: "/").dropLast() }
        for (folder, files) in folders where files.contains(where: { $0.name == "Placeholder.swift" }) {
            #expect(files.filter(\.isSwift).count == 1, "\(folder.joined(separator: "/")) is furnished")
        }
    }

    /// `howdah` and `howdah-probe` are built apart and released together.
    @Test func theProgramsAgreeOnTheirVersion() {
        let lines = ProjectFile.all.filter { $0.isSwift && $0.room != nil }.flatMap { $0.text.split(separator: "\n") }
        let versions = lines.compactMap { line -> Substring? in
            let parts = line.split(separator: "\"")
            return parts.count == 2 && parts[0].hasSuffix("let version = ") ? parts[1] : nil
        }
        #expect(Set(versions).count == 1, "\(versions)")
    }

    /// Force unwraps and undocumented names are left to the linter, which must be told.
    @Test func theLinterIsStrict() throws {
        let settings = try TextFile.read("\(Project.root)/.swift-format")
        let rules = [
            "NeverForceUnwrap", "NeverUseForceTry", "NeverUseImplicitlyUnwrappedOptionals",
            "AllPublicDeclarationsHaveDocumentation",
        ]
        for rule in rules { #expect(settings.contains("\"\(rule)\": true"), "\(rule)") }
    }
}
