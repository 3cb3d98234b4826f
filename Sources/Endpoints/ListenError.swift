import Glibc

/// Why a listener could not listen; one line that names the address.
public enum ListenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// EADDRINUSE, or somebody answers on the Unix socket.
    case inUse(ListenAddress)
    /// EACCES, EPERM or EROFS.
    case notPermitted(ListenAddress)
    /// Anything else, in words.
    case failed(ListenAddress, String)

    /// One line for people.
    public var description: String {
        switch self {
        case .inUse(let address): "cannot listen on \(address): another process listens there"
        case .notPermitted(let address): "cannot listen on \(address): not permitted"
        case .failed(let address, let reason): "cannot listen on \(address): \(reason)"
        }
    }

    init(_ address: ListenAddress, errno code: Int32) {
        switch code {
        case EADDRINUSE: self = .inUse(address)
        case EACCES, EPERM, EROFS: self = .notPermitted(address)
        case EADDRNOTAVAIL: self = .failed(address, "this host does not have that address")
        default: self = .failed(address, words(of: code))
        }
    }
}

/// The words of an `errno`.
private func words(of code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
