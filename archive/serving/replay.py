"""`Replay`: pywb's process, kept running."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import secrets
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from archive import clock
from archive.access.tickets import Tickets
from archive.errors import ServingError
from archive.serving.addresses import aliases
from archive.serving.environment import PywbEnvironment
from archive.storage import Store
from archive.web.scripts import HOLDS, Scripts

__all__ = ["Replay", "Scripts", "scripts_of"]


_HERE = Path(__file__).parent
_CODE = "import sys; sys.path.append(sys.argv[1]); from wayback.app import main; main()"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "NO_PROXY": "*"}
_FIRST_START, _STOP, _ASK = 60.0, 3.0, 5.0
_PATIENCE = 30.0
"""Seconds without an answer after which the process is taken for hung: hostile pages try that."""
_PAUSES = (0.5, 1, 2, 4, 8, 15, 30)
"""Seconds before each new start, while starts follow each other."""
_STEADY = 60.0
"""After so many seconds an end is taken for an accident, not for the next one of a row."""


def scripts_of(value: str) -> Scripts:
    """The setting's value as one of `Scripts`; raises `ServingError` if it is none."""
    known: tuple[Scripts, ...] = get_args(Scripts)
    for scripts in known:
        if value == scripts:
            return scripts
    raise ServingError(f"REPLAY_SCRIPTS {value!r}: must be held, always or never.")


class Replay:
    """Starts pywb over a store's originals, starts it again when it ends, and tells how it is.

    The process inherits the listening socket, so that a request during a new start waits instead of failing.
    It ends with ours, however that ends: its standard input is a pipe that only we hold open.
    """

    def __init__(
        self,
        store: Store,
        environment: PywbEnvironment,
        listener: socket.socket,
        *,
        origin: str,
        room: str,
        memory: int = 0,
        scripts: Scripts = "held",
        users: Path | None = None,
        rate: int = 0,
        proxies: Sequence[str] = (),
        say: Callable[[str], None],
    ) -> None:
        """`origin` is replay's public one, `room` the reading room's; `memory` bytes of address space, 0: no limit.

        `scripts`: whether those of archived pages run where the browser holds them, always, or never. With a file of
        `users` (`archive.access.accounts`) frames need a ticket and programs a token; `rate` and `proxies` are as in
        `archive.web.app.create_app`.
        """
        self.origin = origin
        self.token = secrets.token_urlsafe(18)
        """First part of the paths of frames; who knows it may read the archive from a page."""
        key = secrets.token_bytes(32)
        self._tickets = Tickets(key) if users else None
        self._listener, self._say = listener, say
        self._python = environment.python
        self._terms: dict[str, Any] = {
            "root": str(store.root.absolute()),
            "origin": origin,
            "room": room,
            "hosts": aliases(listener),
            "token": self.token,
            "key": key.hex(),
            "users": str(users.absolute()) if users else "",
            "rate": rate,
            "proxies": list(proxies),
            "scripts": scripts,
            "holds": HOLDS,
            "memory": memory,
            "socket": listener.fileno(),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._since: dt.datetime | None = None
        self._restarts = 0
        self._problem: str | None = "Replay is starting."
        self._errors: deque[str] = deque(maxlen=20)
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="replay", daemon=True)

    def start(self) -> None:
        """Start it and wait until it answers. Raises `ServingError` if it doesn't."""
        self._thread.start()
        until = time.monotonic() + _FIRST_START
        while not self._ready.wait(0.05):
            if self._restarts or time.monotonic() > until or not self._thread.is_alive():
                problem = self._problem
                self.stop()
                raise ServingError(f"{problem} scrapy serve --no-replay serves the reading room alone.")

    def path(self) -> str:
        """The path below which a frame is let in, from now on for a while where there are users."""
        return f"/{self._tickets.make() if self._tickets else self.token}"

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stopping.set()
        self._end()
        if self._thread.is_alive():
            self._thread.join(_STOP + 2)

    def state(self) -> dict[str, Any]:
        """How it is: ``up``, ``origin``, ``since`` (ISO 8601), ``restarts``, ``problem`` (a sentence)."""
        return {
            "up": self._since is not None,
            "origin": self.origin,
            "since": self._since.isoformat(timespec="seconds") if self._since else None,
            "restarts": self._restarts,
            "problem": self._problem,
        }

    # The process

    def _keep_running(self) -> None:
        starts = 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._errors.clear()
            try:
                ended = self._run()
            except OSError as error:
                ended = f"{self._python} can't be run: {error.strerror}"
            self._since, self._process = None, None
            if self._stopping.is_set():
                return
            starts = 1 if time.monotonic() - begun > _STEADY else starts + 1
            pause = _PAUSES[min(starts, len(_PAUSES)) - 1]
            self._problem = f"Replay ended: {ended}."
            self._restarts += 1
            if self._ready.is_set():
                self._say(f"{self._problem} Starting it again in {pause:g} s.")
            self._stopping.wait(pause)

    def _run(self) -> str:
        """One life of the process; returns why it ended."""
        process = subprocess.Popen(  # noqa: S603 - our own code in our own environment
            [str(self._python), "-I", "-B", "-W", "ignore", "-c", _CODE, str(_HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us alone
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        hearing = threading.Thread(target=self._hear, args=(process,), daemon=True)
        hearing.start()
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._terms).encode() + b"\n")
            process.stdin.flush()
        if process.stdout.readline() == b"ready\n" and not self._stopping.is_set():
            self._problem, self._since = None, clock.now()
            self._ready.set()
            hung = self._watch(process)
        else:
            hung = False
            self._end()
        code = process.wait()
        hearing.join(1)
        for pipe in (process.stdin, process.stdout):
            pipe.close()
        if hung:
            return f"it gave no answer for {_PATIENCE:g} seconds"
        last = self._errors[-1] if self._errors else ""
        return f"exit code {code}" + (f", {last}" if last else "")

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Until it ends; True if it had to be killed because it hung."""
        answered = time.monotonic()
        while not self._stopping.is_set():
            try:
                process.wait(_ASK)
            except subprocess.TimeoutExpired:
                if self._answers():
                    answered = time.monotonic()
                elif time.monotonic() - answered > _PATIENCE:
                    process.kill()
                    return True
            else:
                return False
        self._end()
        return False

    def _answers(self) -> bool:
        host, port = self._listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - such a socket answers there too
        connection = http.client.HTTPConnection(host, port, timeout=_ASK)
        try:
            connection.request("GET", "/-/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what it complains about."""
        assert process.stderr is not None
        with process.stderr:
            for raw in process.stderr:
                line = "".join(c if c.isprintable() else "\ufffd" for c in raw.decode("utf-8", "replace").rstrip())
                if line:
                    self._errors.append(line[:500])
                    if self._ready.is_set():
                        self._say(f"replay: {line[:500]}")

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()  # it ends by itself
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
