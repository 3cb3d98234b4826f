"""How long it takes from a fault to the verdict that says so.

A run takes the monotonic time right before the fault and the arrival of the first matching event on `/events`. Between
runs the server is mended, the verdict settles, and a random pause keeps the fault out of step with the polls.
"""

import os
import random
import signal
import time

from postgres import Server, Session
from report import Table
from sidecar import Sidecar, Verdicts

RUN_SECONDS = 15
LARGEST_PAUSE = 1.5


def has(name):
    return lambda document: any(condition["condition"] == name for condition in document["conditions"])


def in_phase(*phases):
    return lambda document: document["phase"] in phases


def is_running(role):
    """Lives in its role; conditions may hold, such as the one that counts the crashes of the runs before."""
    return lambda document: document["phase"] == "running" and document["role"] == role


class Bench:
    """A server, the sidecar beside it and its verdicts."""

    def __init__(self, major, folder, local, standby):
        self.primary = Server(major, folder).initialize()
        self.role = "standby" if standby else "primary"
        self.server, self.sidecar, self.verdicts = self.primary, None, None
        self.folder, self.local, self.copies = folder, local, 0
        if standby:
            self.renew_standby()
        else:
            self.watch()

    def watch(self):
        self.sidecar = Sidecar(self.server, self.folder, self.local)
        self.verdicts = Verdicts(self.sidecar)

    def renew_standby(self):
        """A promoted standby is thrown away; a new one takes its place, with a new sidecar."""
        self.unwatch()
        if self.server is not self.primary:
            self.server.destroy()
        self.copies += 1
        self.server = self.primary.standby(f"standby{self.copies}")
        self.server.start()
        self.watch()

    def unwatch(self):
        if self.verdicts:
            self.verdicts.close()
            self.sidecar.stop()
            self.verdicts = None

    def close(self):
        self.unwatch()
        for server in {self.server, self.primary}:
            server.destroy()


class Fault:
    """A fault: `strike` gives back when it struck, `seen` recognises the verdict, `mend` undoes it."""

    name = ""
    standby = False
    promise = None  # seconds, with all sources
    promise_without = None  # seconds, by SQL alone

    def prepare(self, bench):
        pass

    def strike(self, bench):
        raise NotImplementedError

    def seen(self, bench):
        raise NotImplementedError

    def mend(self, bench):
        raise NotImplementedError


class PostmasterKilled(Fault):
    name, promise, promise_without = "SIGKILL to the postmaster", 0.1, 1.5

    def strike(self, bench):
        at = time.monotonic()
        os.kill(bench.server.pid, signal.SIGKILL)
        return at

    def seen(self, bench):
        # Without local sources nobody can prove that there is no process.
        return lambda document: document["state"] == "dead" or (not bench.local and document["state"] == "unknown")

    def mend(self, bench):
        bench.server.crashed()
        bench.server.start()


class BackendKilled(Fault):
    name, promise_without = "SIGKILL to a backend", 1.5

    def prepare(self, bench):
        self.session = Session(bench.server, user="app")

    def strike(self, bench):
        at = time.monotonic()
        os.kill(self.session.pid, signal.SIGKILL)
        return at

    def seen(self, bench):
        return in_phase("reinitializing")

    def mend(self, bench):
        self.session.close()


class FastShutdown(Fault):
    name, promise, promise_without = "fast shutdown", 0.2, 1.5

    def prepare(self, bench):
        # Something to write back, as any server has; an idle one is gone in a few milliseconds.
        session = Session(bench.server)
        session.query("DROP TABLE IF EXISTS filler")
        session.query("CREATE TABLE filler AS SELECT repeat('x', 500) AS text FROM generate_series(1, 80000)")
        session.close()

    def strike(self, bench):
        at = time.monotonic()
        os.kill(bench.server.pid, signal.SIGINT)
        return at

    def seen(self, bench):
        return in_phase("stopping")

    def mend(self, bench):
        bench.server.process.wait(60)
        bench.server.start()


class SlotsTaken(Fault):
    name, promise, promise_without = "all slots taken", 1.5, 1.5

    def strike(self, bench):
        self.sessions, at = bench.server.take_all_slots()
        return at

    def seen(self, bench):
        return has("connections_full")

    def mend(self, bench):
        for session in self.sessions:
            session.close()


class Promotion(Fault):
    name, promise, promise_without, standby = "promotion", 1.5, 1.5, True

    def strike(self, bench):
        at = time.monotonic()
        bench.server.promote()
        return at

    def seen(self, bench):
        return lambda document: document["role"] == "primary"

    def mend(self, bench):
        bench.renew_standby()


FAULTS = [PostmasterKilled(), BackendKilled(), FastShutdown(), SlotsTaken(), Promotion()]


def one_run(bench, fault):
    runs, struck = is_running(bench.role), fault.seen(bench)
    bench.verdicts.settle(lambda document: runs(document) and not struck(document))
    bench.verdicts.forget()
    fault.prepare(bench)
    time.sleep(random.uniform(0.3, LARGEST_PAUSE))
    struck_at = fault.strike(bench)
    seen_at = bench.verdicts.first(struck, struck_at, RUN_SECONDS)
    fault.mend(bench)
    return None if seen_at is None else seen_at - struck_at


def measure(options, folder):
    table = Table("fault", "seen", "median", "p95", "max", "promise", "")
    for local in (True, False):
        if options.sight and options.sight != ("all" if local else "sql"):
            continue
        if not local and os.geteuid() != 0:
            print("only root can hide files and processes: measured with all sources alone")
            continue
        for fault in FAULTS:
            if options.only and options.only not in fault.name:
                continue
            place = f"{folder}/{'all' if local else 'sql'}-{FAULTS.index(fault)}"
            os.makedirs(place)
            bench = Bench(options.major, place, local, fault.standby)
            try:
                times = []
                for number in range(options.runs):
                    times.append(one_run(bench, fault))
                    took = "not seen" if times[-1] is None else f"{times[-1] * 1000:.1f} ms"
                    print(f"  {fault.name}, {'all sources' if local else 'SQL alone'}, {number + 1}: {took}", flush=True)
            finally:
                bench.close()
            promise = fault.promise if local else fault.promise_without
            table.times(f"{fault.name}, {'all sources' if local else 'SQL alone'}", times, promise, options.runs)
    print(f"\nFrom the fault to the verdict, PostgreSQL {options.major}:")
    return table.show()
