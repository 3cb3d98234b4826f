"""A throw-away PostgreSQL server on a Unix socket and 127.0.0.1, and just enough of its protocol to use it."""

import os
import pwd
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("HOWDAH_TEST_CACHE", os.path.join(ROOT, ".build", "postgres"))
START_SECONDS = 60


def as_server_user(arguments):
    """PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return arguments
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] + arguments


def hand_over(path):
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)


def programs(major):
    """The folder of initdb and the others; the same places as the tests look in."""
    for folder in (f"{CACHE}/{major}/bin", f"/usr/lib/postgresql/{major}/bin"):
        if os.path.exists(f"{folder}/initdb"):
            return folder
    raise SystemExit(f"PostgreSQL {major} is not installed: run Tests/Support/install-postgres {major}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class ServerError(Exception):
    """An ErrorResponse: `state` is its SQLSTATE."""

    def __init__(self, fields):
        self.state = fields.get("C", "")
        super().__init__(f"{self.state} {fields.get('M', '')}")


class Session:
    """A session with trust authentication; simple queries."""

    def __init__(self, server, user="postgres", database="postgres"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        try:
            self.socket.connect(server.socket_path)
            body = struct.pack("!I", 196608)
            for text in ("user", user, "database", database, "application_name", "benchmark", ""):
                body += text.encode() + b"\0"
            self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
            self.pid = None
            self._rows()
        except BaseException:
            self.socket.close()
            raise

    def query(self, sql):
        """Runs SQL; gives back the rows of text."""
        text = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(text) + 4) + text)
        return self._rows()

    def close(self):
        self.socket.close()

    def _take(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the server closed the connection")
            data += piece
        return data

    def _rows(self):
        rows, error = [], None
        while True:
            kind, length = struct.unpack("!cI", self._take(5))
            body = self._take(length - 4)
            if kind == b"K":
                self.pid = struct.unpack("!I", body[:4])[0]
            elif kind == b"D":
                rows.append(self._row(body))
            elif kind == b"E":
                error = ServerError({part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part})
                if self.pid is None:
                    raise error
            elif kind == b"Z":
                if error:
                    raise error
                return rows

    @staticmethod
    def _row(body):
        count, position, row = struct.unpack("!H", body[:2])[0], 2, []
        for _ in range(count):
            length = struct.unpack("!i", body[position : position + 4])[0]
            position += 4
            row.append(None if length < 0 else body[position : position + length].decode())
            position += max(0, length)
        return row


class Server:
    """A server of its own in `folder/name`; `start`, `stop`, `destroy`."""

    settings = {
        "fsync": "off",
        "dynamic_shared_memory_type": "mmap",
        "shared_buffers": "64MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "1h",
        "max_connections": "20",
        "wal_level": "replica",
        "hot_standby": "on",
        "wal_retrieve_retry_interval": "500ms",
        "log_line_prefix": "'%m [%p] %b '",
    }

    def __init__(self, major, folder, name="primary", settings=None):
        self.major, self.bin = major, programs(major)
        self.home = os.path.join(folder, name)
        self.name = name
        self.data, self.run = f"{self.home}/data", f"{self.home}/run"
        self.port = free_port()
        self.socket_path = f"{self.run}/.s.PGSQL.{self.port}"
        self.log = f"{folder}/{name}.log"
        self.more = settings or {}
        self.process = None
        for path in (self.home, self.run):
            os.makedirs(path)
            hand_over(path)

    def _run(self, arguments, **options):
        done = subprocess.run(as_server_user(arguments), capture_output=True, text=True, cwd="/", **options)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]}: {done.stderr}{done.stdout}")

    def initialize(self):
        initdb = [f"{self.bin}/initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-locale"]
        self._run(initdb + ["--encoding=UTF8"])
        self.configure()
        self.start()
        session = Session(self)
        session.query("CREATE ROLE howdah LOGIN REPLICATION IN ROLE pg_monitor")
        session.query("CREATE ROLE app LOGIN")
        session.close()
        return self

    def configure(self):
        own = {"port": self.port, "unix_socket_directories": f"'{self.run}'", "listen_addresses": "'127.0.0.1'"}
        lines = [f"{name} = {value}\n" for name, value in {**self.settings, **self.more, **own}.items()]
        with open(f"{self.data}/postgresql.conf", "w", encoding="utf-8") as file:
            file.writelines(lines)

    def standby(self, name="standby"):
        """A copy of this running server that streams from it, stopped."""
        copy = Server(self.major, os.path.dirname(self.home), name, self.more)
        conninfo = f"host={self.run} port={self.port} user=postgres application_name={name}"
        copy._run([f"{self.bin}/pg_basebackup", "-D", copy.data, "-c", "fast", "-X", "stream", "--no-sync", "-d", conninfo])
        copy.more = {**self.more, "primary_conninfo": f"'{conninfo}'"}
        copy.configure()
        open(f"{copy.data}/standby.signal", "w", encoding="utf-8").close()
        hand_over(f"{copy.data}/standby.signal")
        return copy

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                as_server_user([f"{self.bin}/postgres", "-D", self.data]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            )
        wait_until(self.is_accepting, START_SECONDS, f"start of {self.name}, see {self.log}")

    def is_accepting(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended, see {self.log}")
        try:
            Session(self).close()
            return True
        except (OSError, ServerError):
            return False

    @property
    def pid(self):
        """The postmaster's process id; setpriv has become it."""
        return self.process.pid

    def stop(self, how=signal.SIGINT, seconds=60):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.send_signal(signal.SIGCONT)
            self.process.wait(seconds)

    def crashed(self):
        """Waits until the orphans of a killed postmaster are gone, so that it can be started again."""
        self.process.wait(10)
        wait_until(lambda: not self._orphans(), 10, "end of the orphans")

    def _orphans(self):
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.readlink(f"/proc/{name}/cwd") == self.data:
                    found.append(int(name))
            except OSError:
                pass
        return found

    def promote(self):
        path = f"{self.data}/promote"
        open(path, "w", encoding="utf-8").close()
        hand_over(path)
        os.kill(self.pid, signal.SIGUSR1)

    def take_all_slots(self):
        """Takes every slot that an ordinary role may have; gives back the sessions and when the last one was taken."""
        sessions, taken_at = [], time.monotonic()
        while True:
            before = time.monotonic()
            try:
                sessions.append(Session(self, user="app"))
                taken_at = before
            except ServerError as error:
                if error.state != "53300":
                    raise
                return sessions, taken_at

    def destroy(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self._orphans():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)


def readable(descriptor, seconds):
    return bool(select.select([descriptor], [], [], max(0, seconds))[0])
