import Glibc
import Synchronization

/// The file of a Unix socket: made where nobody can reach it, given mode 0600, and only then put in its place.
///
/// Setting the mode after the socket listens would leave a moment in which anybody may connect.
final class UnixSocketFile: Sendable {
    /// Where clients look for it.
    let path: String
    /// The folder, mode 0700, in which it is made.
    private let privateFolder: String
    /// Device and inode of our socket: the server removes the file that it bound when it stops listening.
    private let ours = Mutex<[UInt64]?>(nil)

    /// Where the server binds it.
    var bindingPath: String { privateFolder + "/s" }

    init(path: String) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        privateFolder = "\(folder).h\(getpid())"
    }

    /// Makes the private folder, after seeing to it that no living Howdah has the path.
    func prepare() throws(ListenError) {
        try checkPath()
        discard()
        guard unsafe mkdir(privateFolder, 0o700) == 0 else { throw ListenError(.unix(path: path), errno: errno) }
    }

    /// Puts the socket, which listens by now, in its place.
    ///
    /// A stale file is replaced.
    func publish() throws(ListenError) {
        ours.withLock { $0 = identity(bindingPath) }
        guard unsafe chmod(bindingPath, 0o600) == 0 else { throw ListenError(.unix(path: path), errno: errno) }
        // `link` and not `rename`: it never replaces what another process has put there since `prepare`.
        if unsafe link(bindingPath, path) != 0 {
            guard errno == EEXIST else { throw ListenError(.unix(path: path), errno: errno) }
            try checkPath()
            unsafe unlink(path)
            guard unsafe link(bindingPath, path) == 0 else { throw ListenError(.unix(path: path), errno: errno) }
        }
    }

    /// Removes the private folder, and the socket from its place if it is ours.
    func remove() {
        if let ours = ours.withLock({ $0 }), identity(path) == ours { unsafe unlink(path) }
        discard()
    }

    private func discard() {
        unsafe unlink(bindingPath)
        unsafe rmdir(privateFolder)
    }

    /// Fails unless the path is free, or holds a socket on which nobody answers.
    private func checkPath() throws(ListenError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw ListenError(.unix(path: path), errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .failed(.unix(path: path), "there is a file of another kind")
        }
        switch connectError() {
        case ECONNREFUSED, ENOENT: return
        case EACCES, EPERM: throw .notPermitted(.unix(path: path))
        default: throw .inUse(.unix(path: path))
        }
    }

    /// The error of connecting to the path without waiting; 0 where somebody answers.
    private func connectError() -> Int32 {
        let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard client >= 0 else { return errno }
        defer { close(client) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            // The address is zeroed, and the path is shorter than the field by ``ListenAddress/unixPathLimit``.
            unsafe buffer.copyBytes(from: path.utf8.prefix(buffer.count - 1))
        }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(client, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? 0 : errno
    }

    private func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }
}
