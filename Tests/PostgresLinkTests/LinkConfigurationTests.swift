import Glibc
import Support
import Testing

@testable import PostgresLink

@Suite struct LinkConfigurationTests {
    @Test(arguments: [
        ("host=/run/postgresql port=5433", "socket /run/postgresql port 5433"),
        ("host=db.example port=5433", "db.example:5433"),
        ("host=10.0.0.1", "10.0.0.1:5432"),
        ("host=::1 port=1", "[::1]:1"),
        ("hostaddr=10.0.0.1 host=name", "name:5432"),
        ("hostaddr=10.0.0.1", "10.0.0.1:5432"),
        ("host=@abstract", "socket @abstract port 5432"),
        ("host=a,/tmp,b port=1,2,3", "a:1, socket /tmp port 2, b:3"),
        ("host=a,b port=7", "a:7, b:7"),
        ("host=a,b port=7,", "a:7, b:5432"),
        ("postgresql://me:secret@db.example:6000/shop?sslmode=disable", "db.example:6000"),
        ("postgres://%2Frun%2Fpostgresql/shop", "socket /run/postgresql port 5432"),
    ])
    func addressesHoldNoSecrets(conninfo: String, address: String) throws {
        #expect(try LinkConfiguration(conninfo: conninfo).describeAddress == address)
    }

    @Test func theDefaultIsASocket() throws {
        // The default directory depends on how libpq was built.
        guard unsafe getenv("PGHOST") == nil, unsafe getenv("PGSERVICE") == nil else { return }
        guard case .socket(let directory, _)? = try LinkConfiguration().endpoints.first else {
            Issue.record("not a socket")
            return
        }
        #expect(directory.hasPrefix("/"))
        #expect(
            try LinkConfiguration(conninfo: "host=a, port=1").endpoints[1] == .socket(directory: directory, port: 1)
        )
    }

    @Test func onePortIsNamedAndSeveralAreNot() throws {
        #expect(try LinkConfiguration(conninfo: "host=a,b port=7").port == 7)
        #expect(try LinkConfiguration(conninfo: "host=a,b port=7,8").port == nil)
    }

    @Test(arguments: [
        "host", "nonsense=1", "host=a port=x", "host=a port=0", "host=a port=70000", "host=a,b port=1,2,3",
        "host=a hostaddr=1.2.3.4,1.2.3.5", "sslmode=maybe", "gssencmode=maybe", "postgresql://[::1", "host='a",
        "service=nowhere-to-be-found", "host=a\0b",
        "host=" + Array(repeating: "a", count: 17).joined(separator: ","),
    ])
    func badStringsAreRefused(conninfo: String) {
        #expect(throws: LinkConfigurationError.self) { try LinkConfiguration(conninfo: conninfo) }
    }

    @Test(arguments: [
        "host=a password=hun ter2", "password='hunter2", "postgresql://me:hunter2@[::1", "hunter2", "hunter2@",
        "postgresql://me:hunter2%zz@a", "password=x hunter2=y", "host=a password=hunter2 port=x",
        "host=a password=hunter2 sslmode=hunter2 port=1 nonsense",
    ])
    func complaintsHoldNoPassword(conninfo: String) {
        do {
            _ = try LinkConfiguration(conninfo: conninfo)
            Issue.record("taken")
        } catch {
            #expect(!error.message.contains("hunter2") && !error.message.contains("ter2"))
            #expect(!error.message.isEmpty)
        }
    }

    @Test func anUnknownOptionIsNamed() {
        #expect {
            try LinkConfiguration(conninfo: "hots=a")
        } throws: {
            "\($0)".contains("hots")
        }
    }

    @Test func thePasswordFileLosesItsLineBreak() throws {
        let path = "/tmp/howdah-password-\(getpid())"
        defer { TextFile.remove(path) }
        func password(_ content: String) throws -> String? {
            try TextFile.write(content, to: path)
            return try LinkConfiguration(passwordFile: path).password()
        }
        #expect(try password("secret\n") == "secret")
        #expect(try password("secret\r\n") == "secret")
        #expect(try password(" sec ret ") == " sec ret ")
        #expect(try password("") == "")
        #expect(throws: LinkConfigurationError.self) {
            try password(String(repeating: "x", count: LinkConfiguration.passwordFileLimit + 1))
        }
    }

    @Test func anUnreadablePasswordFileIsNamed() throws {
        let configuration = try LinkConfiguration(conninfo: "host=/tmp", passwordFile: "/nowhere/password")
        #expect {
            try configuration.password()
        } throws: {
            "\($0)" == "the password file /nowhere/password cannot be read: No such file or directory"
        }
    }

    // Whatever a person writes: an answer or an error, never a crash, and never the word that stands for the password.
    @Test(arguments: UInt64(0)..<100) func garbageIsHarmless(seed: UInt64) {
        var random = SplitMix(state: seed)
        let pieces = [
            "host=", "port=", "password=", "hunter2", " ", "'", "\\", "=", "postgresql://", "@", ":", "/", "?", "&",
            ",",
            "[", "]", "%20", "%zz", "5432", "a", "service=", "hostaddr=", "🐘", "#",
        ]
        for _ in 0..<20 {
            let count = Int.random(in: 0...12, using: &random)
            let conninfo = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do {
                _ = try LinkConfiguration(conninfo: conninfo).describeAddress
            } catch {
                // The name of an option that does not exist, or of a service, is no password.
                let isName = ["invalid connection option", "definition of service"].contains {
                    error.message.hasPrefix($0)
                }
                #expect(isName || !error.message.contains("hunter2"), "\(conninfo): \(error.message)")
            }
        }
    }
}
