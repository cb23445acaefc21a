"""``python -m tests.benchmarks.room``: how long a reader waits for the pages of a large archive.

Over the invented archive (`tests.benchmarks.library`) and the servers as ``scrapy serve`` starts them, with replay
where pywb is set up: one reader, one kept-open connection to each. CPU is that of the server's process.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.storage import Store
from tests.benchmarks.library import COPIES, DIARY, LANGUAGES, MANY, SOURCES, VOCABULARY, build, version_id
from tests.benchmarks.search import print_times

__all__ = ["main"]

_ROOT = Path(__file__).parents[2]
_SCRAPY = "import sys; from scrapy.cmdline import execute; sys.exit(execute(['scrapy', *sys.argv[1:]]))"
_FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
_WARMING = 3
"""Requests of a kind that are not counted."""

Path_ = Callable[[random.Random], str]
Times = list[tuple[float, float]]
"""Seconds, and seconds of CPU."""


class _Server:
    """A server process, asked over one connection."""

    def __init__(self, origin: str, pid: int) -> None:
        self.pid = pid
        self._host = urlsplit(origin).netloc
        self._connection = http.client.HTTPConnection("127.0.0.1", int(self._host.rpartition(":")[2]))
        self._headers = {"Host": self._host}

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        self._connection.request("GET", path, headers={**self._headers, **headers})
        response = self._connection.getresponse()
        return response.status, response.read()

    def measure(self, paths: Sequence[str], status: int = 200, **headers: str) -> Times:
        times = []
        for path in paths:
            started, cpu = time.perf_counter(), self.cpu()
            got, body = self.get(path, **headers)
            times.append((time.perf_counter() - started, self.cpu() - cpu))
            if got != status:
                raise RuntimeError(f"{path}: answered with {got}: {body[:300]!r}")
        return times[_WARMING:]

    def cpu(self) -> float:
        """Seconds of CPU that the process has used, all its threads (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def peak(self) -> int:
        """Megabytes of memory that it had at most."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[_Server, _Server | None]]:
    """The reading room, and replay if pywb is set up."""
    command = [sys.executable, "-c", _SCRAPY, "serve", "--port", "0", "--replay-port", "0"]
    command += ["-s", f"ARCHIVE_STORE={folder.absolute()}"]
    has_replay = (_ROOT / ".venv-pywb" / "bin" / "python").exists()
    command += [] if has_replay else ["--no-replay"]
    process = subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stderr.readline()
            if not line:
                raise RuntimeError(f"The server did not start: {said}")
            said += line
        origins = re.findall(r"http://[^/\s]+", said)
        room, replay = _Server(origins[0], process.pid), None
        if has_replay:
            children = Path(f"/proc/{process.pid}/task/{process.pid}").parent.glob("*/children")
            replay = _Server(origins[1], int(next(pid for path in children for pid in path.read_text().split())))
        yield room, replay
    finally:
        process.terminate()
        process.wait(20)


def _pages(articles: Sequence[Row]) -> Iterator[tuple[str, Path_]]:
    """What the reading room is asked for."""
    words = VOCABULARY.words
    rare: Path_ = lambda rng: words[rng.randrange(5_000, 50_000)]  # noqa: E731
    frequent: Path_ = lambda rng: words[rng.randrange(60, 120)]  # noqa: E731

    def url(rng: random.Random) -> str:
        return quote(rng.choice(articles)["url"], safe="")

    def copy(rng: random.Random) -> str:
        return version_id(rng.randrange(len(articles) // COPIES) * COPIES + 1)

    year = "since=2020-03-01&until=2021-02-28"
    yield "search, a rare word", lambda r: f"/search?q={rare(r)}"
    yield "search, a frequent word", lambda r: f"/search?q={frequent(r)}"
    yield "search, source and year", lambda r: f"/search?q={frequent(r)}&source={r.choice(SOURCES)}&{year}"
    yield "search, a language", lambda r: f"/search?q={frequent(r)}&language={r.choice(list(LANGUAGES)[:3])}"
    yield "search, page 50", lambda r: f"/search?q={frequent(r)}&page=50"
    yield "latest", lambda _: "/"
    yield "latest, source and year", lambda r: f"/search?source={r.choice(SOURCES)}&{year}"
    yield "article", lambda r: f"/article?url={url(r)}"
    yield "article, a copy", lambda r: f"/article?version={copy(r)}"
    yield "history", lambda r: f"/history?url={url(r)}"
    yield "compare, with a copy", lambda r: f"/compare?a={copy(r)}&b={copy(r)}"
    yield "source", lambda r: f"/source/{r.choice(SOURCES)}"
    yield "sources", lambda _: "/sources"
    yield "API search, a rare word", lambda r: f"/api/search?q={rare(r)}"
    yield "API search, a frequent word", lambda r: f"/api/search?q={frequent(r)}"
    yield "API article", lambda r: f"/api/article?url={url(r)}"
    diary = quote(DIARY, safe="")
    yield "history, 1,000 versions", lambda _: f"/history?url={diary}"
    yield "article, 1,000 versions", lambda _: f"/article?url={diary}"
    yield "compare, of 1,000 versions", lambda r: f"/compare?a={version_id(-r.randint(1, 999))}&b={version_id(-1000)}"


def _measure_room(room: _Server, articles: Sequence[Row], rounds: int, only: str) -> None:
    for name, path in _pages(articles):
        if only in name:
            rng = random.Random(name)
            times = min(rounds, 10) if "1,000" in name else rounds
            print_times(name, room.measure([path(rng) for _ in range(times + _WARMING)]))


def _measure_replay(room: _Server, replay: _Server, articles: Sequence[Row], rounds: int, only: str) -> None:
    chosen = random.Random(3).choices(articles, k=rounds + _WARMING)
    _, page = room.get(f"/article?url={quote(articles[0]['url'], safe='')}")
    frame = re.search(rb'src="http://[^/"]+(/[^/"]+)/', page)
    assert frame is not None, "the article's page has no frame"
    if only in "replayed page":
        paths = [f"{frame[1].decode()}/{_stamp(row['first_seen'])}mp_/{row['url']}" for row in chosen]
        print_times("replayed page", replay.measure(paths, **_FRAMED))
    if only in "TimeGate":
        print_times("TimeGate", replay.measure([f"/web/{row['url']}" for row in chosen], 302))


def _stamp(date: str) -> str:
    return "".join(c for c in date if c.isdigit())[:14]


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the archive, serve it, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.room", description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000, help=f"so many (default 10000; {MANY} take minutes)")
    parser.add_argument("--rounds", type=int, default=100, help="times that each page is asked for")
    parser.add_argument("--folder", type=Path, help="build the archive there and leave it, or use the one there")
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        store: Store = build(chosen.folder or Path(folder), chosen.articles)
        with Catalogue(store.catalogue_path, read_only=True) as catalogue:
            count = catalogue.counts()["articles"]
            articles = [row for row in catalogue.articles(limit=count) if row["url"] != DIARY]
        with _serving(store.root) as (room, replay):
            print(f"{count} articles, one reader; load {os.getloadavg()[0]:.1f}")
            print(f"{'milliseconds':<34}{'p50':>8}{'p99':>8}{'max':>8}   of CPU:{'p50':>7}{'p99':>8}{'max':>8}")
            _measure_room(room, articles, chosen.rounds, chosen.only)
            if replay:
                _measure_replay(room, replay, articles, chosen.rounds, chosen.only)
            else:
                print("pywb is not set up (make replay-setup): no replay.")
            print(
                f"Memory at its highest: reading room {room.peak()} MB"
                + (f", replay {replay.peak()} MB." if replay else ".")
            )


if __name__ == "__main__":
    main()
