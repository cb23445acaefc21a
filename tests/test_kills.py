"""kill -9 of any spider's run: what a callback has seen is in the archive, and the next run makes it sound.

Kills of crawls of sources, re-runs, rebuilds, exports and schedules: tests/torture.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from archive.catalogue import Catalogue
from archive.reader import read_records
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.crawl import ROOT
from tests.server.site import Site

SCRAPY = Path(sys.executable).with_name("scrapy")
SETTINGS: dict[str, object] = {
    "AUTOTHROTTLE_ENABLED": False,
    "TDMREP": False,
    "CONCURRENT_REQUESTS": 8,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "CONTACT": "https://operator.example/",
    "DOWNLOAD_DELAY": 0,
    "LOG_LEVEL": "ERROR",
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32",
    "RETRY_TIMES": 0,
    "ROBOTSTXT_OBEY": False,
}
SPIDER = """
import os
import scrapy

class NotingSpider(scrapy.Spider):
    name = "noting"
    async def start(self):
        self.notes = os.open(self.notes_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for url in open(self.urls_path):
            yield scrapy.Request(url.strip(), meta={"handle_httpstatus_all": True})

    def parse(self, response):
        os.write(self.notes, f"{response.url} {response.meta['capture'].id}\\n".encode())
"""


@contextlib.contextmanager
def running(*args: object, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """``scrapy ARGS`` in a process group of its own, which is killed at the end of the block."""
    command = [str(SCRAPY), *map(str, args)]
    for name, value in {**SETTINGS, **settings}.items():
        command += ["-s", f"{name}={value}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        assert said == b"", said.decode()


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not happened() and process.poll() is None:
        time.sleep(0.005)


def stored_urls(store: Store) -> dict[str, str]:
    """Record id and URL of every response and revisit in closed files."""
    return {
        record.id: str(record.url)
        for name in store.files("originals")
        if (store.root / name).exists()
        for record in read_records(store.root / name)
        if record.type in ("response", "revisit")
    }


def audit(store: Store) -> None:
    """A run that fetches nothing begins and ends; then the archive must be sound."""
    Run(store, "auditor", settings_digest="sha256:0").finish("finished", {})
    assert [str(fault) for fault in verify(store, extract=False).faults] == []


def same_as_rebuilt(store: Store) -> None:
    catalogue = Catalogue(store.catalogue_path)
    before = catalogue.dump()
    catalogue.close()
    assert rebuild(store) == []
    catalogue = Catalogue(store.catalogue_path)
    after = catalogue.dump()
    catalogue.close()
    assert after == before


class Noting:
    """Runs of a spider whose callback notes each capture outside the archive."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        self._spider, self._urls, self._notes = folder / "noting.py", folder / "urls", folder / "notes"
        self._spider.write_text(SPIDER)
        self._notes.touch()

    def run(self, urls: list[str]) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        self._urls.write_text("".join(f"{url}\n" for url in urls))
        arguments = ["-a", f"urls_path={self._urls}", "-a", f"notes_path={self._notes}"]
        return running("runspider", self._spider, *arguments, ARCHIVE_STORE=self.store.root)

    @property
    def noted(self) -> list[list[str]]:
        """URL and record id of each."""
        return [line.split() for line in self._notes.read_text().splitlines()]

    def check(self) -> None:
        """Everything that was noted is in the closed files, under its URL."""
        stored = stored_urls(self.store)
        assert [(url, record_id) for url, record_id in self.noted if stored.get(record_id) != url] == []


def test_no_exchange_that_a_callback_saw_is_lost(tmp_path: Path) -> None:
    rng, kills, left_open, asked = random.Random(20), 9, 0, 0
    noting = Noting(tmp_path)
    store = noting.store
    sizes = [rng.choice((0, 300, 2000, 9000, 40_000)) for _ in range(300)]
    noise = rng.randbytes(40_000)

    def pages(path: str) -> tuple[int, bytes]:
        nonlocal asked
        asked += 1
        number = int(path.rpartition("/")[2])
        mark = f"{path} {asked if number % 3 else ''}".encode()  # a third never changes: revisits
        return (404 if number % 11 == 0 else 200), mark + noise[: sizes[number]]

    with Site(pages) as site:
        urls = [f"{site.url}/page/{number}" for number in range(len(sizes))]
        for kill in range(kills):
            rng.shuffle(urls)
            seen = len(noting.noted)
            with noting.run(urls) as process:
                if kill % 5 == 4:  # while it starts, or takes care of what the kill before has left
                    time.sleep(rng.uniform(0.5, 1.5))
                else:
                    wait_until(lambda seen=seen: len(noting.noted) > seen, process)  # type: ignore[misc]
                    time.sleep(rng.uniform(0, 0.8))
                assert process.poll() is None
            left_open += any(store.root.rglob("*.open"))
            if kill % 4 == 3:  # else the next run of the spider finds what this one has left
                store.recover()
                noting.check()
                audit(store)
        with noting.run([urls[0]]) as process:
            assert process.wait(60) == 0
    noting.check()
    assert [str(fault) for fault in verify(store, extract=False).faults] == []
    same_as_rebuilt(store)
    # The test is worth something only if it kills runs that are at work.
    assert left_open >= kills // 2
    assert len(noting.noted) >= 80


def test_a_large_record_that_a_kill_tears_is_cut_off_and_kept_aside(tmp_path: Path) -> None:
    """Records above a few MB are written in parts."""
    noting, noise, torn, asked = Noting(tmp_path), random.Random(1).randbytes(9_000_000), [], 0
    store = noting.store

    def pages(path: str) -> tuple[int, bytes]:
        nonlocal asked
        asked += 1
        return 200, f"{path} {asked}".encode() + noise

    def written() -> int:
        return sum(path.stat().st_size for path in store.root.rglob("*.open"))

    with Site(pages) as site:
        for _ in range(4):
            with noting.run([f"{site.url}/page/{number}" for number in range(20)]) as process:
                wait_until(lambda: written() > 4_000_000, process)
            torn += [file for file in store.recover() if file.cut]
            noting.check()
            audit(store)
    assert torn
    for file in torn:
        aside = (store.root / "damaged").glob(f"{Path(file.file).name}.from-*")
        assert [path.stat().st_size for path in aside if path.suffix != ".sha256"] == [file.cut]
