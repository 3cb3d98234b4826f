import Deadlines
import Glibc
import Support

/// Something that listens on a Unix socket and gives one answer to everybody: what no real server can be made to say.
final class FakeServer: Sendable {
    /// The conninfo that leads here.
    let conninfo: String
    private let listener: Int32
    private let path: String

    /// Listens in `folder`, answers the first bytes of each client with `answer`, then with `endless` again and again
    /// until the client goes, and closes the connection.
    init(in folder: String, answer: [UInt8], endless: [UInt8] = []) throws {
        path = "\(folder)/.s.PGSQL.5432"
        conninfo = "host=\(folder) port=5432 dbname=postgres user=howdah sslmode=disable"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            unsafe bytes.copyBytes(from: Array(path.utf8).prefix(bytes.count - 1))
        }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 8) == 0 else { throw SystemCallError("bind") }
        try startThread(name: "fake") {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = unsafe recv(client, &request, request.count, 0)
                // The socket blocks: everything is sent, or the client is gone.
                var sent = unsafe send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
                while !endless.isEmpty, sent >= 0 {
                    sent = unsafe send(client, endless, endless.count, Int32(MSG_NOSIGNAL))
                }
                close(client)
            }
        }
    }

    /// Stops listening.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
