public import Deadlines
public import Facts

extension PostgresSession {
    /// Asks who the server is and what our role may see: one round trip, for right after connecting.
    ///
    /// Every piece stands alone: one that the server refuses, because it lacks a column (a future version) or we lack a
    /// privilege, leaves its facts unknown. Throws where the session ended, or where not even the version was told.
    public func identify(until deadline: Deadline) async throws(PostgresError) -> ServerIdentity {
        let results = try await pipeline(Identification.allCases.map(\.statement), until: deadline)
        var identity = ServerIdentity()
        for (piece, result) in zip(Identification.allCases, results) {
            switch result {
            case .success(let rows): piece.fill(&identity, from: rows)
            case .failure(let error): if piece == .version { throw error }
            }
        }
        return identity
    }
}

/// The pieces of a server's identity, each with its own statement.
enum Identification: String, CaseIterable, Sendable {
    case version
    case role
    case memberships
    case systemIdentifier
    case settings
    case extensions

    /// How many extensions are listed.
    static let extensionLimit = 200

    /// The settings that are asked for; those that the role may not see have no row in `pg_settings`.
    static let settingNames = [
        "config_file", "data_directory", "hba_file", "hot_standby", "listen_addresses", "log_destination",
        "log_directory", "logging_collector", "max_connections", "max_locks_per_transaction",
        "max_prepared_transactions", "max_wal_senders", "max_worker_processes", "port", "recovery_min_apply_delay",
        "reserved_connections", "superuser_reserved_connections", "track_activities", "unix_socket_directories",
        "wal_segment_size",
    ]

    /// The statement that asks for the piece; unnamed, because it is asked once per session.
    var statement: Statement { Statement(name: "", sql: sql) }

    private var sql: String {
        switch self {
        case .version:
            "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version"
        case .role:
            "SELECT rolname, rolsuper, rolreplication FROM pg_roles WHERE rolname = current_user"
        case .memberships:
            """
            SELECT rolname, pg_has_role(oid, 'USAGE') AS member FROM pg_roles
            WHERE rolname IN ('pg_read_all_stats', 'pg_read_all_settings', 'pg_use_reserved_connections')
            """
        case .systemIdentifier:
            "SELECT system_identifier FROM pg_control_system()"
        case .settings:
            """
            SELECT name, setting FROM pg_settings
            WHERE name IN (\(Self.settingNames.map { "'\($0)'" }.joined(separator: ", ")))
            """
        case .extensions:
            "SELECT extname, extversion FROM pg_extension ORDER BY extname LIMIT \(Self.extensionLimit)"
        }
    }

    /// Puts what the rows say into its place.
    func fill(_ identity: inout ServerIdentity, from rows: Rows) {
        switch self {
        case .version:
            identity.versionNumber = rows.first?.integer("number") ?? 0
            identity.version = rows.first?["version"] ?? ""
        case .role:
            identity.role = rows.first?["rolname"] ?? ""
            identity.isSuperuser = rows.first?.bool("rolsuper") ?? false
            identity.hasReplication = rows.first?.bool("rolreplication") ?? false
        case .memberships:
            // A superuser has the privileges of every role, and pg_has_role() says so.
            let held = Set(rows.all.filter { $0.bool("member") == true }.compactMap { $0["rolname"] })
            identity.canReadAllStats = held.contains("pg_read_all_stats")
            identity.canReadAllSettings = held.contains("pg_read_all_settings")
            identity.canUseReservedConnections = held.contains("pg_use_reserved_connections")
        case .systemIdentifier:
            // SQL has no unsigned type: identifiers past 2^63 come out negative.
            identity.systemIdentifier = rows.first?["system_identifier"].flatMap { Int64($0) }
                .map { UInt64(bitPattern: $0) }
        case .settings:
            for row in rows.all {
                if let name = row["name"], let setting = row["setting"] { identity.settings[name] = setting }
            }
            identity.dataDirectory = identity.settings["data_directory"]
            identity.configFile = identity.settings["config_file"]
            identity.hbaFile = identity.settings["hba_file"]
        case .extensions:
            for row in rows.all {
                if let name = row["extname"] { identity.extensions[name] = row["extversion"] ?? "" }
            }
        }
    }
}
