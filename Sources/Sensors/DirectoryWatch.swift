import CLinux
import Deadlines
import Glibc

/// An inotify instance: what happens to the files and folders that were added to it.
final class DirectoryWatch: Sendable {
    /// Becomes readable with each event.
    let descriptor: Int32

    /// How many times the queue is read in one go, 16 KiB each.
    static let readLimit = 64

    /// Throws where the system gives none: `fs.inotify.max_user_instances`, or EMFILE.
    init() throws(SystemCallError) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw SystemCallError("inotify_init1") }
    }

    /// Watches the file or folder that `path` means now; a path that means the same one gives the same number.
    func add(_ path: String, _ mask: UInt32) throws(SystemCallError) -> Int32 {
        let watch = unsafe inotify_add_watch(descriptor, path, mask)
        guard watch >= 0 else { throw SystemCallError("inotify_add_watch") }
        return watch
    }

    /// Ends a watch; one that has ended already is no harm.
    func remove(_ watch: Int32) { _ = inotify_rm_watch(descriptor, watch) }

    /// The events since the last time, and whether more are left behind the limit.
    func drain() -> (events: [FileEvent], isMoreLeft: Bool) {
        var events: [FileEvent] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        for _ in 0..<Self.readLimit {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return (events, false) }
            events += FileEvent.parse(buffer[..<count])
        }
        return (events, true)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// One event of inotify (`struct inotify_event`).
struct FileEvent: Hashable {
    /// Which watch; -1 where the queue overflowed.
    var watch: Int32
    /// `IN_CREATE`, ….
    var mask: UInt32
    /// The name in the folder; empty where a file itself is watched.
    var name: String

    /// Events were lost, so everything has to be read again.
    var isOverflow: Bool { mask & UInt32(IN_Q_OVERFLOW) != 0 }

    /// Takes a buffer of the kernel's apart; what does not fit into it is left out.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [FileEvent] {
        func number(_ offset: Int) -> UInt32 {
            let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
            return UInt32(littleEndian: value)
        }
        var events: [FileEvent] = []
        var offset = bytes.startIndex
        while bytes.endIndex - offset >= 16 {
            let end = offset + 16 + Int(number(offset + 12))
            guard end <= bytes.endIndex else { break }
            let name = bytes[(offset + 16)..<end].prefix { $0 != 0 }
            let watch = Int32(bitPattern: number(offset))
            events.append(
                FileEvent(watch: watch, mask: number(offset + 4), name: String(decoding: name, as: UTF8.self))
            )
            offset = end
        }
        return events
    }
}
