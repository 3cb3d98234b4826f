import Diagnosis
import Exposition
import Glibc
import Support
import Testing

@testable import Endpoints

/// Where a listener can listen, and what it says where it cannot.
@Suite(.serialized) struct BindingTests {
    @Test func aTakenPortIsNamed() async throws {
        try await TestHouse.with { house in
            let error = await #expect(throws: ListenError.self) { try await TestHouse.with(house.address) { _ in } }
            #expect(error?.description == "cannot listen on 127.0.0.1:\(house.port): another process listens there")
        }
    }

    @Test(arguments: [
        (
            ListenAddress.tcp(host: "192.0.2.1", port: 0),
            "cannot listen on 192.0.2.1:0: this host does not have that address"
        ),
        (
            .tcp(host: "no.such.host.invalid", port: 0),
            "cannot listen on no.such.host.invalid:0: the host name does not resolve"
        ),
        (
            .unix(path: "/no/such/folder/x.sock"),
            "cannot listen on unix:/no/such/folder/x.sock: No such file or directory"
        ),
    ]) func otherFailuresAreNamed(_ address: ListenAddress, _ text: String) async {
        let error = await #expect(throws: ListenError.self) { try await TestHouse.with(address) { _ in } }
        #expect(error?.description == text)
    }

    @Test func ipv6() async throws {
        try await TestHouse.with(.tcp(host: "::1", port: 0)) { house in
            let result = try await Command.run(["curl", "-sg", "--max-time", "5", "http://[::1]:\(house.port)/livez"])
            #expect(result.output == "pass: it answers\n")
        }
    }

    @Test func theSocketIsForItsOwnerOnly() async throws {
        try await withFolder { folder in
            let path = folder + "/howdah.sock"
            try await TestHouse.with(.unix(path: path), for: .local) { house in
                var status = stat()
                #expect(unsafe lstat(path, &status) == 0)
                #expect(status.st_mode & 0o7777 == 0o600)
                #expect(status.st_mode & S_IFMT == S_IFSOCK)
                #expect(await house.status("/doctor") == 200)
            }
            #expect(!TextFile.exists(path))
            #expect(TextFile.names(in: folder).isEmpty)
        }
    }

    @Test func aStaleSocketIsReplacedAndALivingOneIsNot() async throws {
        try await withFolder { folder in
            let path = folder + "/howdah.sock"
            // A server that ended without cleaning up leaves a socket on which nobody answers.
            try await Command.succeed([
                "python3", "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path,
            ])
            try await TestHouse.with(.unix(path: path)) { house in
                #expect(await house.status("/livez") == 200)
                let error = await #expect(throws: ListenError.self) {
                    try await TestHouse.with(.unix(path: path)) { _ in }
                }
                #expect(error == .inUse(.unix(path: path)))
                #expect(await house.status("/livez") == 200)
            }
            try TextFile.write("precious", to: path)
            let error = await #expect(throws: ListenError.self) { try await TestHouse.with(.unix(path: path)) { _ in } }
            #expect(error?.description == "cannot listen on unix:\(path): there is a file of another kind")
            #expect(try TextFile.read(path) == "precious")
        }
    }

    @Test func compressedMetricsAreTheSame() async throws {
        try await TestHouse.with { house in
            let url = "http://127.0.0.1:\(house.port)/conditions?format=json"
            let plain = try await Command.succeed([
                "curl", "-s", "--max-time", "5", url.replacing("/conditions?format=json", with: "/openapi.json"),
            ])
            let packed = try await Command.run([
                "sh", "-c", "curl -s --max-time 5 -H 'Accept-Encoding: gzip' \"$1\" | gzip -dc", "sh",
                url.replacing("/conditions?format=json", with: "/openapi.json"),
            ])
            #expect(packed.output == plain)
            #expect(plain.contains("3.1.0"))
        }
    }
}

/// A folder of its own, removed afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/howdah-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { return }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { TextFile.remove(folder) }
    try await body(folder)
}
