import Testing

@testable import Endpoints

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("0.0.0.0:9187", ListenAddress.tcp(host: "0.0.0.0", port: 9187)), (":9187", .tcp(host: "0.0.0.0", port: 9187)),
        ("[::1]:80", .tcp(host: "::1", port: 80)), ("localhost:0", .tcp(host: "localhost", port: 0)),
        ("unix:/run/howdah/x.sock", .unix(path: "/run/howdah/x.sock")),
    ]) func accepted(_ text: String, _ address: ListenAddress) throws {
        #expect(try ListenAddress(text) == address)
        #expect(try ListenAddress(address.description) == address)
    }

    @Test(arguments: [
        "", "9187", "host", "host:", "host:port", "host:65536", "host:-1", "::1:80", "host:80:90", "unix:",
        "unix:/" + String(repeating: "x", count: 95), "host:+80",
    ]) func refused(_ text: String) {
        #expect(throws: ListenAddress.Unusable.self) { try ListenAddress(text) }
    }

    @Test func refusalsSayWhatIsAccepted() {
        let error = #expect(throws: ListenAddress.Unusable.self) { try ListenAddress("host:http") }
        #expect(error?.description == "'http' is not a port; accepted are HOST:PORT, [IPV6]:PORT, :PORT and unix:PATH")
    }
}
