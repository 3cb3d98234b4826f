import Glibc

/// Reads small files, never more of them than asked for.
enum BoundedFile {
    /// The first `limit` bytes of a regular file; fewer if it is shorter.
    ///
    /// A pipe or a device of that name is not opened for long enough to hang on it.
    static func read(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileFailure(path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileFailure(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure(path: path, code: EINVAL) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + filled }, limit - filled)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(path: path, code: errno)
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(limit - filled)
        return bytes
    }

    /// The target of a symbolic link, at most 4,096 bytes; nil where it is none or may not be read.
    static func linkTarget(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A file or folder that could not be read.
struct FileFailure: Error, Hashable {
    var path: String
    /// The `errno`.
    var code: Int32

    /// It is not there.
    var isAbsent: Bool { code == ENOENT || code == ENOTDIR }
    /// We may not read it.
    var isNotPermitted: Bool { code == EACCES || code == EPERM }
}

/// Which file it is, under whatever name.
struct FileIdentity: Hashable {
    var device: UInt
    var inode: UInt
    var owner: UInt32
    var group: UInt32
    var mode: UInt32
    /// Nanoseconds since the epoch.
    var modifiedAt: Int64

    /// Asks the system, following symbolic links.
    init(_ path: String) throws(FileFailure) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw FileFailure(path: path, code: errno) }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        owner = status.st_uid
        group = status.st_gid
        mode = status.st_mode
        modifiedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

    /// Whether both are the same file, whatever became of its contents.
    func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }
}

/// The names in a folder.
enum Folder {
    /// Hands each name but `.` and `..` to `body` with the folder's descriptor, until it returns false or `limit` names
    /// were seen; says how many were.
    @discardableResult
    static func visit(
        _ path: String,
        limit: Int,
        _ body: (_ name: String, _ folder: Int32) -> Bool
    ) throws(FileFailure) -> Int {
        guard let folder = unsafe opendir(path) else { throw FileFailure(path: path, code: errno) }
        defer { unsafe closedir(folder) }
        let descriptor = unsafe dirfd(folder)
        var seen = 0
        while seen < limit, let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            seen += 1
            if !body(name, descriptor) { break }
        }
        return seen
    }
}
