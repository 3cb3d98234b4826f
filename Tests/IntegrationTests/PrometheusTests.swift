import FoundationEssentials
import Glibc
import Support
import Testing

/// A real Prometheus scrapes both text formats while the server goes through five phases: no warning, and no gap while
/// it is down.
@Suite struct PrometheusTests {
    /// The phases that the server goes through, in order.
    static let phases = ["running", "crashed", "unresponsive", "stopped", "start_failed"]
    /// Prometheus asks for OpenMetrics first; the other job goes through a proxy that asks for the older format.
    static let jobs = ["openmetrics", "text"]

    @Test func fivePhasesWithoutAGap() async throws {
        try await Workspace.with { workspace in
            let server = try await PostgresServer.make(15, in: workspace)
            try await server.start()
            let sidecar = try HowdahSidecar(of: server)
            var options = HowdahSidecar.Options()
            options.dataDirectory = server.dataDirectory
            try await sidecar.start(options)
            let prometheus = try await Prometheus.start(scraping: sidecar, in: workspace)

            try await Self.holds("running", sidecar)
            await server.crash()
            try await Self.holds("crashed", sidecar)
            try await server.start()
            let postmaster = try #require(server.postmaster)
            postmaster.send(SIGSTOP)
            try await Self.holds("unresponsive", sidecar)
            postmaster.send(SIGCONT)
            try await server.stop()
            try await Self.holds("stopped", sidecar)
            try server.writeHBA(["this is no rule"])
            try await server.launch()
            try await Self.holds("start_failed", sidecar)

            for job in Self.jobs {
                let scrapes = try #require(try await prometheus.number(#"count_over_time(up{job="\#(job)"}[5m])"#))
                let good = try await prometheus.number(#"sum_over_time(up{job="\#(job)"}[5m])"#)
                #expect(good == scrapes, "\(job): \(scrapes) scrapes")
                #expect(scrapes >= 20)
                for series in [
                    #"howdah_state{state="dead""#, #"howdah_phase{phase="crashed""#,
                    #"howdah_condition{condition="connections_full""#,
                ] {
                    let seen = try await prometheus.number(#"count_over_time(\#(series),job="\#(job)"}[5m])"#)
                    #expect(seen == scrapes, "\(job): \(series)")
                }
                for phase in Self.phases {
                    let seen = try await prometheus.number(
                        #"max_over_time(howdah_phase{phase="\#(phase)",job="\#(job)"}[5m])"#
                    )
                    #expect(seen == 1, "\(job): \(phase)")
                }
            }
            #expect(prometheus.complaints.isEmpty, "\(prometheus.complaints)")
        }
    }

    /// Waits for the phase, and then until several scrapes have seen it.
    private static func holds(_ phase: String, _ sidecar: HowdahSidecar) async throws {
        let came = try await eventually(within: 15, every: 50) { try await sidecar.state().phase == phase }
        guard came else { throw TimedOut("it says \(try await sidecar.state().phase), not \(phase)") }
        try await Task.sleep(for: .seconds(3))
    }
}

/// A real Prometheus of a test.
private struct Prometheus {
    var port: Int
    var logFile: String

    /// Passes every request on, and asks for the older text format.
    private static let proxy = """
        import http.server, sys, urllib.request
        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                ask = urllib.request.Request(f"http://127.0.0.1:{sys.argv[2]}" + self.path, headers={"Accept": "text/plain;version=0.0.4"})
                with urllib.request.urlopen(ask, timeout=5) as answer:
                    body, kind = answer.read(), answer.headers["Content-Type"]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *_): pass
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Proxy).serve_forever()
        """

    static func start(scraping sidecar: HowdahSidecar, in workspace: Workspace) async throws -> Prometheus {
        let proxyPort = try FreePort.take()
        let port = try FreePort.take()
        try await workspace.start("proxy", ["python3", "-I", "-c", proxy, "\(proxyPort)", "\(sidecar.port)"])
        let folder = "\(workspace.path)/prometheus"
        try TextFile.makeFolder(folder)
        let configuration = """
            global: {scrape_interval: 500ms, scrape_timeout: 500ms}
            scrape_configs:
              - job_name: openmetrics
                static_configs: [{targets: ['127.0.0.1:\(sidecar.port)']}]
              - job_name: text
                static_configs: [{targets: ['127.0.0.1:\(proxyPort)']}]
            """
        try TextFile.write(configuration + "\n", to: "\(folder)/prometheus.yml")
        // The proxy must listen before the first scrape.
        guard await eventually(within: 10, { !FreePort.isFree(proxyPort) }) else { throw TimedOut("no proxy") }
        try await workspace.start(
            "prometheus",
            [
                "prometheus", "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=debug", "--log.format=logfmt",
            ]
        )
        let prometheus = Prometheus(port: port, logFile: workspace.logFile(of: "prometheus"))
        let answers = try await eventually(within: 20, every: 100) {
            try await prometheus.number("count(up == 1)") == 2
        }
        guard answers else { throw TimedOut("Prometheus does not scrape: \(prometheus.complaints)") }
        return prometheus
    }

    /// The value of a query that has one; nil where it has none.
    func number(_ query: String) async throws -> Double? {
        let result = try await Command.run(
            ["curl", "-s", "-G", "http://127.0.0.1:\(port)/api/v1/query", "--data-urlencode", "query=\(query)"],
            within: 10
        )
        struct Answer: Decodable {
            struct Body: Decodable { var result: [Element] }
            struct Element: Decodable { var value: [Cell] }
            enum Cell: Decodable {
                case text(String)
                case number(Double)
                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    self =
                        try (try? container.decode(String.self)).map(Cell.text)
                        ?? .number(container.decode(Double.self))
                }
            }
            var data: Body
        }
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        guard case .text(let text)? = answer?.data.result.first?.value.last else { return nil }
        return Double(text)
    }

    /// What its log says of scrapes: a sample that was not understood, out of order or twice.
    var complaints: [String] {
        let lines = ((try? TextFile.read(logFile)) ?? "").split(separator: "\n").map(String.init)
        return lines.filter { line in
            line.contains("level=warn") || line.contains("level=error") || line.contains("append failed")
                || line.contains("Scrape failed")
        }
    }
}
