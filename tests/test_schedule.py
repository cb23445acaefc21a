"""``scrapy schedule`` with real processes: it starts, stops, is killed, and comes back."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from archive.catalogue import Catalogue
from archive.catalogue.schema import runs
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.store import read_store

SCRAPY = Path(sys.executable).with_name("scrapy")
SETTINGS: dict[str, object] = {
    **LOOPBACK,
    "CONTACT": "https://operator.example/",
    "EXTRACT_WORKERS": 1,
    "LOG_LEVEL": "WARNING",
    "RETRY_TIMES": 0,
    "ROBOTSTXT_OBEY": False,
}
_STAMP = re.compile(r"^[\d-]{10} [\d:]{8} \[schedule\] ", re.MULTILINE)


class Site(http.server.ThreadingHTTPServer):
    """A front page that announces one article, which is answered when `open` is set; `asked` when it is asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.open, self.asked = threading.Event(), threading.Event()
        self.open.set()
        self.status = 404  # a page that is read costs a test more time than all the rest
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client was killed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"<p><a href='/a/tide'>The tide</a></p>"
        if self.path.startswith("/a/"):
            self.server.asked.set()
            self.server.open.wait(150)
            body = b"<h1>The tide</h1>" + b"<p>The tide came in at noon and went out again by tea time.</p>" * 5
        self.send_response(self.server.status if self.path.startswith("/a/") else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


class Project:
    """Sources on the site, an archive, and the schedulers that work on it."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site = folder, site
        self.sources, self.store = folder / "sources", Store(folder / "store")
        self.sources.mkdir()
        self._numbers = itertools.count()
        self._processes: list[subprocess.Popen[bytes]] = []

    def source(self, name: str, schedule: str) -> None:
        """Define a source; `schedule` is TOML."""
        home = f"http://127.0.0.1:{self.site.server_port}/"
        text = f'title = "{name}"\nhome = "{home}"\nsections = ["/"]\narticle_urls = ["/a/.*"]\n{schedule}\n'
        (self.sources / f"{name}.toml").write_text(text)

    def begin(self, *args: object, **settings: object) -> Working:
        """Begin ``scrapy ARGS``."""
        command = [str(SCRAPY), *map(str, args)]
        for name, value in {
            **SETTINGS, "SOURCES": self.sources, "ARCHIVE_STORE": self.store.root, **settings
        }.items():  # fmt: skip
            command += ["-s", f"{name}={value}"]
        log = self.folder / f"log-{next(self._numbers)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=file, stderr=file
            )
        self._processes.append(process)
        return Working(process, log)

    def run(self, *args: object, **settings: object) -> Working:
        """Run ``scrapy ARGS`` to its end."""
        working = self.begin(*args, **settings)
        working.process.wait(150)
        return working

    def runs(self, source: str) -> list[dict[str, Any]]:
        """The catalogue's rows of the runs of a source, in order."""
        with Catalogue(self.store.catalogue_path) as catalogue:
            return catalogue.rows(select(runs).where(runs.c.source == source).order_by(runs.c.started))

    def plan(self, source: str) -> dict[str, Any]:
        """What the scheduler remembers of a source."""
        path = self.store.root / "schedule.json"
        return dict(json.loads(path.read_text())["content"].get(source, {})) if path.exists() else {}

    def close(self) -> None:
        """Nothing outlives a test."""
        self.site.open.set()
        for process in self._processes:
            process.kill()
            process.wait()
        until(lambda: not (self.sources.exists() and self._is_crawling()))

    def _is_crawling(self) -> bool:
        locks = (self.store.root / "locks").glob("scheduled-*.lock")
        return any(self.store.is_held(path.stem) for path in locks)


class Working:
    """A process, and what it has written."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def said(self) -> str:
        """All output, without the scheduler's times."""
        text = self._log.read_text("utf-8")
        assert "Traceback" not in text, text
        return _STAMP.sub("", text)

    def says(self, words: str) -> None:
        """Wait until it says that."""
        until(lambda: words in self.said, lambda: self.said)

    def end(self, *signals: signal.Signals) -> int:
        """Send signals; the exit code."""
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(150)


def until(condition: Callable[[], object], tell: Callable[[], str] = lambda: "") -> None:
    """Wait for a condition; minutes are for ever."""
    deadline = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.02)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    site = Site()
    with contextlib.closing(Project(tmp_path, site)) as project:
        yield project
    site.shutdown()
    site.server_close()


def test_once_crawls_what_is_due_and_the_list_tells_of_it(project: Project) -> None:
    project.site.status = 200
    project.source("gazette", 'schedule = "every 2 hours"')
    project.source("herald", 'schedule = "0 6 1 1 *"')
    project.source("by_hand", "")
    project.source("wrong", 'schedule = "61 * * * *"')
    once = project.run("schedule", "--once")
    assert once.process.returncode == 0
    assert "wrong.toml, line 5, key 'schedule': '61 * * * *' is no cron expression" in once.said
    assert "gazette begins.\n" in once.said
    assert "gazette is done: 2 responses, 1 article.\n" in once.said
    assert "herald" not in once.said
    again = project.run("schedule", "--once", "gazette")
    assert (again.process.returncode, "gazette" in again.said) == (0, False)
    assert [row["reason"] for row in project.runs("gazette")] == ["finished"]
    lines = project.run("schedule", "--list").said.splitlines()
    listed = {line.split("\t")[0]: line.split("\t")[1:] for line in lines if "\t" in line}
    assert listed["by_hand"] == ["not scheduled", "never", "", ""]
    assert listed["herald"][:3] == ["At 06:00 on January 1, UTC", "never", ""]
    assert listed["gazette"][0] == "Every 2 hours"
    assert re.fullmatch(r"done in \d+ s: 2 responses, 1 article", listed["gazette"][2])


