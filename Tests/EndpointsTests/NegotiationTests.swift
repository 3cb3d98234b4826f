import Testing

@testable import Endpoints

@Suite struct NegotiationTests {
    /// What scrapers and people really send.
    @Test(
        arguments: [
            (nil, MediaType.metricsText), ("", .metricsText), ("*/*", .metricsText), ("text/plain", .metricsText),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .metricsText),
            // Prometheus 2.42.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            // Prometheus 3.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                    + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
                    + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", .openMetrics
            ),
            ("application/openmetrics-text", .openMetrics), ("application/openmetrics-text;version=2.0.0", nil),
            ("application/openmetrics-text; version=\"1.0.0\"; q=0.2, text/plain; q=0.1", .openMetrics),
            ("application/openmetrics-text;q=0.1,text/plain;q=0.9", .metricsText),
            ("application/openmetrics-text;q=0,*/*", .metricsText), ("text/*;q=0.1,application/*;q=0.9", .openMetrics),
            ("application/json", nil), ("*/*;q=0", nil), ("text/plain;q=banana", nil), ("garbage", .metricsText),
            ("APPLICATION/OPENMETRICS-TEXT;VERSION=1.0.0", .openMetrics),
        ] as [(String?, MediaType?)]
    ) func metrics(_ accept: String?, _ expected: MediaType?) {
        #expect(AcceptHeader(accept).choose([.metricsText, .openMetrics]) == expected)
    }

    @Test(
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("gzip, deflate, br", true), ("deflate", false),
            ("gzip;q=0", false),
            ("*", true), ("*;q=0", false), ("gzip;q=0, *", false), ("identity;q=1, gzip;q=0.5", true), ("GZIP", true),
            ("br;q=1.0, gzip;q=0.001", true),
        ] as [(String?, Bool)]
    ) func gzipIsSentWhereItIsTaken(_ header: String?, _ expected: Bool) {
        #expect(acceptsGzip(header) == expected)
    }

    /// A header without end costs no more than a long one.
    @Test func rangesAreBounded() {
        let header = AcceptHeader(String(repeating: "a/b,", count: 10_000))
        #expect(header.ranges.count == AcceptHeader.rangeLimit)
    }
}
