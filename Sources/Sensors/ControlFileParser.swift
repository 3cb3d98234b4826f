public import Facts

/// Reads `global/pg_control`, whatever bytes it holds (`ControlFileData` of `src/include/catalog/pg_control.h`).
///
/// PostgreSQL writes the struct as it lies in memory. On 64-bit machines the fields read here have the same places in
/// all three layouts: 1300 (PostgreSQL 13 to 16), 1700 (17: `wal_level` went into what was padding in the checkpoint's
/// copy) and 1800 (18: `default_char_signedness` went before `mock_authentication_nonce`, which moved the checksum on).
public enum ControlFileParser {
    /// How much of the file has to be read, in bytes: more than the struct of any known layout.
    ///
    /// The rest is zeros.
    public static let readLength = 512

    /// Where the checksum lies in each layout, in bytes from the beginning; it covers everything before it.
    static let checksumOffsets: [UInt32: Int] = [1300: 288, 1700: 288, 1800: 292]

    /// Reads the file's first `readLength` bytes; throws where they are not believed.
    public static func parse(_ bytes: [UInt8]) throws(ControlFileError) -> ControlFile {
        guard bytes.count >= 16 else { throw .tooShort(bytes.count) }
        let layout: UInt32 = number(bytes, 8)
        guard let checksumAt = checksumOffsets[layout] else {
            if checksumOffsets[layout.byteSwapped] != nil { throw .otherByteOrder }
            throw .unknownLayout(layout)
        }
        guard bytes.count >= checksumAt + 4 else { throw .tooShort(bytes.count) }
        let expected: UInt32 = number(bytes, checksumAt)
        let computed = CRC32C.checksum(bytes[..<checksumAt])
        guard expected == computed else { throw .badChecksum(stored: expected, computed: computed) }
        let file = fields(bytes)
        guard (1 << 20...1 << 30).contains(file.walSegmentSize), file.walSegmentSize.nonzeroBitCount == 1 else {
            throw .badSegmentSize(file.walSegmentSize)
        }
        return file
    }

    private static func fields(_ bytes: [UInt8]) -> ControlFile {
        var file = ControlFile()
        file.systemIdentifier = number(bytes, 0)
        file.layout = number(bytes, 8)
        file.catalogVersion = number(bytes, 12)
        file.state = state(number(bytes, 16))
        file.writtenAt = number(bytes, 24)
        file.checkpoint = LSN(number(bytes, 32))
        // The copy of the last checkpoint record, 88 bytes from 40 on.
        file.redo = LSN(number(bytes, 40))
        file.timeline = number(bytes, 48)
        file.previousTimeline = number(bytes, 52)
        file.checkpointAt = number(bytes, 104)
        file.minRecoveryPoint = LSN(number(bytes, 136))
        file.minRecoveryPointTimeline = number(bytes, 144)
        file.backupStartPoint = LSN(number(bytes, 152))
        file.backupEndPoint = LSN(number(bytes, 160))
        file.backupEndRequired = bytes[168] != 0
        file.walLevel = number(bytes, 172)
        file.maxConnections = number(bytes, 180)
        file.maxWorkerProcesses = number(bytes, 184)
        file.maxWALSenders = number(bytes, 188)
        file.maxPreparedTransactions = number(bytes, 192)
        file.maxLocksPerTransaction = number(bytes, 196)
        file.walSegmentSize = number(bytes, 228)
        file.dataChecksumVersion = number(bytes, 252)
        return file
    }

    private static func state(_ number: UInt32) -> ControlFile.ClusterState {
        switch number {
        case 0: .startingUp
        case 1: .shutDown
        case 2: .shutDownInRecovery
        case 3: .shuttingDown
        case 4: .inCrashRecovery
        case 5: .inArchiveRecovery
        case 6: .inProduction
        default: .other(number)
        }
    }

    /// An integer of this machine's byte order; the server shares the machine, or its file does not pass for ours.
    private static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int) -> Number {
        let size = Number.bitWidth / 8
        let value = (0..<size).reduce(Number(0)) { $0 | Number(truncatingIfNeeded: bytes[offset + $1]) << ($1 * 8) }
        return Number(littleEndian: value)
    }
}

/// Why a `pg_control` is not believed.
public enum ControlFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It ends before the struct does; so many bytes are there.
    case tooShort(Int)
    /// It was written on a machine of the other byte order.
    case otherByteOrder
    /// `pg_control_version` is not one that Howdah knows: another version of PostgreSQL, or not a control file.
    case unknownLayout(UInt32)
    /// The CRC-32C does not match: a torn read, or a damaged file.
    case badChecksum(stored: UInt32, computed: UInt32)
    /// `xlog_seg_size` is not a power of two between 1 MiB and 1 GiB.
    case badSegmentSize(UInt32)

    /// One sentence for people.
    public var description: String {
        switch self {
        case .tooShort(let count): "pg_control has only \(count) bytes"
        case .otherByteOrder: "pg_control was written on a machine of the other byte order"
        case .unknownLayout(let layout):
            "pg_control has layout \(layout), and Howdah knows 1300, 1700 and 1800 (PostgreSQL 13 to 18)"
        case .badChecksum(let stored, let computed):
            "pg_control's checksum is \(hexadecimal(stored)) and should be \(hexadecimal(computed))"
        case .badSegmentSize(let size): "pg_control says that a WAL segment has \(size) bytes"
        }
    }
}

private func hexadecimal(_ number: UInt32) -> String { "0x" + String(number, radix: 16) }
