"""A `howdah serve` beside a server, and its verdicts as they arrive."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

from postgres import ROOT, as_server_user, free_port, hand_over, wait_until

HOWDAH = os.environ.get("HOWDAH_BINARY", os.path.join(ROOT, ".build", "release", "howdah"))
PROBE = os.environ.get("HOWDAH_PROBE_BINARY", os.path.join(ROOT, ".build", "release", "howdah-probe"))

# An empty file system over the server's folder hides data directory and socket.
HIDE = 'mount -t tmpfs none "$0" && exec "$@"'


def need(path):
    if not os.path.exists(path):
        raise SystemExit(f"{path} is not there: build it with `swift build -c release --static-swift-stdlib`")


class Sidecar:
    """`howdah serve`; with `local` false it sees neither files nor processes of the server, as from another host."""

    def __init__(self, server, folder, local=True, flags=()):
        need(HOWDAH)
        self.local = local
        self.port, self.local_port = free_port(), free_port()
        self.run = f"{folder}/sidecar.run"
        os.makedirs(self.run, exist_ok=True)
        hand_over(self.run)
        host = server.run if local else "127.0.0.1"
        arguments = as_server_user([
            HOWDAH, "serve", "--postgres", f"host={host} port={server.port} user=howdah dbname=postgres",
            "--listen", f"127.0.0.1:{self.port}", "--local-listen", f"127.0.0.1:{self.local_port}",
            "--run-directory", self.run, "--store", "memory", "--log-format", "json", *flags,
        ])
        if not local:
            isolate = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            arguments = isolate + ["sh", "-c", HIDE, server.home] + arguments
        self.log = f"{folder}/sidecar.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        try:
            wait_until(self.answers, 20, f"first answer of the sidecar, see {self.log}")
        except BaseException:
            self.stop()
            raise

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the sidecar ended, see {self.log}")
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.local_port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def state(self):
        return json.loads(self.get("/state")[1])

    @property
    def pid(self):
        """Howdah's process id: setpriv becomes it, while unshare stays behind as its parent."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as file:
            children = file.read().split()
        return self.process.pid if self.local or not children else int(children[0])

    def stop(self, kill=False):
        if self.process.poll() is not None:
            return
        os.kill(self.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()


class Verdicts(threading.Thread):
    """Every verdict of `/events`, each with the monotonic time at which its last byte arrived."""

    def __init__(self, sidecar):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", sidecar.local_port)
        self.connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
        # Where the answer says that it ends with the connection, http.client keeps no hold of the socket.
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise RuntimeError(f"/events answers {self.response.status}")
        self.changed = threading.Condition()
        self.seen = []
        self.is_over = False
        self.start()
        if self.first(lambda _: True, since=0, seconds=10) is None:
            raise TimeoutError("/events sends nothing")

    def run(self):
        try:
            while line := self.response.readline():
                if line.startswith(b"data:"):
                    self._record(time.monotonic(), line[5:])
        except (OSError, ValueError, http.client.HTTPException):
            pass  # closed by us, or the sidecar has gone; who waits learns of it below
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def _record(self, at, text):
        document = json.loads(text)
        with self.changed:
            self.seen.append((at, document))
            self.changed.notify_all()

    def first(self, matches, since, seconds):
        """The arrival time of the first verdict after `since` that matches; None if none comes in time."""
        deadline, looked = time.monotonic() + seconds, 0
        with self.changed:
            while True:
                for at, document in self.seen[looked:]:
                    if at >= since and matches(document):
                        return at
                looked = len(self.seen)
                left = deadline - time.monotonic()
                if left <= 0 or self.is_over:
                    return None
                self.changed.wait(left)

    def settle(self, matches, seconds=60, quiet=0.3):
        """Waits until the latest verdict matches and has held for a moment."""

        def holds():
            with self.changed:
                at, document = self.seen[-1]
            return matches(document) and time.monotonic() - at >= quiet

        try:
            wait_until(holds, seconds, "settling")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the latest verdict is {self.digest()}") from None

    def forget(self):
        with self.changed:
            self.seen = self.seen[-1:]

    def digest(self):
        with self.changed:
            document = self.seen[-1][1]
        return " ".join(str(document.get(key)) for key in ("state", "phase", "role", "summary"))

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join(5)
        self.connection.close()
