import Exposition

/// The page for people; on the public listener a list of the paths.
let pageRoute = Route(
    path: "/",
    summary: "The page for people; on the public listener a list of these paths.",
    offers: [.html, .text],
    isNegotiated: false
) { call in
    call.audience == .everyone ? .answer(.text(200, index)) : .answer(page(call))
}

private let index: String = {
    let shown = (documentRoutes + probeRoutes + loadBalancerRoutes + [openAPIRoute]).filter { $0.audience == .everyone }
    let width = shown.map(\.path.count).max() ?? 0
    let lines = shown.map { $0.path + String(repeating: " ", count: width + 2 - $0.path.count) + $0.summary + "\n" }
    return "Howdah: the state of one PostgreSQL server.\n\n" + lines.joined()
}()

private func page(_ call: Call) -> Response {
    let report = stateReport(of: call.published, at: call.now, style: ReportStyle(width: 110))
    let body = pageHead + "<pre id=\"report\">\(escaped(report))</pre>" + pageTail
    return Response(
        200,
        .html,
        Array(body.utf8),
        headers: [
            .noStore,
            Request.Header(
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
            ),
        ]
    )
}

/// Text from the server stands on the page as text, whatever is in it.
private func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

private let pageHead = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Howdah</title>
    <style>
    :root { color-scheme: light dark; --line: #8884; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.3rem; border-left: .5rem solid var(--state, #888); padding-left: .8rem; }
    pre { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; padding: 1rem; border: 1px solid var(--line);
      border-radius: .4rem; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
    td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
    </style>
    </head>
    <body>
    <h1 id="summary">Howdah</h1>

    """

private let pageTail = """

    <h2>What changed</h2>
    <table id="history"></table>
    <p><a href="/state">state</a> · <a href="/conditions">conditions</a> · <a href="/history">history</a> ·
    <a href="/doctor?format=text">doctor</a> · <a href="/metrics">metrics</a> · <a href="/openapi.json">openapi</a></p>
    <script>
    const colors = { live: "#2a2", live_but: "#d90", dead: "#c22", unknown: "#a3a" };
    const byID = id => document.getElementById(id);
    async function refresh() {
      const [report, history] = await Promise.all([
        fetch("/state?format=text&width=110").then(answer => answer.text()),
        fetch("/history?limit=20").then(answer => answer.json()),
      ]);
      byID("report").textContent = report;
      byID("history").replaceChildren(...history.transitions.map(change => {
        const row = document.createElement("tr");
        const subject = change.name ? `${change.what} ${change.name}` : change.what;
        for (const text of [change.at.slice(0, 19).replace("T", " "), `${subject}: ${change.from} → ${change.to}`,
                            change.message]) {
          row.insertCell().textContent = text;
        }
        return row;
      }));
    }
    new EventSource("/events").addEventListener("verdict", event => {
      const state = JSON.parse(event.data);
      byID("summary").textContent = state.summary;
      document.title = state.summary;
      document.documentElement.style.setProperty("--state", colors[state.state]);
      refresh();
    });
    setInterval(refresh, 5000);
    </script>
    </body>
    </html>

    """
