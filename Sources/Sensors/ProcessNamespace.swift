import CLinux
import Glibc

/// Whether a process that we do not see is not there: whether our process table is the one that a data directory's
/// server would have to be in.
///
/// A lock file's process id says nothing by itself: in a pod whose containers do not share their process table the server
/// is pid 1 of its own, and so are we of ours; on a network storage it belongs to another machine. Absence counts only
/// 1. where we have seen a postmaster of this very data directory alive under the number in its lock file, or
/// 2. in the machine's initial pid namespace, which sees the processes of all others, if `/proc` is not mounted with
///    `hidepid` and the data directory is not on a file system that another machine may use at the same time.
struct ProcessNamespace {
    var table: ProcessTable

    /// The inode number of the initial pid namespace (`PROC_PID_INIT_INO`, `include/linux/proc_ns.h`).
    private static let initialNamespace = "pid:[4026531836]"

    /// File systems that another machine may use at the same time, by the numbers of statfs(2): NFS, SMB, CIFS, FUSE
    /// (virtiofs too), 9P, Ceph, GFS2, OCFS2, Lustre, AFS, VirtualBox's and VMware's shared folders.
    private static let sharedFileSystems: Set<UInt32> = [
        0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x0116_1970, 0x7461_636F,
        0x0BD0_0BD0, 0x5346_414F, 0x786F_4256, 0xBACB_ACBC,
    ]

    /// Whether we see every process of this machine that could have `dataDirectory` open, by the second rule.
    func seesAll(of dataDirectory: String) -> Bool {
        guard BoundedFile.linkTarget("\(table.root)/self/ns/pid") == Self.initialNamespace else { return false }
        // With hidepid we would not see a process of another user, not even init.
        guard table.entry(1) != nil else { return false }
        var status = statfs()
        guard unsafe statfs(dataDirectory, &status) == 0 else { return false }
        return !Self.sharedFileSystems.contains(UInt32(truncatingIfNeeded: status.f_type))
    }
}
