import Exposition
import Facts

/// What Howdah can and cannot see, with the GRANT, mount or flag that would change it.
func examine(_ snapshot: Snapshot) -> [DoctorLine] {
    [
        examineAdmission(snapshot), examineStatistics(snapshot), examineSettings(snapshot), examineWALSender(snapshot),
        examineDataDirectory(snapshot), examineProcesses(snapshot),
    ]
}

private func examineAdmission(_ snapshot: Snapshot) -> DoctorLine {
    let subject = "whether the server lets new sessions in"
    guard let admission = snapshot.admission.last?.value else {
        return DoctorLine(subject: subject, isSeen: false, finding: "not tried yet")
    }
    let isSeen: Bool
    var remedy = ""
    switch admission.outcome {
    case .notAuthenticated:
        isSeen = false
        remedy = "mend --postgres, --postgres-password-file or pg_hba.conf; CREATE ROLE howdah LOGIN IN ROLE pg_monitor"
    case .notAttempted, .unreachable, .notUnderstood:
        isSeen = false
        remedy = "mend --postgres: \(snapshot.address)"
    default:
        isSeen = true
    }
    return DoctorLine(
        subject: subject,
        isSeen: isSeen,
        finding: "\(snapshot.address): \(admission.outcome.message)",
        remedy: remedy
    )
}

private func examineStatistics(_ snapshot: Snapshot) -> DoctorLine {
    privilege(
        snapshot,
        subject: "states of other roles' sessions",
        isHeld: \.canReadAllStats,
        named: "pg_read_all_stats",
        grant: "pg_monitor"
    )
}

private func examineSettings(_ snapshot: Snapshot) -> DoctorLine {
    privilege(
        snapshot,
        subject: "settings that only some may read",
        isHeld: \.canReadAllSettings,
        named: "pg_read_all_settings",
        grant: "pg_monitor"
    )
}

private func privilege(
    _ snapshot: Snapshot,
    subject: String,
    isHeld: KeyPath<ServerIdentity, Bool>,
    named: String,
    grant: String
) -> DoctorLine {
    guard let identity = snapshot.identity.last?.value else {
        return DoctorLine(subject: subject, isSeen: false, finding: "no session yet")
    }
    if identity[keyPath: isHeld] {
        return DoctorLine(subject: subject, isSeen: true, finding: "role \(identity.role) has \(named)")
    }
    return DoctorLine(
        subject: subject,
        isSeen: false,
        finding: "role \(identity.role) lacks \(named)",
        remedy: "GRANT \(grant) TO \"\(identity.role)\""
    )
}

private func examineWALSender(_ snapshot: Snapshot) -> DoctorLine {
    let subject = "sessions while every slot is taken"
    guard let identity = snapshot.identity.last?.value else {
        return DoctorLine(subject: subject, isSeen: false, finding: "no session yet")
    }
    if identity.hasReplication || identity.isSuperuser {
        return DoctorLine(subject: subject, isSeen: true, finding: "role \(identity.role) may use a WAL sender slot")
    }
    return DoctorLine(
        subject: subject,
        isSeen: false,
        finding: "role \(identity.role) lacks REPLICATION",
        remedy: "ALTER ROLE \"\(identity.role)\" REPLICATION"
    )
}

private func examineDataDirectory(_ snapshot: Snapshot) -> DoctorLine {
    let subject = "the data directory: lock file, pg_control, signal files"
    if let directory = snapshot.dataDirectory.value {
        return DoctorLine(subject: subject, isSeen: true, finding: directory.path)
    }
    return DoctorLine(
        subject: subject,
        isSeen: false,
        finding: snapshot.dataDirectory.failure?.message ?? "not looked yet",
        remedy: "mount the data directory, read-only is enough, and name it with --data-directory"
    )
}

private func examineProcesses(_ snapshot: Snapshot) -> DoctorLine {
    let subject = "the server's processes"
    switch snapshot.processes.value?.postmaster {
    case .alive(let process):
        return DoctorLine(
            subject: subject,
            isSeen: true,
            finding: "process \(process.pid) with \(process.childCount) children"
        )
    case .gone(let why, _):
        return DoctorLine(subject: subject, isSeen: true, finding: "no postmaster: \(why)")
    case .unknown(let why):
        return DoctorLine(subject: subject, isSeen: false, finding: why, remedy: "shareProcessNamespace: true in a pod")
    case nil:
        return DoctorLine(
            subject: subject,
            isSeen: false,
            finding: snapshot.processes.failure?.message ?? "not looked yet",
            remedy: "shareProcessNamespace: true in a pod; the data directory, which names the process"
        )
    }
}
