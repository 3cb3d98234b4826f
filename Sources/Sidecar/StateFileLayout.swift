/// The layout of the state file, by which `howdah` tells `howdah-probe` the verdict.
///
/// This file is all that the two programs share (`Sources/howdah-probe` has a symbolic link to it), so neither can
/// drift from the other.
///
/// Text, lines end in a line feed, at most `limitBytes` in all, in this order:
///
/// ```
/// howdah-state 1
/// boot-id 6e3c1a54-5b5e-4c0e-9d5c-0d4f4b3d7f10
/// written-boot-ns 8123456789012
/// written-wall-ns 1795249302114000000
/// observer running
/// revision 42
/// state live_but
/// phase running
/// role primary
/// probe liveness pass the server answers
/// probe readiness pass primary, accepting
/// probe read_write pass primary, accepting
/// probe read_only pass primary, accepting
/// server unix /var/run/postgresql/.s.PGSQL.5432
/// server tcp 127.0.0.1 5432
/// end
/// ```
///
/// - `boot-id` is `/proc/sys/kernel/random/boot_id`: the boot clock of another boot means nothing.
/// - `written-boot-ns` and `written-wall-ns` are when the verdict was last confirmed, on `CLOCK_BOOTTIME` and
///   `CLOCK_REALTIME`. The age is taken from the first alone.
/// - `observer stopped` is the last word of a Howdah that ended in good order: the verdict is out of date from then on.
/// - `server` lines, none to `serverLimit`, say where to ask the server itself once the verdict is out of date.
/// - A line with an unknown first word is skipped, so that a later version may add some; the version in the first
///   line changes when an old reader would misunderstand. A file without the last line was cut short.
enum StateFileLayout {
    /// The file's name in the run directory.
    static let fileName = "state"
    /// The first line.
    static let magic = "howdah-state 1"
    /// The last line.
    static let end = "end"
    /// The largest file, in bytes.
    static let limitBytes = 4096
    /// The longest reason, in bytes of UTF-8.
    static let reasonLimitBytes = 300
    /// The most `server` lines.
    static let serverLimit = 4
    /// The longest path of a Unix socket, in bytes (`sun_path` without its final NUL).
    static let socketPathLimitBytes = 107

    /// The first word of each line.
    enum Key {
        static let bootID = "boot-id"
        static let writtenBoot = "written-boot-ns"
        static let writtenWall = "written-wall-ns"
        static let observer = "observer"
        static let revision = "revision"
        static let state = "state"
        static let phase = "phase"
        static let role = "role"
        static let probe = "probe"
        static let server = "server"
    }

    /// The words that follow a key.
    enum Word {
        static let running = "running"
        static let stopped = "stopped"
        static let pass = "pass"
        static let fail = "fail"
        static let unix = "unix"
        static let tcp = "tcp"
    }

    /// The probes, in the order of their lines.
    static let probes = ["liveness", "readiness", "read_write", "read_only"]
    /// Where the kernel tells the boots apart.
    static let bootIDPath = "/proc/sys/kernel/random/boot_id"
}
