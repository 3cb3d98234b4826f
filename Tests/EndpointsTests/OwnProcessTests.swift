import Exposition
import Glibc
import Testing

@testable import Endpoints

@Suite struct OwnProcessTests {
    /// What `/proc/self` says fits what other calls say.
    @Test func thisProcessIsRead() throws {
        let process = try #require(OwnProcess.read())
        #expect(process.openDescriptors >= 3 && process.openDescriptors < process.maximumDescriptors)
        #expect(process.cpuSeconds > 0 && process.threads >= 1)
        #expect(process.residentBytes > 1_000_000 && process.virtualBytes >= process.residentBytes)
        #expect((process.residentAnonymousBytes ?? 0) > 0)
        let now = Double(time(nil))
        let startedAt = try #require(process.startedAt)
        #expect(startedAt <= now + 1 && startedAt > now - 86_400)
    }

    @Test func compressionIsGzip() throws {
        let text = Array(String(repeating: "howdah_state 1\n", count: 1000).utf8)
        let packed = try #require(gzip(text))
        #expect(packed.count < text.count / 10)
        #expect(packed.prefix(2) == [0x1F, 0x8B])
        #expect(try #require(gzip([])).count < 40)
    }
}
