import Facts
import Sensors
import Testing

struct ProcessTitleTests {
    struct Case: Sendable {
        var line: String
        var kind: String
        var text: String
        var segment: String?

        init(_ line: String, _ kind: String, _ text: String, segment: String? = nil) {
            self.line = line
            self.kind = kind
            self.text = text
            self.segment = segment
        }
    }

    static let cases = [
        // Titles of 14 to 18, as real servers show them.
        Case("postgres: checkpointer ", "checkpointer", "checkpointer"),
        Case(
            "postgres: checkpointer performing shutdown checkpoint",
            "checkpointer",
            "checkpointer performing shutdown checkpoint"
        ),
        Case("postgres: background writer ", "background writer", "background writer"),
        Case("postgres: walwriter ", "walwriter", "walwriter"),
        Case("postgres: autovacuum launcher ", "autovacuum launcher", "autovacuum launcher"),
        Case("postgres: autovacuum worker app", "autovacuum worker", "autovacuum worker app"),
        Case("postgres: stats collector ", "stats collector", "stats collector"),
        Case("postgres: logical replication launcher ", "logical replication launcher", "logical replication launcher"),
        Case(
            "postgres: logical replication apply worker for subscription 16412 ",
            "logical replication apply worker",
            "logical replication apply worker for subscription 16412"
        ),
        Case("postgres: io worker 0", "io worker", "io worker 0"),
        Case("postgres: slotsync worker ", "slotsync worker", "slotsync worker"),
        Case("postgres: walsummarizer ", "walsummarizer", "walsummarizer"),
        Case(
            "postgres: archiver failed on 000000010000000000000007",
            "archiver",
            "archiver failed on 000000010000000000000007"
        ),
        Case("postgres: logger ", "logger", "logger"),
        Case("postgres: walreceiver streaming 0/3000060", "walreceiver", "walreceiver streaming 0/3000060"),
        Case(
            "postgres: startup recovering 000000010000000000000012",
            "startup",
            "startup recovering 000000010000000000000012",
            segment: "000000010000000000000012"
        ),
        Case(
            "postgres: startup waiting for 000000020000000000000001",
            "startup",
            "startup waiting for 000000020000000000000001",
            segment: "000000020000000000000001"
        ),
        // update_process_title = off
        Case("postgres: startup ", "startup", "startup"),
        Case("postgres: app shop 10.1.2.3(50212)", "client backend", "app shop 10.1.2.3(50212)"),
        // Clients
        Case(
            "postgres: app shop [local] idle in transaction",
            "client backend",
            "app shop [local] idle in transaction"
        ),
        Case("postgres: app shop 2001:db8::7(50212) SELECT", "client backend", "app shop 2001:db8::7(50212) SELECT"),
        Case("postgres: walsender howdah shop [local] idle", "walsender", "walsender howdah shop [local] idle"),
        Case(
            "postgres: walsender replicator 10.1.2.4(3117) streaming 0/5000148",
            "walsender",
            "walsender replicator 10.1.2.4(3117) streaming 0/5000148"
        ),
        // cluster_name
        Case("postgres: main: checkpointer ", "checkpointer", "checkpointer"),
        Case(
            "postgres: main: walsender r 10.1.2.4(3117) streaming 0/5000148",
            "walsender",
            "walsender r 10.1.2.4(3117) streaming 0/5000148"
        ),
        Case(
            "postgres: eu: prod: startup recovering 000000010000000000000012",
            "startup",
            "startup recovering 000000010000000000000012",
            segment: "000000010000000000000012"
        ),
        Case("postgres: main: app shop [local] idle", "client backend", "main: app shop [local] idle"),
        // An extension's worker
        Case("postgres: pg_cron launcher ", "background worker", "pg_cron launcher"),
        Case("postgres: parallel worker for PID 4711 ", "parallel worker", "parallel worker for PID 4711"),
        // A role's name is the client's own word and stays one.
        Case(
            "postgres: startup recovering 0000000100000000000000FF db [local] authentication",
            "client backend",
            "startup recovering 0000000100000000000000FF db [local] authentication"
        ),
        Case("postgres: checkpointer db 10.1.2.3(1) idle", "client backend", "checkpointer db 10.1.2.3(1) idle"),
        // Not a title
        Case(
            "/usr/lib/postgresql/15/bin/postgres\0-D\0/data\0",
            "starting",
            "/usr/lib/postgresql/15/bin/postgres -D /data"
        ),
        Case("", "other", ""),
        Case("postgres: startup recovering nonsense", "startup", "startup recovering nonsense"),
    ]

    @Test(arguments: cases)
    func kinds(_ example: Case) {
        let padded = Array(example.line.utf8) + [0, 0, 0]
        for bytes in [Array(example.line.utf8), padded] {
            let title = ProcessTitle(commandLine: bytes)
            #expect(title.kind == example.kind)
            #expect(title.text == example.text)
            #expect(title.segment?.description == example.segment)
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let title = ProcessTitle(commandLine: Array("postgres: ".utf8) + random.bytes(upTo: 300))
            #expect(title.text.count <= ProcessTitle.textLimit)
            #expect(title.text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
            #expect(!title.kind.isEmpty)
        }
    }
}
