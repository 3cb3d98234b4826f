import Glibc
import Support
import Testing

/// Something that listens on a Unix socket and is no PostgreSQL: it answers each connection with the same bytes, or
/// never says a word.
final class Listener: Sendable {
    /// The socket file.
    let path: String
    private let file: Int32

    /// Listens at `path`; connections are accepted by the kernel as long as `backlog` allows.
    init(at path: String, backlog: Int32 = 8) throws {
        self.path = path
        file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        let (socket, address) = (file, ServerAddress.unix(path: path))
        let bound = unsafe address.withSocketAddress { _, pointer, length in unsafe bind(socket, pointer, length) }
        try #require(bound == 0)
        try #require(listen(file, backlog) == 0)
        unsafe chmod(path, 0o777)
    }

    deinit { close(file) }

    /// Accepts one connection, reads what it says first, answers and closes.
    func answer(with bytes: [UInt8]) async throws {
        var connection: Int32 = -1
        _ = await eventually(within: 10, every: 1) {
            connection = accept(file, nil, nil)
            return connection >= 0
        }
        try #require(connection >= 0)
        defer { close(connection) }
        var chunk = [UInt8](repeating: 0, count: 1024)
        _ = await eventually(within: 10, every: 1) {
            unsafe recv(connection, &chunk, chunk.count, Int32(MSG_DONTWAIT)) > 0
        }
        #expect(unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// Fills the kernel's queue, so that the next connection is not even accepted.
    func fillQueue() -> [Int32] {
        var held: [Int32] = []
        while held.count < 64 {
            let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            held.append(client)
            let code = unsafe ServerAddress.unix(path: path).withSocketAddress { unsafe connect(client, $1, $2) }
            if code != 0 { break }
        }
        return held
    }
}
