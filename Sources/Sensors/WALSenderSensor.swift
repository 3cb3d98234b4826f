public import Deadlines
public import Facts
public import PostgresLink

/// Looks at who holds the slots by way of a WAL sender slot, which is free when every ordinary one is taken.
///
/// For use only while the slots are full and the held session is lost: it takes one of `max_wal_senders`, shows up in
/// `pg_stat_replication` for an instant, and is given back at once. Needs a role with REPLICATION.
public actor WALSenderSensor {
    /// `wal_sender`.
    public nonisolated let id = SensorID.walSender
    private let session: PostgresSession

    /// A sensor that connects as `configuration` says with `replication=database`, on the thread of `executor`.
    public init(_ configuration: LinkConfiguration, executor: ThreadExecutor) {
        session = PostgresSession(configuration, kind: .walSender, executor: executor)
    }

    /// What the looks have cost so far.
    public nonisolated var usage: LinkUsage { session.usage }

    /// Who holds the slots; the session that asks is not among them, because it holds none.
    ///
    /// Fails without an attempt, as not permitted, where `identity` says that the role lacks REPLICATION; where the server
    /// says so; and as refused where the WAL sender slots are taken, too.
    public func observe(deadline: Deadline, identity: ServerIdentity? = nil) async throws(Failure) -> Sessions {
        if let identity, !identity.isSuperuser, !identity.hasReplication, !identity.role.isEmpty {
            throw Self.lacksReplication("role \"\(identity.role)\"", sqlState: nil)
        }
        let admission = await session.open(until: deadline)
        if let failure = Self.failure(of: admission.outcome) { throw failure }
        do throws(PostgresError) {
            let sql = SessionsQuery.groups.sql + ";" + SessionsQuery.limits.sql
            let results = try await session.simpleQuery(sql, until: deadline)
            await session.close()
            guard results.count == 2 else { throw PostgresError.notUnderstood("\(results.count) results, not 2") }
            var sessions = SessionsQuery.read(groups: results[0], limits: results[1])
            sessions.throughWALSender = true
            return sessions
        } catch {
            await session.close()
            throw error.asFailure
        }
    }

    /// The server raises 42501 for a missing CONNECT privilege, too; only its words tell.
    private static func failure(of outcome: ConnectOutcome) -> Failure? {
        if case .notAuthenticated("42501"?, let message) = outcome,
            ["walsender", "WAL sender"].contains(where: { message.contains($0) })
        {
            return lacksReplication("the role", sqlState: "42501")
        }
        return outcome.asFailure
    }

    private static func lacksReplication(_ role: String, sqlState: String?) -> Failure {
        Failure(
            .notPermitted,
            "\(role) lacks REPLICATION, so the WAL sender slots cannot be used while the ordinary ones are taken"
                + " (ALTER ROLE … REPLICATION)",
            sqlState: sqlState
        )
    }
}
