"""What Howdah costs: sessions, memory, processor and server time beside an idle server, and growth over restarts."""

import os
import statistics
import time

from postgres import Server, Session, wait_until
from report import Table
from sidecar import Sidecar, Verdicts

SAMPLE_SECONDS = 0.2
LARGEST = {"sessions": 2, "anonymous": 12.0, "resident": 40.0, "processor": 0.5, "server": 1.0}
# Growth that is noise: an allocator's arena, a connection that is just being closed.
TOLERATED_DESCRIPTORS = 2
TOLERATED_MEBIBYTES = 1.0

OWN_SESSIONS = """
    SELECT count(*), count(*) FILTER (WHERE backend_start < now() - interval '2 seconds')
    FROM pg_stat_activity WHERE usename = 'howdah'
"""
QUERY_TIME = """
    SELECT coalesce(sum(total_exec_time + total_plan_time), 0), coalesce(sum(calls), 0)
    FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname = 'howdah'
"""


class Usage:
    """A process as /proc shows it: mebibytes, descriptors, threads, seconds of processor time."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        self.resident = int(status["VmRSS"].split()[0]) / 1024
        self.anonymous = int(status["RssAnon"].split()[0]) / 1024
        self.threads = int(status["Threads"])
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        self.seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(options, folder):
    more = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on"}
    server = Server(options.major, folder, settings=more).initialize()
    sidecar = None
    try:
        session = Session(server)
        session.query("CREATE EXTENSION pg_stat_statements")
        sidecar = Sidecar(server, folder)
        time.sleep(5)
        kept = idle(options, server, session, sidecar)
        session.close()
        kept &= restarts(options, server, sidecar)
    finally:
        if sidecar:
            sidecar.stop()
        server.destroy()
    return kept


def idle(options, server, session, sidecar):
    """Samples the sidecar beside a server that has nothing to do."""
    pid, samples, sessions, held = sidecar.pid, [], [], []
    session.query("SELECT pg_stat_statements_reset()")
    began, before = time.monotonic(), Usage(pid)
    end = began + options.minutes * 60
    while time.monotonic() < end:
        total, old = map(int, session.query(OWN_SESSIONS)[0])
        sessions.append(total)
        held.append(old)
        samples.append(Usage(pid))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - began
    processor = (Usage(pid).seconds - before.seconds) / seconds * 100
    spent, calls = map(float, session.query(QUERY_TIME)[0])

    anonymous, resident = max(s.anonymous for s in samples), max(s.resident for s in samples)
    table = Table("beside an idle server", "measured", "promise", "")
    common = statistics.mode(held)
    table.row("sessions held", common, "1", kept=common == 1)
    table.row(f"sessions at once, {len(sessions)} samples", max(sessions), "<= 2", kept=max(sessions) <= LARGEST["sessions"])
    table.row("anonymous memory", f"{anonymous:.1f} MiB", "<= 12 MiB", kept=anonymous <= LARGEST["anonymous"])
    table.row("resident memory", f"{resident:.1f} MiB", "<= 40 MiB", kept=resident <= LARGEST["resident"])
    table.row("processor", f"{processor:.2f} % of a core", "<= 0.5 %", kept=processor <= LARGEST["processor"])
    server_time = spent / seconds
    table.row("server time", f"{server_time:.3f} ms/s", "<= 1 ms/s", kept=server_time <= LARGEST["server"])
    table.row("queries", f"{calls / seconds:.1f} /s")
    table.row("threads, descriptors", f"{samples[-1].threads}, {samples[-1].descriptors}")
    print(f"\nOver {seconds / 60:.1f} minutes, PostgreSQL {server.major}:")
    return table.show()


def restarts(options, server, sidecar):
    """Restarts the server again and again, and compares the sidecar's early weight with its late one."""
    verdicts = Verdicts(sidecar)
    usages = []
    for number in range(options.restarts):
        verdicts.forget()
        stopped_at = time.monotonic()
        server.stop()
        server.start()
        wait_until(
            lambda: verdicts.first(lambda v: v["state"] in ("live", "live_but") and v["phase"] == "running", stopped_at, 0),
            30, f"the verdict after restart {number + 1}",
        )
        usages.append(Usage(sidecar.pid))
        if (number + 1) % 20 == 0:
            last = usages[-1]
            print(f"  {number + 1} restarts: {last.descriptors} descriptors, {last.anonymous:.1f} MiB", flush=True)
    verdicts.close()
    # The first restarts fill caches and bounded histories; growth is what comes after them.
    quarter = max(1, len(usages) // 4)
    early, late = usages[quarter : 2 * quarter] or usages, usages[-quarter:]

    def growth(name):
        middle = [statistics.median(getattr(usage, name) for usage in part) for part in (early, late)]
        return middle[0], middle[1], middle[1] - middle[0]

    table = Table(f"over {len(usages)} restarts", "second quarter", "last quarter", "promise", "")
    was, became, more = growth("descriptors")
    table.row("descriptors", was, became, f"+{TOLERATED_DESCRIPTORS} at most", kept=more <= TOLERATED_DESCRIPTORS)
    was, became, more = growth("anonymous")
    limit = TOLERATED_MEBIBYTES
    table.row("anonymous memory", f"{was:.2f} MiB", f"{became:.2f} MiB", f"+{limit} MiB at most", kept=more <= limit)
    was, became, more = growth("threads")
    table.row("threads", was, became, "+0", kept=more <= 0)
    print()
    return table.show()
