import Support
import Testing

/// The release build of the probe is one static file, so that it runs in any image.
///
/// It can only be looked at where there is one: `Tests/run` builds it before the tests.
@Suite(.enabled(if: TextFile.exists(ProbeBinary.release), "no release build"))
struct LinkageTests {
    /// 6.9 MB when this was written, nearly all of it the Swift runtime.
    private static let strippedLimitBytes = 8 << 20

    @Test func needsNoLibrary() async throws {
        let result = try await Command.run(["ldd", ProbeBinary.release])
        let said = result.output + result.error
        #expect(said.contains("not a dynamic executable") || said.contains("statically linked"))
    }

    @Test func staysSmall() async throws {
        try await Workspace.with { workspace in
            let copy = "\(workspace.path)/howdah-probe"
            try await Command.succeed(["strip", "-o", copy, ProbeBinary.release])
            let size = try await Command.succeed(["stat", "-c", "%s", copy])
            #expect(try #require(Int(size.prefix { $0 != "\n" })) <= Self.strippedLimitBytes)
        }
    }

    @Test func carriesNoFoundation() async throws {
        let symbols = try await Command.succeed(["nm", ProbeBinary.release], within: 30)
        #expect(!symbols.contains("ucol_open"))
        #expect(!symbols.contains("Foundation"))
    }
}
