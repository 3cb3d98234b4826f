import CLinux
import Glibc

/// A system call that failed.
public struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call, such as `epoll_ctl`.
    public var call: String
    /// Its `errno`.
    public var code: Int32

    /// Describes a call that has just failed: takes the present `errno`.
    public init(_ call: String) { self.init(call, code: errno) }

    /// Describes a failed call.
    public init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The call and the reason in words, such as `epoll_ctl: No space left on device`.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The XSI form, which Swift sees, writes into the buffer.
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "\(call): error \(code)" }
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(call): \(String(decoding: text, as: UTF8.self))"
    }
}
