import Glibc

/// Writes a text to standard output at once: what `--watch` shows must not wait in a buffer.
func tell(_ text: String) { send(text, to: STDOUT_FILENO) }

/// Writes one line of complaint to standard error.
func complain(_ line: String) { send("howdah: \(line)\n", to: STDERR_FILENO) }

/// Ends the process.
func leave(_ status: Int32) -> Never { exit(status) }

private func send(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = unsafe bytes[sent...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        sent += count
    }
}
