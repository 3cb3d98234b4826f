import Glibc

/// The user that PostgreSQL runs as: it refuses root, so root steps down to `postgres`.
public enum User {
    /// Whether this process is root.
    public static var isRoot: Bool { geteuid() == 0 }

    /// The user that servers and sidecars run as; nil for the present one.
    public static var postgres: String? { isRoot ? "postgres" : nil }

    /// The ids of that user; nil for the present one.
    ///
    /// Looked up once: getpwnam is not safe to call from two threads.
    static let postgresIDs: (user: UInt32, group: UInt32)? = {
        guard let name = postgres, let entry = unsafe getpwnam(name) else { return nil }
        return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }()

    /// Whether the user that servers run as can enter a folder and all those above it.
    static func serversCanReach(_ folder: String) -> Bool {
        guard postgres != nil else { return true }
        var path = ""
        for name in folder.split(separator: "/") {
            path += "/" + name
            var entry = stat()
            guard unsafe stat(path, &entry) == 0, entry.st_mode & S_IXOTH != 0 else { return false }
        }
        return true
    }

    /// The words to put before a command so that it runs as `user`.
    static func prefix(for user: String?) -> [String] {
        guard let user, isRoot else { return [] }
        return ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]
    }
}
