"""How long an exec probe takes: a paired run of `howdah-probe` and of what people use instead.

Each round starts every command once, in an order of its own, so that whatever else the machine does hits them alike.
"""

import os
import random
import signal
import statistics
import tempfile
import time

from postgres import Server, Session, hand_over
from report import Table, milliseconds, percentile
from sidecar import HOWDAH, PROBE, Sidecar, need

# What is promised, as a multiple of the probe's median.
LARGEST_SHARE = {"/bin/true": 2, "pg_isready": 1 / 8, "sh and psql": 1 / 10}
FALLBACK_SECONDS = 0.5


def run(arguments, environment):
    """Starts a program, waits for its end; gives back seconds and exit code."""
    null = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
    before = time.monotonic()
    pid = os.posix_spawn(arguments[0], arguments, environment, file_actions=null)
    status = os.waitpid(pid, 0)[1]
    return time.monotonic() - before, os.waitstatus_to_exitcode(status)


def paired(commands, rounds, environment):
    times = {name: [] for name in commands}
    for _ in range(rounds):
        order = list(commands)
        random.shuffle(order)
        for name in order:
            seconds, code = run(commands[name], environment)
            if code != 0:
                raise RuntimeError(f"{' '.join(commands[name])} exits with {code}")
            times[name].append(seconds)
    return times


def write_state_file(folder):
    """Stands in for Howdah where it is not built: a file that says that all is well."""
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
        boot = file.read().strip()
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    probes = "".join(f"probe {name} pass accepting\n" for name in ("liveness", "readiness", "read_write", "read_only"))
    with open(f"{folder}/state", "w", encoding="utf-8") as file:
        file.write(
            f"howdah-state 1\nboot-id {boot}\nwritten-boot-ns {now}\nwritten-wall-ns {time.time_ns()}\n"
            f"observer running\nrevision 1\nstate live\nphase running\nrole primary\n{probes}end\n"
        )


def measure(options, folder):
    need(PROBE)
    server = Server(options.major, folder).initialize()
    sidecar = None
    kept = True
    try:
        if os.path.exists(HOWDAH):
            sidecar = Sidecar(server, folder)
            run_directory, age = sidecar.run, "10"
            wait_for_pass(run_directory)
        else:
            print(f"{HOWDAH} is not there: a made-up state file stands in")
            run_directory, age = f"{folder}/run", "86400"
            os.makedirs(run_directory)
            write_state_file(run_directory)
        kept &= compare(options, server, [PROBE, "readiness", "--run-directory", run_directory, "--max-age", age])
        if sidecar:
            sidecar.stop(kill=True)
            time.sleep(1.1)
        kept &= fall_back(options, server, run_directory)
    finally:
        if sidecar:
            sidecar.stop()
        server.destroy()
    return kept


def wait_for_pass(run_directory):
    deadline = time.monotonic() + 20
    while run([PROBE, "readiness", "--run-directory", run_directory], dict(os.environ, PGHOST="/none"))[1] != 0:
        if time.monotonic() > deadline:
            raise TimeoutError("the sidecar's readiness does not pass")
        time.sleep(0.05)


def compare(options, server, probe):
    environment = dict(os.environ, PGHOST=server.run, PGPORT=str(server.port), PGUSER="postgres", LC_ALL="C")
    psql = f"{server.bin}/psql -X -q -c 'SELECT 1'"
    commands = {
        "howdah-probe": probe,
        "/bin/true": ["/bin/true"],
        "pg_isready": [f"{server.bin}/pg_isready", "-q"],
        "sh and psql": ["/bin/sh", "-i", "-c", psql],
    }
    paired(commands, 5, environment)
    times = paired(commands, options.rounds, environment)
    own = statistics.median(times["howdah-probe"])
    table = Table("command", "n", "median", "p95", "the probe takes", "promise", "")
    for name, values in times.items():
        median = statistics.median(values)
        cells = (name, len(values), milliseconds(median), milliseconds(percentile(values, 0.95)))
        if name in LARGEST_SHARE:
            share, limit = own / median, LARGEST_SHARE[name]
            table.row(*cells, f"{share:.3f} of it", f"<= {limit:.3f}", kept=share <= limit)
        else:
            table.row(*cells)
    print("\nAn exec probe, from start to end:")
    return table.show()


def fall_back(options, server, run_directory):
    """Howdah is down: the probe asks the server, which lives, is full, is stopped, or is gone."""
    environment = dict(os.environ, PGHOST=server.run, PGPORT=str(server.port), PGUSER="postgres", LC_ALL="C")
    probe = [PROBE, "readiness", "--run-directory", run_directory, "--max-age", "1"]
    table = Table("Howdah is down and the server", "n", "exit", "median", "p95", "max", "promise", "")

    def row(name, exit_code):
        runs = [run(probe, environment) for _ in range(options.runs)]
        times, codes = [seconds for seconds, _ in runs], {code for _, code in runs}
        cells = (name, len(runs), "/".join(map(str, sorted(codes))), milliseconds(statistics.median(times)))
        cells += (milliseconds(percentile(times, 0.95)), milliseconds(max(times)), f"exit {exit_code}, <= 500 ms")
        table.row(*cells, kept=codes == {exit_code} and max(times) <= FALLBACK_SECONDS)

    row("accepts sessions", 0)
    sessions, _ = server.take_all_slots()
    row("has no ordinary slot left", 0)
    for session in sessions:
        session.close()
    os.kill(server.pid, signal.SIGSTOP)
    row("is stopped (SIGSTOP)", 1)
    os.kill(server.pid, signal.SIGCONT)
    server.stop()
    row("is not there", 1)
    print()
    return table.show()
