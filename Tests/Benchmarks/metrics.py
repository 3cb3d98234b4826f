"""How fast Howdah answers while the server is well, while it is full, and while the postmaster is stopped."""

import http.client
import os
import signal
import statistics
import time

from postgres import Server
from probe import run
from report import Table, milliseconds, percentile
from sidecar import HOWDAH, PROBE, Sidecar, Verdicts, need

LARGEST_P99 = 0.010
# Answers at their usual speed: no more than this many times the usual median, or this much more.
USUAL_FACTOR, USUAL_SECONDS = 2, 0.002


def request(connection, path):
    before = time.monotonic()
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    took = time.monotonic() - before
    if response.status not in (200, 503):
        raise RuntimeError(f"{path} answers {response.status}")
    return took


def measure(options, folder):
    need(HOWDAH)
    need(PROBE)
    server = Server(options.major, folder).initialize()
    sidecar, sessions = None, []
    table = Table("server", "what", "n", "median", "p95", "p99", "promise", "")
    usual = {}
    try:
        sidecar = Sidecar(server, folder)
        verdicts = Verdicts(sidecar)
        verdicts.settle(lambda document: document["state"] == "live")
        rows(options, table, "idle", sidecar, usual)

        sessions, _ = server.take_all_slots()
        verdicts.settle(lambda document: "connections_full" in str(document["conditions"]), seconds=20)
        holders = [c for c in sidecar.state()["conditions"] if c["condition"] == "connections_full"]
        table.row("full", "the evidence names the holders", "", "", "", "", "app", kept="app" in str(holders))
        rows(options, table, "full", sidecar, usual)

        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(3)
        rows(options, table, "full and stopped", sidecar, usual)
        os.kill(server.pid, signal.SIGCONT)
        verdicts.close()
    finally:
        for session in sessions:
            session.close()
        if sidecar:
            sidecar.stop()
        server.destroy()
    print(f"\nHow fast Howdah answers, PostgreSQL {options.major}:")
    return table.show()


def rows(options, table, name, sidecar, usual):
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.local_port, timeout=10)
    environment = dict(os.environ, HOWDAH_RUN_DIRECTORY=sidecar.run)
    asked = {
        "GET /metrics": lambda: request(connection, "/metrics"),
        "GET /state": lambda: request(connection, "/state"),
        "howdah state": lambda: run([HOWDAH, "state", "--run-directory", sidecar.run], environment)[0],
        "howdah-probe": lambda: run([PROBE, "readiness", "--run-directory", sidecar.run], environment)[0],
    }
    for what, ask in asked.items():
        rounds = options.rounds if what.startswith("GET") else max(20, options.rounds // 10)
        ask()
        times = [ask() for _ in range(rounds)]
        median, p99 = statistics.median(times), percentile(times, 0.99)
        limit = max(usual.setdefault(what, median) * USUAL_FACTOR, usual[what] + USUAL_SECONDS)
        kept, promise = median <= limit, f"median <= {milliseconds(limit)}"
        if what == "GET /metrics":
            kept, promise = kept and p99 < LARGEST_P99, f"{promise}, p99 < 10 ms"
        cells = (name, what, len(times), milliseconds(median), milliseconds(percentile(times, 0.95)), milliseconds(p99))
        table.row(*cells, promise, kept=kept)
    connection.close()
