import Support
import Testing

private let releaseBinary = "\(Project.root)/.build/release/howdah"

/// What the release build of `howdah` is linked with.
///
/// It can only be looked at where there is one: `Tests/run` builds it before the tests.
@Suite(.enabled(if: TextFile.exists(releaseBinary), "no release build"))
struct LinkageTests {
    /// ICU is 40 MB that nothing here needs; it comes in with one import of Foundation, or with a dependency's trait.
    @Test func carriesNoICU() async throws {
        let libraries = try await Command.succeed(["ldd", releaseBinary])
        for name in ["libFoundation.so", "libFoundationNetworking", "FoundationInternationalization", "ICU", "libicu"] {
            #expect(!libraries.contains(name), "\(libraries)")
        }
        // A stripped file has no symbols; the libraries above have been looked at all the same. Searched on the way: an
        // unstripped file names more symbols than a test should hold.
        let search = "nm '\(releaseBinary)' | grep -cE 'ucol_open|uloc_getDefault|udat_open'"
        let found = try await Command.run(["sh", "-c", search]).output
        #expect(found.hasPrefix("0"))
    }
}
