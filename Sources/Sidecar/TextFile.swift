import Glibc

/// Why a file could not be read, in one line that names it.
struct FileError: Error, CustomStringConvertible {
    var description: String
}

/// Reads a whole text file.
///
/// - Throws: `FileError` where it cannot be read, or holds more than `limitBytes`.
func readTextFile(_ path: String, limitBytes: Int) throws(FileError) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FileError(description: "cannot read \(path): \(errorText())") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limitBytes + 1)
    var filled = 0
    while filled < bytes.count {
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe read(file, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
        }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileError(description: "cannot read \(path): \(errorText())") }
        if count == 0 { break }
        filled += count
    }
    guard filled <= limitBytes else { throw FileError(description: "\(path) is larger than \(limitBytes) bytes") }
    return String(decoding: bytes.prefix(filled), as: UTF8.self)
}

/// The text of `errno`.
func errorText() -> String { unsafe String(cString: strerror(errno)) }
