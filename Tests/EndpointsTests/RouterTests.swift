import Diagnosis
import Exposition
import Testing

@testable import Endpoints

@Suite struct RouterTests {
    /// Every path of the table answers GET and HEAD, and nothing that would change anything.
    @Test(arguments: allRoutes.map(\.path).filter { $0 != "/events" }) func everyPathOnlyTells(_ path: String) throws {
        for method in ["GET", "HEAD"] {
            let response = try #require(Situation.primary.answer(Request(method, path), audience: .local))
            #expect([200, 503].contains(response.status))
            #expect(!response.body.isEmpty)
        }
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "BREW"] {
            let response = try #require(Situation.primary.answer(Request(method, path), audience: .local))
            #expect(response.status == 405)
            #expect(response.header("allow") == "GET, HEAD, OPTIONS")
            #expect(response.header("content-type") == "application/problem+json")
        }
    }

    @Test(arguments: [
        "/nothing", "//state", "/state/", "/STATE", "/../../etc/passwd", "/%2e%2e/etc/passwd", "/state/../livez", "*",
        "",
        "/.git/config", "/state%00", "/primary/x", "http://example/", "/\u{0}",
    ]) func unknownPaths(_ target: String) throws {
        let response = try #require(Situation.primary.answer(Request("GET", target)))
        #expect(response.status == (target == "http://example/" ? 200 : 404))
    }

    @Test func aSlashTooMuchGetsAHint() throws {
        let response = try #require(Situation.primary.answer(Request("GET", "/state/")))
        #expect(response.text.contains("Did you mean /state?"))
    }

    @Test func absoluteTargetsAreRead() {
        #expect(Situation.primary.status("GET", "http://10.0.0.7:9187/livez?verbose") == 200)
        #expect(Situation.primary.status("GET", "http://10.0.0.7:9187") == 200)
        #expect(Situation.primary.status("GET", "/livez#fragment") == 200)
    }

    /// Paths of the local listener are named, not hidden, on the public one.
    @Test func localPathsStayLocal() throws {
        let response = try #require(Situation.primary.answer(Request("GET", "/doctor")))
        #expect(response.status == 404)
        #expect(response.text.contains("--local-listen"))
        #expect(Situation.primary.status("GET", "/doctor", audience: .local) == 200)
        #expect(Situation.primary.answer(Request("GET", "/"))?.header("content-type") == "text/plain; charset=utf-8")
        #expect(
            Situation.primary.answer(Request("GET", "/"), audience: .local)?.header("content-type")
                == "text/html; charset=utf-8"
        )
    }

    @Test(
        arguments: [
            ("/state", nil, "application/json"), ("/state?format=text", nil, "text/plain; charset=utf-8"),
            ("/state", "text/plain", "text/plain; charset=utf-8"),
            ("/state?format=json", "text/plain", "application/json"),
            ("/state", "image/png", "application/problem+json"), ("/livez", "image/png", "text/plain; charset=utf-8"),
            ("/primary", "text/html", "application/json"),
            ("/metrics", "text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
            ("/metrics", "application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            ("/openapi.json", "*/*", "application/json"), ("/history?format=text", nil, "text/plain; charset=utf-8"),
        ] as [(String, String?, String)]
    ) func types(_ target: String, _ accept: String?, _ type: String) throws {
        let headers = accept.map { [Request.Header("accept", $0)] } ?? []
        let response = try #require(Situation.primary.answer(Request("GET", target, headers: headers)))
        #expect(response.header("content-type") == type)
        #expect(response.status == (type.hasPrefix("application/problem") ? 406 : 200))
    }

    @Test(arguments: [
        ("/livez", 200), ("/readyz", 200), ("/readyz?for=read-write", 200), ("/readyz?for=read-only&verbose", 200),
        ("/readyz?for=writing", 400), ("/healthz", 200), ("/livez?x=1", 400), ("/state?wait=31536000", 400),
        ("/metrics?name=up", 400), ("/history?limit=1000", 400), ("/state?width=10&format=text", 400),
    ]) func statuses(_ target: String, _ status: Int) {
        #expect(Situation.primary.status("GET", target) == status)
    }

    @Test func probesSayWhy() throws {
        let up = try #require(Situation.primary.answer(Request("GET", "/readyz")))
        #expect(up.text == "pass: it answers\n")
        let down = try #require(Situation.down.answer(Request("GET", "/livez?verbose")))
        #expect(down.status == 503)
        #expect(down.text.hasPrefix("fail: no process\nDead: no process\n[-] liveness: no process\n[-] readiness"))
        #expect(down.header("cache-control") == "no-store")
    }

    /// Howdah's own health has nothing to do with the database's.
    @Test func ownHealth() {
        #expect(Situation.down.status("GET", "/healthz") == 200)
        #expect(Situation(age: 16).status("GET", "/healthz") == 503)
        #expect(Situation(age: 14).status("GET", "/healthz") == 200)
    }

    @Test func statesCarryHeadersForTheCommandLine() throws {
        let response = try #require(Situation.down.answer(Request("GET", "/state?format=text&color=always&width=80")))
        #expect(response.status == 200)
        #expect(response.header("howdah-state") == "dead")
        #expect(response.header("howdah-revision") == "7")
        #expect(response.text.contains("\u{1B}[1mDead: no process"))
        let doctor = try #require(Situation.primary.answer(Request("GET", "/doctor"), audience: .local))
        #expect(doctor.header("howdah-doctor") == "dark")
    }

    @Test func longPolls() {
        func outcome(_ target: String, hasWaited: Bool = false) -> Outcome {
            Router(audience: .everyone).answer(
                Request("GET", target),
                Known(Situation.primary.published, now: Situation.now),
                hasWaited: hasWaited
            )
        }
        #expect(outcome("/state?wait=5") == .wait(after: 7, seconds: 5))
        #expect(outcome("/state?wait=60&since=7") == .wait(after: 7, seconds: 60))
        // Another revision is news, a smaller one too: Howdah was started anew.
        for target in ["/state?wait=5&since=6", "/state?wait=5&since=8", "/state?wait=0&since=7", "/state?since=7"] {
            guard case .answer = outcome(target) else {
                Issue.record("\(target) waits")
                continue
            }
        }
        guard case .answer = outcome("/state?wait=5&since=7", hasWaited: true) else {
            Issue.record("waits twice")
            return
        }
        #expect(outcome("/events") == .events(.json))
        #expect(outcome("/events?format=text&width=80") == .events(.text(color: false, width: 80)))
    }

    @Test func optionsOfChecksAnswerLikeHead() {
        #expect(Situation.primary.status("OPTIONS", "/primary") == 200)
        #expect(Situation.standby.status("OPTIONS", "/primary") == 503)
        #expect(Situation.primary.status("OPTIONS", "/state") == 204)
        #expect(Situation.primary.answer(Request("OPTIONS", "/metrics"))?.header("allow") == "GET, HEAD, OPTIONS")
    }

    /// Unknown paths share one series.
    @Test func countedPathsAreBounded() {
        let router = Router(audience: .everyone)
        #expect(router.countedPath(of: Request("GET", "/state?wait=1")) == "/state")
        #expect(router.countedPath(of: Request("GET", "/wp-login.php")) == "other")
    }

    @Test func eventsAreOneLineEach() {
        let event = eventText(Situation.primary.published, .json, at: Situation.now)
        let lines = event.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5)
        #expect(lines[0] == "event: verdict" && lines[1] == "id: 7")
        #expect(lines[2].hasPrefix("data: {\"version\":1,\"revision\":7,"))
        #expect(lines[3].isEmpty && lines[4].isEmpty)
        let report = eventText(Situation.primary.published, .text(color: false, width: 80), at: Situation.now)
        #expect(report.split(separator: "\n").dropFirst(2).allSatisfy { $0.hasPrefix("data: ") })
    }

    /// What a server names its things cannot run on the page.
    @Test func thePageEscapes() throws {
        var situation = Situation.primary.published
        situation.verdict.summary = "Live <script>alert(1)</script> & more"
        let outcome = Router(audience: .local).answer(Request("GET", "/"), Known(situation, now: Situation.now))
        guard case .answer(let response) = outcome else { return }
        #expect(response.text.contains("Live &lt;script&gt;alert(1)&lt;/script&gt; &amp; more"))
        #expect(response.header("content-security-policy")?.contains("default-src 'none'") == true)
    }
}
