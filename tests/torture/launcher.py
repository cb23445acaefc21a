"""`Launcher`: starts scrapy commands in an instant. A process that has imported everything forks for each of them.

What runs is Scrapy's real `execute` in a process of its own, which may be killed. When a C compiler is there, all of
them have `faults.c` preloaded, and a `Plan` says which of their calls is spoilt.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

__all__ = ["Ended", "Launcher", "Plan", "Running"]

ROOT = Path(__file__).parents[2]
MARK = "TORTURE_MARK"
"""Stands in the environment of every process that a launcher's commands start."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a command's calls is spoilt, and how: see faults.c."""

    do: str = "count"
    at: int = 1
    lasts: int = 0
    calls: str = "wsn"
    error: int = errno.EIO
    shift: int = 0
    """Seconds."""

    def environment(self, under: Path, say: Path) -> dict[str, str]:
        """The variables of faults.c."""
        return {
            "TORTURE_UNDER": f"{under}/",
            "TORTURE_SAY": str(say),
            "TORTURE_DO": self.do,
            "TORTURE_AT": str(1 << 40 if self.do == "count" else self.at),
            "TORTURE_FOR": str(self.lasts),
            "TORTURE_CALLS": self.calls,
            "TORTURE_ERRNO": str(self.error),
            "TORTURE_SHIFT": str(self.shift),
        }


NO_PLAN = dict.fromkeys(Plan().environment(Path(), Path()), "")


class Ended(msgspec.Struct, frozen=True):
    """How a command ended."""

    code: int
    """Below 0: the signal that ended it."""
    said: str
    """Standard output and error."""
    seconds: float
    calls: int
    """The calls that its main process has made, if a plan had them counted."""
    spoilt: str
    """The first call that was spoilt, or nothing."""


class Running:
    """A command's process."""

    def __init__(self, launcher: Launcher, pid: int, output: Path, say: Path) -> None:
        self._launcher, self.pid, self._output, self._say = launcher, pid, output, say
        self._began = time.monotonic()
        self._descriptor = os.pidfd_open(pid)

    def has_ended(self, within: float) -> bool:
        """Whether it ends within so many seconds."""
        return bool(select.select([self._descriptor], [], [], max(0.0, within))[0])

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal, also to all of its group."""
        with contextlib.suppress(ProcessLookupError):
            if group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def end(self, timeout: float = 120) -> Ended:
        """Wait for its end, and end whatever it has started and left. Raises TimeoutError."""
        if not self.has_ended(timeout):
            self.signal(signal.SIGABRT)
            self.has_ended(5)
            self._launcher.reap(self.pid)
            raise TimeoutError(f"It did not end within {timeout:g} s: {self._output.read_text('utf-8', 'replace')}")
        seconds = time.monotonic() - self._began
        code = self._launcher.reap(self.pid)
        os.close(self._descriptor)
        calls, spoilt = 0, ""
        for line in self._say.read_text("utf-8", "replace").splitlines() if self._say.exists() else ():
            call, number, path = line.split(" ", 2)
            if call == "calls":
                calls = max(calls, int(number))
            else:
                spoilt = spoilt or f"{call} {path}"
        return Ended(code, self._output.read_text("utf-8", "replace"), seconds, calls, spoilt)


class Launcher:
    """Starts commands; a context manager. `folder` is for its files.

    With `shared` all commands have the workers of one fork server, which else takes each of them a second to start. No
    call of these workers is spoilt then.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._count = folder, 0
        self.mark = f"{os.getpid()}-{id(self):x}"
        self.shim = _built(folder)
        """None: no call can be spoilt, since there is no C compiler."""
        environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
        environment |= {"PYTHONPATH": str(ROOT), MARK: self.mark, "PYTHONWARNINGS": "ignore"}
        if self.shim:
            environment["LD_PRELOAD"] = str(self.shim)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.launcher", str(self.shim or ""), "shared" if shared else ""],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._server.stdout is not None
        self._own = {self._server.pid, *map(int, self._server.stdout.readline().split())}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self.sweep()
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(30)
        self._server.stdout.close()

    def start(self, *arguments: object, under: Path | None = None, plan: Plan | None = None) -> Running:
        """``scrapy ARGUMENTS``, with the calls below the folder `under` as the plan says."""
        self._count += 1
        output, say = self._folder / f"said-{self._count % 50}", self._folder / f"spoilt-{self._count % 50}"
        say.unlink(missing_ok=True)
        spoil = plan.environment(under, say) if plan and under and self.shim else NO_PLAN
        pid = self._ask({"arguments": list(map(str, arguments)), "output": str(output), "environment": spoil})
        return Running(self, pid, output, say)

    def reap(self, pid: int) -> int:
        """The exit code of a process that has ended."""
        return self._ask({"reap": pid})

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def sweep(self) -> None:
        """Kill what commands of this launcher have left behind, and wait until it is gone."""
        for _ in range(100):
            left = list(self._left())
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                return
            time.sleep(0.01)

    def _left(self) -> Iterator[int]:
        """Processes with our mark that were executed by a command: forked ones keep the launcher's command line."""
        wanted = f"{MARK}={self.mark}".encode()
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) not in self._own:
                with contextlib.suppress(OSError):
                    if (
                        wanted in (folder / "environ").read_bytes()
                        and b"State:\tZ" not in (folder / "status").read_bytes()
                    ):
                        yield int(folder.name)


def _built(folder: Path) -> Path | None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    shim = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return shim


def _serve(shim: str, *, shared: bool) -> None:
    """Fork a command for each line on standard input, or tell how one ended."""
    import gc
    import importlib

    for name in (
        "scrapy.cmdline", "scrapy.crawler", "scrapy.core.engine", "crawler.addon", "crawler.spider",
        "crawler.pipelines", "crawler.handlers", "crawler.replaying", "crawler.rerunning", "crawler.summary",
        "crawler.health", "crawler.watching.reporter", "crawler.scheduling.service", "crawler.resolver",
        "crawler.tdmrep", "archive.rerun", "archive.export.formats", "archive.export.wacz", "archive.rebuild",
        "archive.verification.verify", "archive.extraction.extractor", "archive.health.quarantine",
        "archive.history.changes", "tests.torture.notes",
    ):  # fmt: skip
        importlib.import_module(name)
    for path in sorted((ROOT / "crawler" / "commands").glob("[a-z]*.py")):
        importlib.import_module(f"crawler.commands.{path.stem}")
    assert "twisted.internet.reactor" not in sys.modules
    print(*(_start_fork_server() if shared else ()), flush=True)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["reap"], 0)[1])
        elif not (answer := os.fork()):
            _become(order, shim)
            return
        print(answer, flush=True)


def _start_fork_server() -> tuple[int, int]:
    """Start the fork server of all commands; they find it running. Returns the processes that belong to it."""
    from multiprocessing import forkserver, resource_tracker

    from archive import workers

    workers.ExtractorPool(1).close(abandon=True)
    server: Any = forkserver._forkserver
    # It would ask for a child process, which it is not of theirs.
    server.ensure_running = forkserver.ensure_running = lambda: None  # type: ignore[assignment]
    return server._forkserver_pid, resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]


def _become(order: dict[str, Any], shim: str) -> None:
    import ctypes

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(output)
    sys.stdin = open(0)  # noqa: SIM115
    os.environ.update(order["environment"])
    if shim:
        ctypes.CDLL(shim).torture_begin()
    sys.argv = ["scrapy", *order["arguments"]]
    from scrapy.cmdline import execute

    execute()


if __name__ == "__main__":
    _serve(sys.argv[1], shared=bool(sys.argv[2]))
