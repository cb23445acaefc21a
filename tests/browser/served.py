"""`scrapy demo` and `scrapy serve` as a user starts them, and Chromium for which there is only this machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.archive.serving.pywb import ROOT, needs_pywb, pywb_python

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["CHROMIUM", "NEEDS_CHROMIUM", "REAL", "Served", "browsing", "scrapy", "serving", "start"]

CHROMIUM = shutil.which("chromium")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no chromium here; CI has it")
REAL = [needs_pywb, NEEDS_CHROMIUM]
"""Marks of tests that need pywb, too."""

_QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
_NOWHERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
_READY = "stops both"


class Served:
    """A running `scrapy serve`."""

    def __init__(self, process: subprocess.Popen[str], room: str, replay: str, store: Path) -> None:
        self.process, self.room, self.replay, self.store = process, room, replay, store
        """`room` and `replay` are origins."""

    @property
    def children(self) -> list[int]:
        """Its child processes: there is one, pywb's."""
        path = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in path.iterdir() for pid in (task / "children").read_text().split()]


def scrapy(*command: str, store: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """A scrapy command of the project, with settings; waits for its end."""
    return subprocess.run(_command(*command, store=store, **options), cwd=ROOT, env=_environment(),
                          capture_output=True, text=True, timeout=240, check=False)  # fmt: skip


def start(*command: str, store: Path, **options: object) -> subprocess.Popen[str]:
    """The same, while it runs."""
    return subprocess.Popen(_command(*command, store=store, **options), cwd=ROOT, env=_environment(),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


@contextmanager
def serving(store: Path, *options: str) -> Iterator[Served]:
    """`scrapy serve` on two free ports, until the end of the block; both answer."""
    environment = Path(pywb_python()).parent.parent
    ports = ["--port", "0", "--replay-port", "0"]
    with start("serve", *ports, *options, store=store, REPLAY_ENVIRONMENT=environment) as process:
        assert process.stderr is not None
        said = ""
        while _READY not in said and (line := process.stderr.readline()):
            said += line
        found = re.findall(r"(http://[\w.]+:\d+)/", said)
        assert len(found) >= 2, said
        rest: list[str] = []
        reading = Thread(target=lambda: rest.extend(process.stderr or ()))
        reading.start()
        try:
            for address in (f"{found[0]}/api/health", f"{found[1]}/-/health"):
                with urllib.request.urlopen(address, timeout=30) as answer:
                    assert answer.status == 200
            yield Served(process, found[0], found[1], store)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            reading.join()
    assert code == 0, "".join(rest)
    assert not [line for line in rest if "Traceback" in line or "replay:" in line], "".join(rest)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium that can reach nothing but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM or "chromium",
            args=["--no-sandbox", *_QUIET, f"--host-resolver-rules={_NOWHERE}"],
        )
        yield browser
        browser.close()


def _command(*command: str, store: Path, **options: object) -> list[str]:
    given = {"ARCHIVE_STORE": store, **options}
    settings = [part for name, value in given.items() for part in ("-s", f"{name}={value}")]
    return [sys.executable, "-m", "scrapy", *command, *settings]


def _environment() -> dict[str, str]:
    """Ours, without a proxy that Scrapy would take."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
