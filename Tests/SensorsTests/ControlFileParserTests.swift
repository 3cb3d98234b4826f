import Facts
import FoundationEssentials
import Support
import Testing

@testable import Sensors

/// The fixtures are the first 512 bytes of the `pg_control` of real servers, each with what the `pg_controldata` of the
/// same version printed of it; the settings that a control file holds were set to numbers that no other field has.
struct ControlFileParserTests {
    static let fixtures = [14, 15, 16, 17, 18].flatMap { major in
        ["shut-down", "in-production", "in-archive-recovery", "shut-down-in-recovery"].map { "\(major)-\($0)" }
    }

    static let folder = #filePath.replacing("ControlFileParserTests.swift", with: "Fixtures")

    static func bytes(_ fixture: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(folder)/\(fixture).pg_control")))
    }

    static func printed(_ fixture: String) throws -> [String: String] {
        var lines: [String: String] = [:]
        for line in try TextFile.read("\(folder)/\(fixture).txt").split(separator: "\n") {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            lines[String(halves[0])] = String(halves[1].drop { $0 == " " })
        }
        return lines
    }

    @Test(arguments: fixtures)
    func agreesWithControldata(fixture: String) throws {
        let file = try ControlFileParser.parse(Self.bytes(fixture))
        let printed = try Self.printed(fixture)
        let ours: [String: String] = [
            "pg_control version number": "\(file.layout)",
            "Catalog version number": "\(file.catalogVersion)",
            "Database system identifier": "\(file.systemIdentifier)",
            "Database cluster state": file.state.description,
            "Latest checkpoint location": "\(file.checkpoint)",
            "Latest checkpoint's REDO location": "\(file.redo)",
            "Latest checkpoint's TimeLineID": "\(file.timeline)",
            "Latest checkpoint's PrevTimeLineID": "\(file.previousTimeline)",
            "Minimum recovery ending location": "\(file.minRecoveryPoint)",
            "Min recovery ending loc's timeline": "\(file.minRecoveryPointTimeline)",
            "Backup start location": "\(file.backupStartPoint)",
            "Backup end location": "\(file.backupEndPoint)",
            "End-of-backup record required": file.backupEndRequired ? "yes" : "no",
            "wal_level setting": ["minimal", "replica", "logical"][Int(file.walLevel)],
            "max_connections setting": "\(file.maxConnections)",
            "max_worker_processes setting": "\(file.maxWorkerProcesses)",
            "max_wal_senders setting": "\(file.maxWALSenders)",
            "max_prepared_xacts setting": "\(file.maxPreparedTransactions)",
            "max_locks_per_xact setting": "\(file.maxLocksPerTransaction)",
            "Bytes per WAL segment": "\(file.walSegmentSize)",
            "Data page checksum version": "\(file.dataChecksumVersion)",
        ]
        for (name, value) in ours { #expect(printed[name] == value, "\(name)") }
        #expect(try #require(printed["pg_control last modified"]).contains(clock(file.writtenAt)))
        #expect(try #require(printed["Time of latest checkpoint"]).contains(clock(file.checkpointAt)))
    }

    private func clock(_ seconds: Int64) -> String {
        String(Moment.rfc3339(wall: seconds * 1_000_000_000).dropFirst(11).prefix(8))
    }

    @Test(arguments: fixtures)
    func everyTruncation(fixture: String) throws {
        let whole = try Self.bytes(fixture)
        let file = try ControlFileParser.parse(whole)
        let size = try #require(ControlFileParser.checksumOffsets[file.layout]) + 4
        for length in 0..<size {
            #expect(throws: ControlFileError.tooShort(length)) { try ControlFileParser.parse(Array(whole[..<length])) }
        }
        for length in size...whole.count { #expect(try ControlFileParser.parse(Array(whole[..<length])) == file) }
    }

    @Test(arguments: ["14-in-production", "17-in-production", "18-in-production"])
    func everyBitCounts(fixture: String) throws {
        let whole = try Self.bytes(fixture)
        let layout = try ControlFileParser.parse(whole).layout
        let size = try #require(ControlFileParser.checksumOffsets[layout]) + 4
        for bit in 0..<size * 8 {
            var damaged = whole
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: ControlFileError.self) { try ControlFileParser.parse(damaged) }
        }
    }

    @Test func unknownLayoutsAreNamed() throws {
        var bytes = try Self.bytes("18-in-production")
        bytes.replaceSubrange(8..<12, with: [0x6C, 0x07, 0, 0])
        #expect(throws: ControlFileError.unknownLayout(1900)) { try ControlFileParser.parse(bytes) }
        #expect(ControlFileError.unknownLayout(1900).description.contains("1900"))
        bytes.replaceSubrange(8..<12, with: [0, 0, 0x07, 0x08])
        #expect(throws: ControlFileError.otherByteOrder) { try ControlFileParser.parse(bytes) }
        #expect(throws: ControlFileError.unknownLayout(0)) {
            try ControlFileParser.parse([UInt8](repeating: 0, count: 512))
        }
    }

    @Test func senselessSegmentSizeIsNotBelieved() throws {
        var bytes = try Self.bytes("15-shut-down")
        bytes.replaceSubrange(228..<232, with: [0, 0, 0, 0])
        let checksum = CRC32C.checksum(bytes[..<288])
        bytes.replaceSubrange(288..<292, with: (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) })
        #expect(throws: ControlFileError.badSegmentSize(0)) { try ControlFileParser.parse(bytes) }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func anyBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            var bytes = random.bytes(upTo: 600)
            if bytes.count >= 12, Bool.random(using: &random) {
                bytes.replaceSubrange(8..<12, with: [0x14, 0x05, 0, 0])
            }
            #expect(throws: ControlFileError.self) { try ControlFileParser.parse(bytes) }
        }
    }

    // The check value that catalogues of checksums give for CRC-32C.
    @Test func checksum() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([]) == 0)
    }
}
