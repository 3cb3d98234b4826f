import Facts
import Sensors
import Testing

struct LockFileParserTests {
    static let running = """
        4711
        /var/lib/postgresql/15/main
        1795420800
        5432
        /var/run/postgresql
        127.0.0.1
           163928    131074
        ready   

        """

    @Test func allEightLines() throws {
        var expected = LockFile(pid: 4711, isSingleUser: false)
        expected.dataDirectory = "/var/lib/postgresql/15/main"
        expected.startedAt = 1_795_420_800
        expected.port = 5432
        expected.socketDirectory = "/var/run/postgresql"
        expected.listenAddress = "127.0.0.1"
        expected.sharedMemoryKey = 163_928
        expected.sharedMemoryID = 131_074
        expected.status = .ready
        #expect(LockFileParser.parse(Array(Self.running.utf8)) == .present(expected))
    }

    @Test(arguments: [
        ("starting", LockFile.Status.starting), ("stopping", .stopping), ("ready   ", .ready), ("standby ", .standby),
        ("dreaming", .other("dreaming")),
    ])
    func status(line: String, expected: LockFile.Status) {
        let text = Self.running.replacing("ready   ", with: line)
        guard case .present(let file) = LockFileParser.parse(Array(text.utf8)) else {
            Issue.record("not a lock file: \(text)")
            return
        }
        #expect(file.status == expected)
    }

    // What a server has written by the time it made the file: four lines and an empty fifth one.
    @Test func justMade() {
        let state = LockFileParser.parse(Array("17\n/data\n1795420800\n5432\n\n".utf8))
        guard case .present(let file) = state else {
            Issue.record("\(state)")
            return
        }
        #expect(file.pid == 17)
        #expect(file.port == 5432)
        #expect(file.socketDirectory == nil)
        #expect(file.listenAddress == nil)
        #expect(file.status == nil)
    }

    @Test func singleUser() {
        let state = LockFileParser.parse(Array("-4711\n/data\n1795420800\n5432\n\n".utf8))
        guard case .present(let file) = state else {
            Issue.record("\(state)")
            return
        }
        #expect(file.pid == 4711)
        #expect(file.isSingleUser)
    }

    @Test(arguments: [
        "", "\n", "0\n", "-\n", "+12\n", "1e3\n", "postgres\n", "99999999999\n", "-2147483649\n", "4711", "\u{0}\n",
        "12 13\n", "９\n",
    ])
    func notUnderstood(text: String) {
        guard case .notUnderstood(let reason) = LockFileParser.parse(Array(text.utf8)) else {
            Issue.record("took \(text) for a lock file")
            return
        }
        #expect(reason.hasPrefix("postmaster.pid ") || reason.hasPrefix("line 1 of postmaster.pid "))
        #expect(reason.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test func tooLong() {
        let bytes = Array("4711\n".utf8) + [UInt8](repeating: 65, count: LockFileParser.sizeLimit)
        #expect(LockFileParser.parse(bytes) == .notUnderstood("postmaster.pid is longer than 8192 bytes"))
    }

    // Whatever part of a file is read, no line of it is taken for something that the whole file does not say.
    @Test func everyTruncation() throws {
        let whole = Array(Self.running.utf8)
        guard case .present(let complete) = LockFileParser.parse(whole) else {
            Issue.record("not a lock file")
            return
        }
        for length in 0..<whole.count {
            guard case .present(let part) = LockFileParser.parse(Array(whole[..<length])) else { continue }
            #expect(part.pid == complete.pid)
            #expect(part.dataDirectory == nil || part.dataDirectory == complete.dataDirectory)
            #expect(part.startedAt == nil || part.startedAt == complete.startedAt)
            #expect(part.port == nil || part.port == complete.port)
            #expect(part.socketDirectory == nil || part.socketDirectory == complete.socketDirectory)
            #expect(part.listenAddress == nil || part.listenAddress == complete.listenAddress)
            #expect(part.sharedMemoryID == nil || part.sharedMemoryID == complete.sharedMemoryID)
            #expect(part.status == nil || part.status == complete.status)
        }
    }

    // Any bytes in, a state out.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            _ = LockFileParser.parse(random.bytes(upTo: 300))
            var damaged = Array(Self.running.utf8)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if case .present(let file) = LockFileParser.parse(damaged) { #expect(file.pid > 0) }
        }
    }
}
