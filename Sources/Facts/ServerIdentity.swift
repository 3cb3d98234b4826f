/// What a session finds out once, right after connecting: who the server is and what our role may see.
public struct ServerIdentity: Sendable, Hashable {
    /// `server_version_num`, such as 150018.
    public var versionNumber = 0
    /// `server_version` as the server prints it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    public var version = ""
    /// `system_identifier` of `pg_control_system()`.
    public var systemIdentifier: UInt64?
    /// `data_directory`; nil without `pg_read_all_settings`.
    public var dataDirectory: String?
    /// `config_file`; nil without `pg_read_all_settings`.
    public var configFile: String?
    /// `hba_file`; nil without `pg_read_all_settings`.
    public var hbaFile: String?
    /// The settings whose values Howdah's rules need, by name, in the units that `pg_settings` prints.
    public var settings: [String: String] = [:]
    /// `current_user`.
    public var role = ""
    /// `rolsuper` of our role.
    public var isSuperuser = false
    /// `rolreplication` of our role: may use a WAL sender slot.
    public var hasReplication = false
    /// Membership in `pg_read_all_stats` (through `pg_monitor` or else), or superuser.
    public var canReadAllStats = false
    /// Membership in `pg_read_all_settings`, or superuser.
    public var canReadAllSettings = false
    /// Membership in `pg_use_reserved_connections` (16 and later); false before 16.
    public var canUseReservedConnections = false
    /// Installed extensions of the connected database (`pg_extension`), name to version; at most 200.
    public var extensions: [String: String] = [:]

    /// Nothing known yet.
    public init() {}

    /// The major version, such as 15; 0 if unknown.
    public var majorVersion: Int { versionNumber / 10_000 }

    /// A numeric setting; nil if it was not asked for or is not a number.
    public func number(_ setting: String) -> Int? { settings[setting].flatMap { Int($0) } }
}
