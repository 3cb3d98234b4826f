public import Diagnosis
public import Facts
import Glibc

/// The file in the run directory by which `howdah-probe` learns the verdict; its layout is `StateFileLayout`.
///
/// Every write replaces the whole file at once (a temporary file beside it, then `rename`), so a reader sees the old
/// file or the new one and never a part. It is not synced to a disk: a reader does not believe a file from before a
/// reboot anyway. Writing blocks for as long as the file system does; the run directory is meant to be a tmpfs.
public struct StateFile: Sendable {
    /// Where a client of the server reaches it, for the probe to ask once Howdah is silent.
    public enum Server: Sendable, Hashable {
        /// The full path of the Unix socket, such as `/var/run/postgresql/.s.PGSQL.5432`; at most 107 bytes.
        case unix(path: String)
        /// A numeric IPv4 or IPv6 address and a port; the probe resolves no names.
        case tcp(address: String, port: Int)
    }

    /// Whether somebody will write the next one.
    public enum Observer: String, Sendable, Hashable {
        /// Howdah runs and rewrites the file as long as it does.
        case running
        /// Howdah has stopped in good order: the probes ask the server itself from now on, without waiting for the
        /// file to grow old.
        case stopped
    }

    /// Why a file could not be written: the step, the path and the system's word for it.
    public struct WriteFailure: Error, Sendable, Hashable, CustomStringConvertible {
        /// What was attempted.
        public enum Step: String, Sendable, Hashable {
            /// Making the temporary file.
            case create
            /// Writing it.
            case write
            /// Putting it in the place of the old one.
            case rename
        }

        /// What was attempted.
        public var step: Step
        /// The file that it was attempted on.
        public var path: String
        /// `errno`.
        public var code: Int32

        /// One sentence for people, such as `cannot create /run/howdah/.state.new: Permission denied`.
        public var description: String {
            "cannot \(step.rawValue) \(path): \(unsafe String(cString: strerror(code)))"
        }
    }

    /// The file itself.
    public let path: String
    /// This boot, as the kernel names it.
    public let bootID: String
    private let temporaryPath: String

    /// The state file of `runDirectory`, stamped with this boot (`/proc/sys/kernel/random/boot_id`).
    ///
    /// Nothing is written yet. One process may write to a run directory.
    public init(runDirectory: String) {
        self.init(runDirectory: runDirectory, bootID: Self.kernelBootID())
    }

    /// The state file of `runDirectory`, stamped with a boot of the caller's choice.
    init(runDirectory: String, bootID: String) {
        path = runDirectory + "/" + StateFileLayout.fileName
        temporaryPath = runDirectory + "/." + StateFileLayout.fileName + ".new"
        self.bootID = bootID
    }

    /// Replaces the file by one that says `verdict`.
    ///
    /// - Parameters:
    ///   - observer: `stopped` in the last write of an orderly shutdown.
    ///   - servers: where the server can be asked; those beyond the first four are left out.
    ///   - confirmedAt: when the verdict was last found to hold; the probe counts its age from here.
    public func write(
        _ verdict: Verdict,
        observer: Observer = .running,
        servers: [Server],
        confirmedAt: Moment
    ) throws(WriteFailure) {
        let text = Self.render(verdict, observer: observer, servers: servers, bootID: bootID, confirmedAt: confirmedAt)
        try replace(with: Array(text.utf8))
    }

    /// The text of a state file.
    public static func render(
        _ verdict: Verdict,
        observer: Observer,
        servers: [Server],
        bootID: String,
        confirmedAt: Moment
    ) -> String {
        typealias Key = StateFileLayout.Key
        var lines = [
            StateFileLayout.magic,
            "\(Key.bootID) \(oneLine(bootID, limitBytes: 64))",
            "\(Key.writtenBoot) \(confirmedAt.boot)",
            "\(Key.writtenWall) \(confirmedAt.wall)",
            "\(Key.observer) \(observer.rawValue)",
            "\(Key.revision) \(verdict.revision)",
            "\(Key.state) \(verdict.state.rawValue)",
            "\(Key.phase) \(verdict.phase.rawValue)",
            "\(Key.role) \(verdict.role.rawValue)",
        ]
        for probe in ProbeID.allCases {
            let answer = verdict.probes[probe]
            let word = answer.pass ? StateFileLayout.Word.pass : StateFileLayout.Word.fail
            let reason = oneLine(answer.reason, limitBytes: StateFileLayout.reasonLimitBytes)
            lines.append("\(Key.probe) \(probe.rawValue) \(word) \(reason)")
        }
        lines += servers.compactMap(line).prefix(StateFileLayout.serverLimit)
        lines.append(StateFileLayout.end)
        return lines.joined(separator: "\n") + "\n"
    }

    /// The line of a server; nil where the probe could not use it: a path too long for a socket, or one that would
    /// break the line.
    private static func line(_ server: Server) -> String? {
        let key = StateFileLayout.Key.server
        switch server {
        case .unix(let path):
            guard path.utf8.count <= StateFileLayout.socketPathLimitBytes, path.utf8.allSatisfy({ $0 >= 0x20 }) else {
                return nil
            }
            return "\(key) \(StateFileLayout.Word.unix) \(path)"
        case .tcp(let address, let port):
            guard (1...65535).contains(port), address.utf8.count <= 64, address.utf8.allSatisfy({ $0 > 0x20 }) else {
                return nil
            }
            return "\(key) \(StateFileLayout.Word.tcp) \(address) \(port)"
        }
    }

    /// `text` on one line: control characters become blanks, and what exceeds the limit is cut between characters.
    static func oneLine(_ text: String, limitBytes: Int) -> String {
        var result = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
            let kept: Unicode.Scalar = isControl ? " " : scalar
            bytes += Unicode.UTF8.width(kept)
            if bytes > limitBytes { break }
            result.unicodeScalars.append(kept)
        }
        return result
    }
}

extension StateFile {
    /// The kernel's name for this boot; `unknown` where `/proc` does not tell, which a probe on the same host reads
    /// alike.
    private static func kernelBootID() -> String {
        let file = unsafe open(StateFileLayout.bootIDPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "unknown" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        let text = bytes.prefix(max(0, count)).prefix { $0 > 0x20 }
        return text.isEmpty ? "unknown" : String(decoding: text, as: UTF8.self)
    }

    /// Puts `bytes` in the place of the file, at once.
    private func replace(with bytes: [UInt8]) throws(WriteFailure) {
        // Mode 0644: the probe may run as another user than the sidecar, in another container.
        let file = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw WriteFailure(step: .create, path: temporaryPath, code: errno) }
        let written = Self.writeAll(bytes, to: file)
        let code = errno
        close(file)
        guard written else {
            unsafe unlink(temporaryPath)
            throw WriteFailure(step: .write, path: temporaryPath, code: code)
        }
        guard unsafe rename(temporaryPath, path) == 0 else {
            let code = errno
            unsafe unlink(temporaryPath)
            throw WriteFailure(step: .rename, path: path, code: code)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        // The mode given to `open` is narrowed by the umask.
        guard fchmod(file, 0o644) == 0 else { return false }
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }
}
