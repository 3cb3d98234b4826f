import AgentLink
import Deadlines
import Diagnosis
import Exposition
import Glibc
import Synchronization
import Testing

@testable import Endpoints

/// Howdah's own HTTP client against Howdah's own listener, and against what is none.
@Suite(.serialized) struct TransferTests {
    @Test func overTheSocketAndOverTCP() async throws {
        try await withFolder { folder in
            let path = folder + "/howdah.sock"
            try await TestHouse.with(.unix(path: path), for: .local) { _ in
                let request = TransferRequest(url: "http://howdah/state?format=text", unixSocket: path)
                let answer = try await HTTPTransfer().send(request, deadline: .after(seconds: 5))
                #expect(answer.status == 200 && answer.headers["howdah-state"] == "live")
                #expect(answer.text.hasPrefix("● Live\n"))
            }
        }
        try await TestHouse.with { house in
            let transfer = HTTPTransfer()
            var request = TransferRequest(url: "http://127.0.0.1:\(house.port)/doctor")
            #expect(try await transfer.send(request, deadline: .after(seconds: 5)).status == 404)
            request.url = "http://127.0.0.1:\(house.port)/metrics"
            request.headers = ["Accept": "application/openmetrics-text"]
            #expect(try await transfer.send(request, deadline: .after(seconds: 5)).text.hasSuffix("# EOF\n"))
            request.headOnly = true
            let head = try await transfer.send(request, deadline: .after(seconds: 5))
            #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] != nil)
        }
    }

    @Test func aStreamIsReadAsItComes() async throws {
        try await TestHouse.with { house in
            let board = house.board
            let text = Mutex("")
            let request = TransferRequest(url: "http://127.0.0.1:\(house.port)/events")
            let answer = try await HTTPTransfer().stream(request, deadline: .after(seconds: 5)) { piece in
                let soFar = text.withLock { text in
                    text += String(decoding: piece, as: UTF8.self)
                    return text
                }
                board.move()
                return !soFar.contains("id: 9\n")
            }
            #expect(answer.status == 200)
            #expect(text.withLock { $0 }.contains("id: 7\n"))
        }
    }

    @Test func whyThereIsNoAnswer() async throws {
        let transfer = HTTPTransfer()
        func failure(
            _ url: String,
            socket: String? = nil,
            limit: Int = 1000,
            within seconds: Double = 2
        ) async -> TransferError? {
            var request = TransferRequest(url: url, unixSocket: socket)
            request.bodyLimit = limit
            do throws(TransferError) {
                _ = try await transfer.send(request, deadline: .after(seconds: seconds))
                return nil
            } catch { return error }
        }
        #expect(await failure("http://x/", socket: "/no/such.sock") == .noSocket("/no/such.sock is not there"))
        #expect(await failure("http://127.0.0.1:1/") == .refused("nobody listens at http://127.0.0.1:1/"))
        #expect(await failure("file:///etc/passwd").map { "\($0)".hasPrefix("file:///etc/passwd: ") } == true)
        guard case .unreachable? = await failure("http://no.such.host.invalid/") else {
            Issue.record("an unknown name is not told apart")
            return
        }
        try await TestHouse.with { house in
            let base = "http://127.0.0.1:\(house.port)"
            #expect(await failure(base + "/metrics") == .tooLarge("\(base)/metrics sent more than 1000 bytes"))
            let begun = ContinuousClock.now
            #expect(
                await failure(base + "/state?wait=30", within: 0.2)
                    == .timedOut("no answer from \(base)/state?wait=30 in time")
            )
            #expect(ContinuousClock.now - begun < .seconds(5))
        }
    }

    @Test func cancellationDoesNotWaitForTheDeadline() async throws {
        try await TestHouse.with { house in
            let begun = ContinuousClock.now
            await withTaskGroup(of: TransferError?.self) { group in
                let url = "http://127.0.0.1:\(house.port)/state?wait=30"
                group.addTask {
                    do throws(TransferError) {
                        _ = try await HTTPTransfer().send(TransferRequest(url: url), deadline: .after(seconds: 30))
                        return nil
                    } catch { return error }
                }
                try? await waitUntil { house.server.counters.now.waiters == 1 }
                group.cancelAll()
                #expect(await group.next() == .some(.cancelled))
            }
            #expect(ContinuousClock.now - begun < .seconds(8))
        }
    }
}
