import Deadlines
import Facts
import PostgresLink
import Support
import Testing

/// Who the server says it is, to roles that may see more or less.
@Suite(.serialized, .timeLimit(.minutes(5))) struct IdentityTests {
    @Test(arguments: PostgresInstallation.majors) func eachRoleSeesItsShare(major: Int) async throws {
        try await PostgresServer.with(major) { server in
            let seen = try await identity(server.conninfo())
            expectEverything(seen, of: server, major)
            let blind = try await identity(server.conninfo(user: "howdah_blind"))
            #expect(blind.majorVersion == major && blind.systemIdentifier == seen.systemIdentifier)
            #expect(blind.dataDirectory == nil && blind.configFile == nil && blind.hbaFile == nil)
            #expect(!blind.canReadAllStats && !blind.canReadAllSettings && !blind.hasReplication)
            #expect(blind.number("max_connections") == 20)
            #expect(blind.settings["log_directory"] == nil)
            let superuser = try await identity(server.conninfo(user: "postgres"))
            #expect(superuser.isSuperuser && superuser.canReadAllStats && superuser.canReadAllSettings)
            #expect(superuser.canUseReservedConnections == (major >= 16))
            try await whatIsRefusedStaysUnknown(server)
        }
    }

    private func expectEverything(_ identity: ServerIdentity, of server: PostgresServer, _ major: Int) {
        #expect(identity.majorVersion == major)
        #expect(identity.version.hasPrefix("\(major)."))
        #expect(identity.systemIdentifier != nil)
        #expect(identity.dataDirectory == server.dataDirectory)
        #expect(identity.configFile?.hasSuffix("/postgresql.conf") == true)
        #expect(identity.hbaFile?.hasSuffix("/pg_hba.conf") == true)
        #expect(identity.role == "howdah" && !identity.isSuperuser && identity.hasReplication)
        #expect(identity.canReadAllStats && identity.canReadAllSettings && !identity.canUseReservedConnections)
        #expect(identity.number("max_connections") == 20)
        #expect(identity.number("superuser_reserved_connections") == 3)
        #expect(identity.number("reserved_connections") == (major >= 16 ? 0 : nil))
        #expect(identity.number("max_wal_senders") == 5)
        #expect(identity.number("wal_segment_size") == 16_777_216)
        #expect(identity.number("port") == server.port)
        #expect(identity.settings["hot_standby"] == "on")
        #expect(identity.settings["log_directory"] != nil)
        #expect(identity.extensions.keys.contains("plpgsql"))
    }

    // What the server refuses to tell stays unknown, and the rest is there.
    private func whatIsRefusedStaysUnknown(_ server: PostgresServer) async throws {
        try await server.psql(
            """
            REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
            REVOKE SELECT ON pg_extension FROM PUBLIC;
            """
        )
        let identity = try await identity(server.conninfo(user: "howdah_blind"))
        #expect(identity.systemIdentifier == nil && identity.extensions.isEmpty)
        #expect(identity.majorVersion == server.installation.major && identity.role == "howdah_blind")
    }

    private func identity(_ conninfo: String) async throws -> ServerIdentity {
        try await Link.open(conninfo) { session in
            let identity = try await session.identify(until: .after(seconds: 5))
            #expect(session.usage.roundTrips == 1)
            return identity
        }
    }
}
