import FoundationEssentials
import Glibc

/// Small files and folders, for tests.
public enum TextFile {
    /// Reads a whole file as text; bytes that are not UTF-8 are replaced.
    public static func read(_ path: String) throws -> String {
        guard let file = unsafe fopen(path, "r") else { throw Unreadable(path: path, code: errno) }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes a whole file and gives it to the user that servers run as.
    public static func write(_ text: String, to path: String, mode: UInt16 = 0o644) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try handOver(path, mode: mode)
    }

    /// Makes a folder, and those above it, for the user that servers run as.
    public static func makeFolder(_ path: String, mode: UInt16 = 0o755) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try handOver(path, mode: mode)
    }

    /// Whether something is at the path.
    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Removes a file or a folder with all that is in it, if it is there.
    public static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// The names in a folder; none where it cannot be read.
    public static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    static func linkTarget(_ path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }

    private static func handOver(_ path: String, mode: UInt16) throws {
        unsafe chmod(path, mode_t(mode))
        guard let ids = User.postgresIDs else { return }
        guard unsafe chown(path, ids.user, ids.group) == 0 else { throw Unreadable(path: path, code: errno) }
    }

    /// A file that could not be read or written.
    public struct Unreadable: Error, CustomStringConvertible {
        var path: String
        var code: Int32

        /// The path and the error's number.
        public var description: String { "\(path): error \(code)" }
    }
}
