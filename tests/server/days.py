"""`live()`: several runs of one source in one process, each at its own time, over a site whose pages change in time.

The site is served by the process that crawls it, so that both go by one clock. ``python days.py SPEC`` prints what
was asked for and counted in each run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any

__all__ = ["Asked", "Ran", "State", "live"]

ROOT = Path(__file__).parents[2]
START = dt.datetime(2026, 11, 2, 6, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class State:
    """What a page is like from some time on (hours after `START`)."""

    since: float = 0
    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Besides Content-Type and Content-Length."""
    etag: str | None = "own"
    """``own``: made of the body; ``new``: another one each time; None: none; anything else as it stands."""
    honours: bool = True
    """Whether it answers 304 to a request that names its ETag or date."""
    lies: bool = False
    """It answers 304 to every conditional request."""


@dataclass(frozen=True)
class Asked:
    """A request and its answer."""

    path: str
    status: int
    is_conditional: bool
    at: float
    """Real seconds, to compare."""


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    asked: list[Asked]
    stats: dict[str, Any]
    log: str

    @property
    def paths(self) -> list[str]:
        """What was asked for, without robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]


def live(
    site: Mapping[str, Sequence[State]],
    runs: Sequence[float | tuple[float, Mapping[str, str]]],
    folder: Path,
    definition: str,
    **settings: object,
) -> list[Ran]:
    """Crawl a site at each of these hours after `START`, perhaps with arguments (``-a``), into ``folder/store``.

    The site is ``http://www.gazette.example``; `definition` is the source's TOML file without title and home.
    """
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    (sources / "gazette.toml").write_text(
        f'title = "The Gazette"\nhome = "http://www.gazette.example/"\n{definition}', "utf-8"
    )
    spec = {
        "site": {path: [asdict(state) for state in states] for path, states in site.items()},
        "runs": [(run, {}) if isinstance(run, int | float) else run for run in runs],
        "settings": {"ARCHIVE_STORE": str(folder / "store"), "SOURCES": [str(sources)], **settings},
    }
    (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
    environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, __file__, str(folder / "spec.json")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    ran = json.loads(done.stdout)
    return [Ran([Asked(**asked) for asked in run["asked"]], run["stats"], run["log"]) for run in ran]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, site: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site
        self.hour = 0.0
        self.asked: list[Asked] = []

    def state(self, path: str) -> State:
        states = [State(**state) for state in self.site.get(path, [])]
        return next((s for s in reversed(states) if s.since <= self.hour), State(status=404, etag=None))


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        import time

        state = self.server.state(self.path)
        data = state.body.encode()
        etag = {"own": f'"{hashlib.sha256(data).hexdigest()[:12]}"', "new": f'"{len(self.server.asked)}"'}.get(
            state.etag or "", state.etag
        )
        modified = (START + dt.timedelta(hours=state.since)).replace(microsecond=0)
        headers = {"Last-Modified": format_datetime(modified, usegmt=True), **state.headers}
        if etag and state.status == 200:
            headers["ETag"] = etag
        wants, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        same = wants == etag if wants else since == headers["Last-Modified"] if since else False
        unmodified = state.status == 200 and ((state.lies and bool(wants or since)) or (state.honours and same))
        status = 304 if unmodified else state.status
        self.server.asked.append(Asked(self.path, status, bool(wants or since), time.monotonic()))
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Type", headers.get("Content-Type", "text/html; charset=utf-8"))
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 304:
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main(spec: dict[str, Any]) -> None:
    """Run the crawls of a spec one after the other and print what came of them."""
    import logging

    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.utils.project import get_project_settings

    from archive import clock
    from crawler.command import Crawls
    from crawler.summary import counts

    server = _Server(spec["site"])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings = get_project_settings()
    defaults = {
        "AUTOTHROTTLE_ENABLED": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 4, "DOWNLOAD_DELAY": 0, "EXTRACT_WORKERS": 1,
        "PRIVATE_NETWORKS_ALLOWED": ["127.0.0.0/8"], "RETRY_ENABLED": False, "LOG_LEVEL": "INFO",
        "TDMREP": False,
        "CONNECT_TO": [f":80:127.0.0.1:{server.server_address[1]}"],
    }  # fmt: skip
    for name, value in {**defaults, **spec["settings"]}.items():
        settings.set(name, value, priority="cmdline")
    logs: list[list[str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if logs:
                logs[-1].append(self.format(record))

    crawls = Crawls(AsyncCrawlerProcess(settings))
    logging.getLogger().addHandler(Keep())
    marks: list[int] = []

    def start(hour: float, arguments: dict[str, str]) -> None:
        server.hour = hour
        marks.append(len(server.asked))
        logs.append([])
        crawls.add("gazette", arguments)

    first, *others = spec["runs"]
    for run in others:
        crawls.then(lambda run=run: start(*run))  # type: ignore[misc]
    with clock.showing(lambda: START + dt.timedelta(hours=server.hour)):
        start(*first)
        code = crawls.run()
    ends = [*marks[1:], len(server.asked)]
    ran = [
        {"asked": [asdict(a) for a in server.asked[mark:end]], "stats": counts(crawler), "log": "\n".join(log)}
        for mark, end, crawler, log in zip(marks, ends, crawls.crawlers, logs, strict=True)
    ]
    print(json.dumps(ran))
    sys.exit(code)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
