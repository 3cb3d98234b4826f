import Testing

/// Where the probe looks for the server if Howdah has not told.
@Suite struct ServerAddressTests {
    private func addresses(_ environment: [String: String]) -> [String] {
        ServerAddress.fromEnvironment { environment[$0] }.map(\.description)
    }

    @Test func withoutWordItIsTheUsualSockets() {
        #expect(addresses([:]) == ["/var/run/postgresql/.s.PGSQL.5432", "/tmp/.s.PGSQL.5432"])
        #expect(addresses(["PGPORT": "6000"]) == ["/var/run/postgresql/.s.PGSQL.6000", "/tmp/.s.PGSQL.6000"])
    }

    @Test func libpqsVariablesCount() {
        #expect(addresses(["PGHOST": "/run/pg", "PGPORT": "6000"]) == ["/run/pg/.s.PGSQL.6000"])
        #expect(addresses(["PGHOST": "10.0.0.1"]) == ["10.0.0.1:5432"])
        #expect(addresses(["PGHOST": "::1"]) == ["[::1]:5432"])
        #expect(addresses(["PGHOST": "localhost"]) == ["127.0.0.1:5432", "[::1]:5432"])
        #expect(addresses(["PGHOST": "db.example", "PGHOSTADDR": "10.0.0.2"]) == ["10.0.0.2:5432"])
        #expect(addresses(["PGHOST": "/a,10.0.0.1", "PGPORT": "1,2"]) == ["/a/.s.PGSQL.1", "10.0.0.1:2"])
    }

    @Test func namesAreNotResolved() {
        #expect(addresses(["PGHOST": "db.example"]) == addresses([:]))
        #expect(addresses(["PGHOST": "db.example,127.0.0.1"]) == ["127.0.0.1:5432"])
    }

    @Test func thereIsALimit() {
        let many = (1...9).map { "10.0.0.\($0)" }.joined(separator: ",")
        #expect(addresses(["PGHOST": many]).count == ServerAddress.environmentLimit)
    }

    @Test func aPathLongerThanASocketsHasNoAddress() {
        let longest = "/" + String(repeating: "x", count: StateFileLayout.socketPathLimitBytes - 1)
        #expect(unsafe ServerAddress.unix(path: longest).withSocketAddress { _, _, _ in true } == true)
        #expect(unsafe ServerAddress.unix(path: longest + "x").withSocketAddress { _, _, _ in true } == nil)
    }
}
