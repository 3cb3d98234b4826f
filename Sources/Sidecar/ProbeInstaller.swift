import Glibc

/// Copies `howdah-probe`, which lies beside `howdah`, to a volume that the server's container shares.
public enum ProbeInstaller {
    private static let largestProbeBytes = 64 * 1024 * 1024

    /// Copies the probe to `path`, a file or an existing directory; the copy appears whole or not at all.
    ///
    /// - Returns: the path of the copy.
    /// - Throws: `ConfigurationError` with one line that names the file.
    public static func install(to path: String) throws(ConfigurationError) -> String {
        let source = try probePath()
        let target = isDirectory(path) ? path + "/howdah-probe" : path
        let temporary = "\(target).new-\(getpid())"
        let input = unsafe open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw ConfigurationError("cannot read \(source): \(errorText())") }
        defer { close(input) }
        let output = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o755)
        guard output >= 0 else { throw ConfigurationError("cannot write \(temporary): \(errorText())") }
        var problem: String?
        if !copy(from: input, to: output) || fchmod(output, 0o755) != 0 || fsync(output) != 0 { problem = errorText() }
        close(output)
        if problem == nil, unsafe rename(temporary, target) != 0 { problem = errorText() }
        if let problem {
            unsafe unlink(temporary)
            throw ConfigurationError("cannot write \(target): \(problem)")
        }
        return target
    }

    private static func probePath() throws(ConfigurationError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { throw ConfigurationError("cannot tell where howdah lies: \(errorText())") }
        let own = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = own.lastIndex(of: "/") else { throw ConfigurationError("cannot tell where howdah lies") }
        return own[...slash] + "howdah-probe"
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func copy(from input: Int32, to output: Int32) -> Bool {
        var copied = 0
        while copied <= largestProbeBytes {
            let count = sendfile(output, input, nil, 1 << 20)
            if count == 0 { return copied > 0 }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            copied += count
        }
        errno = EFBIG
        return false
    }
}
