/// CRC-32C (Castagnoli), the checksum of `pg_control` and of WAL records (`src/port/pg_crc32c_sb8.c`).
enum CRC32C {
    /// The checksum of `bytes`, as PostgreSQL's `INIT_CRC32C` … `FIN_CRC32C` computes it.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        return ~crc
    }

    /// One step for each value of a byte, for the reflected polynomial 0x1EDC6F41.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
    }
}
