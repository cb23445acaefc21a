"""What real crawls show: on a terminal, in a pipe, as JSON, and to a scheduler's metrics."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archive.catalogue import Catalogue
from archive.storage import Store
from tests.server.crawl import ROOT
from tests.server.raw import RawServer, Reply

SCRAPY = Path(sys.executable).with_name("scrapy")
_CODES = re.compile(r"\x1b\[\??[\d;]*[A-Za-z]")


class Gazette:
    """A source whose front page announces an article that is not there, and an archive for it."""

    def __init__(self, folder: Path, server: RawServer) -> None:
        self.store = folder / "store"
        self.sources = folder / "sources"
        self.sources.mkdir()
        server.add("/", _reply(b"<p><a href='/a/tide'>The tide</a></p>"))
        server.add("/a/tide", _reply(b"gone", "404 Not Found"))
        (self.sources / "gazette.toml").write_text(
            f'title = "Gazette"\nhome = "{server.url("/")}"\nsections = ["/"]\narticle_urls = ["/a/.*"]\n'
            'schedule = "every hour"\n'
        )

    def command(self, *args: str, **settings: object) -> list[str]:
        """``scrapy ARGS``, without pauses."""
        options = {
            "ARCHIVE_STORE": self.store, "SOURCES": self.sources, "CONTACT": "https://operator.example/",
            "AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0, "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
            "ROBOTSTXT_OBEY": False, "RETRY_ENABLED": False, "TDMREP": False, **settings,
        }  # fmt: skip
        return [str(SCRAPY), *args, *(word for name, value in options.items() for word in ("-s", f"{name}={value}"))]


def _reply(body: bytes, status: str = "200 OK") -> Reply:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return Reply((head.encode() + body,))


def environment(**others: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), **others}


@pytest.fixture
def gazette(tmp_path: Path) -> Iterator[Gazette]:
    with RawServer() as server:
        yield Gazette(tmp_path, server)


def on_a_terminal(command: list[str]) -> str:
    """All that a command writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(TERM="xterm", COLUMNS="100", LINES="40"),
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65536):
            written += data
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(150) == 0, written
    return written.decode()


def test_a_crawl_on_a_terminal(gazette: Gazette) -> None:
    written = on_a_terminal(gazette.command("crawl", "gazette"))
    shown = [line.strip() for line in _CODES.sub("", written).splitlines()]
    assert "Traceback" not in written
    assert [line for line in shown if line.startswith("source ")]
    # The last view counts all, and stands below the summary.
    last = max(n for n, line in enumerate(shown) if line.startswith("gazette "))
    assert shown[last].split()[:2] + shown[last].split()[3:6] == ["gazette", "2", "0", "0", "1"]
    assert last > max(n for n, line in enumerate(shown) if "gazette is done" in line)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l"), "the cursor is back"
    assert [line for line in shown if "answers 404; it is archived." in line]


def test_json_and_plain_lines_in_a_pipe(gazette: Gazette) -> None:
    done = subprocess.run(
        gazette.command("crawl", "gazette", LOG_JSON=1, LOGSTATS_INTERVAL=0.001),
        cwd=ROOT, env=environment(TERM="xterm"), capture_output=True, text=True, timeout=150, check=True,
    )  # fmt: skip
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    assert logged[0]["message"].startswith("Scrapy ")
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in logged)
    assert [line for line in logged if re.match(r"gazette: \d pages? \(\d+ a minute\), 0 articles", line["message"])]
    with Catalogue(Store(gazette.store).catalogue_path) as catalogue:
        (row,) = catalogue.runs()
    (last,) = [line for line in logged if line["message"].startswith("gazette is done")]
    assert (last["source"], last["run"], last["level"]) == ("gazette", row["id"], "INFO")
    assert row["tally"].responses == {"2xx": 1, "4xx": 1}
    assert "stats" in row
    failed = subprocess.run(
        gazette.command("crawl", "herald", LOG_JSON=1),
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    said = json.loads(failed.stderr.splitlines()[-1])
    assert (said["level"], said["logger"]) == ("ERROR", "newswarc")


def test_a_scheduler_hears_its_crawls(gazette: Gazette) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        gazette.command("schedule", "--metrics-port", port, LOG_JSON=1),
        cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines: list[str] = []
    assert process.stderr is not None
    reading = threading.Thread(target=lambda stream=process.stderr: lines.extend(stream))
    reading.start()
    try:
        deadline = time.monotonic() + 150
        while (found := _metrics(port)).get(("newswarc_runs_total", "done")) != 1:
            assert time.monotonic() < deadline, lines
            time.sleep(0.05)
        assert found["newswarc_responses_total", "2xx"] == found["newswarc_responses_total", "4xx"] == 1
        assert found["newswarc_last_run_result", "done"] == 1
        assert found["newswarc_running", ""] == 0
    finally:
        process.terminate()
        assert process.wait(150) == 0
        reading.join()
        process.stderr.close()
    logged = [json.loads(line) for line in lines]
    assert {line.get("source") for line in logged} <= {"gazette", None}
    assert [line for line in logged if line["message"].startswith("gazette is done: 2 responses")]
    assert [line for line in logged if line.get("run") and "answers 404" in line["message"]]


def _metrics(port: str) -> dict[tuple[str, str], float]:
    """Values by name and the label beside the source."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
    except urllib.error.URLError:
        return {}
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(s.name, "".join(v for k, v in s.labels.items() if k != "source")): s.value for s in samples}


def test_runs_are_listed(tmp_path: Path) -> None:
    from archive.run import Run

    store = Store(tmp_path / "store")
    Run(store, "ellery").finish("finished", {"n": 1})
    Run(store, "gazette").finish("shutdown", {})

    def runs(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRAPY, "runs", *args, "-s", f"ARCHIVE_STORE={store.root}"],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip

    listed = runs()
    cells = [line.split("\t") for line in listed.stdout.splitlines()]
    assert sorted((row[0], row[3], row[4], row[9]) for row in cells) == [
        ("ellery", "done", "0", "0 B"), ("gazette", "stopped", "0", "0 B"),
    ]  # fmt: skip
    told = json.loads(runs("ellery", "--json").stdout)
    assert (told["source"], told["end"], told["stats"], told["tally"]["responses"]) == ("ellery", "done", {"n": 1}, {})
    refused = runs("nobody")
    assert refused.returncode == 1
    assert refused.stderr == "newswarc: The archive has no run of 'nobody'; it has runs of: ellery, gazette.\n"