def test_sigterm_lets_open_exchanges_finish(project: Project) -> None:
    project.source("gazette", 'schedule = "every hour"')
    project.site.open.clear()
    scheduler = project.begin("schedule")
    assert project.site.asked.wait(150)
    second = project.run("schedule")
    assert second.process.returncode == 1
    assert re.search(r"^newswarc: .*store: schedule is in use by a scheduler that started .*; wait for it", second.said)
    scheduler.process.terminate()
    scheduler.says("The scheduler stops gazette; open exchanges finish.")
    project.site.open.set()
    assert scheduler.process.wait(150) == 0
    assert "gazette is stopped and goes on when the scheduler does: 2 responses" in scheduler.said
    assert [row["reason"] for row in project.runs("gazette")] == ["shutdown"]
    exchanges, failures = read_store(project.store.root)
    assert ([e.path for e in exchanges], failures) == (["/", "/a/tide"], [])
    assert project.run("schedule", "--once").process.returncode == 0
    assert [row["reason"] for row in project.runs("gazette")] == ["shutdown", "finished"]
    assert verify(project.store).ok


def test_a_second_signal_kills(project: Project) -> None:
    project.source("gazette", 'schedule = "every hour"')
    project.site.open.clear()
    scheduler = project.begin("schedule")
    assert project.site.asked.wait(150)
    scheduler.process.terminate()
    scheduler.says("stops gazette")
    assert scheduler.end(signal.SIGINT) == 0
    assert "The scheduler kills gazette." in scheduler.said
    assert not project.store.is_held("source-gazette")
    assert project.plan("gazette")["again"]


def test_what_lasts_too_long_is_stopped_and_then_killed(project: Project) -> None:
    project.source("gazette", '[schedule]\nwhen = "every hour"\ntime_limit = "4 seconds"')
    project.site.open.clear()
    once = project.run("schedule", "--once", SCHEDULE_GRACE=1)
    assert once.process.returncode == 0
    assert "gazette lasted too long: it was stopped after 4 seconds.\n" in once.said
    assert project.plan("gazette")["again"] is None
    assert not project.store.is_held("source-gazette")


def test_a_crawl_outlives_its_scheduler_and_is_not_begun_again(project: Project) -> None:
    project.source("gazette", 'schedule = "every hour"')
    project.site.open.clear()
    scheduler = project.begin("schedule")
    assert project.site.asked.wait(150)
    scheduler.end(signal.SIGKILL)
    next_one = project.begin("schedule")
    next_one.says("goes by the schedules of 1 source")
    project.site.open.set()
    until(lambda: not project.plan("gazette")["running"])
    assert project.plan("gazette")["outcome"]["result"] == "done"
    assert next_one.end(signal.SIGTERM) == 0
    assert "gazette begins" not in next_one.said
    assert [row["reason"] for row in project.runs("gazette")] == ["finished"]


def test_a_crawl_by_hand_is_waited_for(project: Project) -> None:
    project.source("gazette", 'schedule = "every 10 seconds"')
    project.site.open.clear()
    by_hand = project.begin("crawl", "gazette")
    assert project.site.asked.wait(150)
    (project.store.root / "schedule.json.new").symlink_to("/dev/full")
    scheduler = project.begin("schedule")
    scheduler.says("gazette is due, but is being crawled already; its run waits for that to end.")
    project.source("herald", 'schedule = "every hour"')  # the sources are looked at now and then
    scheduler.says("herald begins.")
    project.site.open.set()
    assert by_hand.process.wait(150) == 0
    scheduler.says("gazette needs no run now: nothing is due on its site.")
    assert scheduler.end(signal.SIGTERM) == 0
    assert scheduler.said.count("schedule.json: can't be written: No space left on device; runs go on") == 1


def test_killed_at_random_points(project: Project) -> None:
    names = ("gazette", "herald")
    for name in names:
        project.source(name, '[schedule]\nwhen = "every hour"\nretry_after = "0 seconds"')
    moments = random.Random(11)
    for _ in range(3):
        scheduler = project.begin("schedule")
        with contextlib.suppress(subprocess.TimeoutExpired):
            scheduler.process.wait(moments.uniform(0.5, 3))
        scheduler.end(signal.SIGKILL)
    scheduler = project.begin("schedule")
    scheduler.says("goes by the schedules of 2 sources")  # before, a signal would end it like any program
    until(lambda: all((project.plan(n).get("outcome") or {}).get("result") == "done" for n in names))
    until(lambda: not any(project.plan(n)["running"] for n in names))
    assert scheduler.end(signal.SIGTERM) == 0
    for name in names:
        rows = project.runs(name)
        assert [row["reason"] for row in rows] == ["finished"], "once, as if nobody had been killed"
    assert verify(project.store).ok


def test_bad_input(project: Project) -> None:
    project.source("gazette", "")
    ended = project.run("schedule")
    assert ended.process.returncode == 1
    assert re.fullmatch(r"newswarc: No source has a schedule: write schedule = .* into a file in \S+\.\n", ended.said)
    project.source("gazette", 'schedule = "0 6 1 1 *"')
    project.store.create()
    (project.store.root / "schedule.json").write_text('{"gazette": {"when": 5}}')
    ended = project.run("schedule", "--once")
    assert ended.process.returncode == 0
    assert "The scheduler begins anew: " in ended.said
    assert "schedule.json: does not hold what scrapy schedule wrote. It is now" in ended.said
    assert (project.store.root / "schedule.json.damaged").exists()
    assert project.plan("gazette")["when"] == "0 6 1 1 *"
