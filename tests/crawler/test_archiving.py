"""The extension that owns a crawl's run: what it tells the archive, counts, and does when the disk refuses."""

from __future__ import annotations

import atexit
import datetime as dt
import gzip
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector

from archive.capture import Exchange, Failure
from archive.catalogue import Catalogue
from archive.errors import StoreError
from archive.reader import parse_member
from archive.verification.verify import verify
from archive.version import VERSION
from crawler.archiving import Archiving, settings_digest

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def opened(folder: Path, spider: type[Spider] | str = "gazette", **settings: Any) -> Archiving:
    """The extension of a crawl that is about to begin."""
    kind: type[Spider] = type("Made", (Spider,), {"name": spider}) if isinstance(spider, str) else spider
    crawler = Crawler(kind, Settings({"ARCHIVE_STORE": str(folder / "store"), "USER_AGENT": "newswarc", **settings}))
    crawler.spider = kind.from_crawler(crawler)
    crawler.stats = MemoryStatsCollector(crawler)
    return Archiving.from_crawler(crawler)


class ClosedEngine:
    """An engine whose spider has been closed: there is nothing more to stop."""

    spider = None


def stats(archiving: Archiving) -> dict[str, Any]:
    return archiving._stats.get_stats()


def close(archiving: Archiving, reason: str = "finished") -> None:
    spider = archiving._crawler.spider
    assert spider is not None
    archiving._spider_closed(spider, reason)


@pytest.fixture
def archiving(tmp_path: Path) -> Iterator[Archiving]:
    made = opened(tmp_path)
    yield made
    if made.run.store.files():
        made.run._stack.close()


def exchange(body: bytes = b"pears", **more: Any) -> Exchange:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    fields: dict[str, Any] = {"url": "http://gazette.example/a", "method": "GET", "request": b"GET /a HTTP/1.1\r\n\r\n"}
    return Exchange(**{**fields, "response": head + body, "started": NOW, "ended": NOW, **more})


def failure(kind: Any) -> Failure:
    return Failure(
        url="http://gazette.example/b",
        method="GET",
        started=NOW,
        ended=NOW,
        kind=kind,
        error="It failed.",
    )


def warcinfo(archiving: Archiving) -> dict[str, str]:
    name = archiving.run.store.files("originals")[0]
    record = parse_member(archiving.run.store.path(name).read_bytes(), 0)
    lines = (line.split(": ", 1) for line in record.block.decode().split("\r\n") if line)
    return {name: value for name, value, *_ in lines}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gazette", "gazette"),
        ("The Gazette", "the_gazette"),
        ("gazette.example", "gazette_example"),
        ("../../etc/passwd", "etc_passwd"),
        ("Газета", "spider"),
        ("~", "spider"),
        ("a\0b\nc", "a_b_c"),
    ],
)
def test_any_spider_name_makes_a_plain_file_name(name: str, source: str, tmp_path: Path) -> None:
    archiving = opened(tmp_path, name)
    close(archiving)
    store = archiving.run.store
    assert all(Path(file).name.startswith(f"{source}-2") for file in store.files())
    assert archiving.run.source == source
    assert {path.name for path in tmp_path.iterdir()} == {"store"}


def test_the_file_says_who_fetched_and_how(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "CONTACT": "https://archive.example/about",
        "USER_AGENT": "newswarc/9 (+x)",
        "ROBOTSTXT_OBEY": False,
    }
    archiving = opened(tmp_path, **settings)
    close(archiving)
    info = warcinfo(archiving)
    assert info["operator"] == "https://archive.example/about"
    assert info["http-header-user-agent"] == "newswarc/9 (+x)"
    assert info["robots"] == "ignore"
    assert info["software"].startswith(f"newswarc/{VERSION}")
    assert info["newswarc-settings"] == settings_digest(archiving._crawler.settings)


def test_what_is_kept_is_counted(archiving: Archiving) -> None:
    first = archiving.keep(exchange())
    again = archiving.keep(exchange())
    archiving.keep(exchange(b"other"))
    archiving.keep(exchange(b"half", truncated="time"))
    for kind in ("dns", "timeout", "dns"):
        archiving.keep_failure(failure(kind))
    assert (first.kind, again.kind) == ("response", "revisit")
    assert stats(archiving) == {
        "newswarc/captures/response": 3,
        "newswarc/captures/revisit": 1,
        "newswarc/captures/truncated": 1,
        "newswarc/failures/dns": 2,
        "newswarc/failures/timeout": 1,
    }
    close(archiving)
    assert verify(archiving.run.store).ok


def test_the_run_ends_with_its_reason_and_counters(archiving: Archiving) -> None:
    archiving.keep(exchange())
    archiving._stats.set_value("start_time", NOW)  # no plain JSON, so it is left out
    close(archiving, "shutdown")
    catalogue = Catalogue(archiving.run.store.catalogue_path)
    (run,) = catalogue.dump()["runs"]
    catalogue.close()
    assert run["reason"] == "shutdown"
    assert run["stats"] == '{"newswarc/captures/response": 1}'


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """As on a full disk: writing fails, but only in here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_refuses_is_said_once(archiving: Archiving, caplog: pytest.LogCaptureFixture) -> None:
    archiving._crawler.engine = ClosedEngine()  # type: ignore[assignment]
    archiving.keep(exchange())
    with caplog.at_level(logging.CRITICAL), no_file_may_grow():
        for _ in range(2):
            with pytest.raises(StoreError, match="can't"):
                archiving.keep(exchange(b"more"))
            with pytest.raises(StoreError, match="can't"):
                archiving.keep_failure(failure("dns"))
    (record,) = caplog.records
    assert record.getMessage().startswith("The crawl ends here: ")
    assert stats(archiving) == {"newswarc/captures/response": 1, "newswarc/archive_failed": 1}
    close(archiving, "archive_unwritable")
    assert verify(archiving.run.store).ok


def test_a_disk_that_refuses_at_the_end_is_said(archiving: Archiving, caplog: pytest.LogCaptureFixture) -> None:
    archiving.keep(exchange())
    with caplog.at_level(logging.CRITICAL), no_file_may_grow():
        close(archiving)
    (record,) = caplog.records
    assert "can't write" in record.getMessage()
    close(opened(archiving.run.store.root.parent))  # the lock is free, the file is closed
    assert verify(archiving.run.store).ok


def test_a_store_that_cannot_be_opened_stops_the_crawl_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in the way")
    with pytest.raises(StoreError, match="can't be used as archive"):
        opened(tmp_path)


def test_crawls_of_one_source_exclude_each_other_if_they_ask_for_it(tmp_path: Path) -> None:
    class Exclusive(Spider):
        name = "gazette"
        exclusive = True

    first = opened(tmp_path, Exclusive)
    with pytest.raises(StoreError, match="gazette"):
        opened(tmp_path, Exclusive)
    close(opened(tmp_path, "gazette"))
    close(opened(tmp_path, "herald"))
    close(first)
    close(opened(tmp_path, Exclusive))


def killed(folder: Path, torn: bytes) -> Archiving:
    """A run that was killed: its locks are gone, its file is open and ends with `torn`."""
    archiving = opened(folder)
    archiving.keep(exchange())
    (left,) = (folder / "store").rglob("*.open")
    with left.open("ab") as file:
        file.write(torn)
    archiving.run._stack.close()
    for writer in archiving.run._writers.values():
        os.close(writer._fd)
    atexit.unregister(archiving._process_ends)  # who is killed has no last words
    return archiving


def told(folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """What the next run says."""
    with caplog.at_level(logging.WARNING):
        close(opened(folder, "herald"))
    (record,) = caplog.records
    return record.getMessage()


def test_a_file_left_by_a_killed_run_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    torn = gzip.compress(b"WARC/1.1")[:-9]
    store = killed(tmp_path, torn).run.store
    sentence = told(tmp_path, caplog)
    assert sentence.startswith(f"{store.files('originals')[0]} was left open by a killed run; ")
    assert f"{len(torn)} torn bytes were cut off and kept in {store.root / 'damaged'}" in sentence
    assert [p.read_bytes() for p in (store.root / "damaged").iterdir() if p.suffix != ".sha256"] == [torn]
    assert verify(store).ok


def test_nothing_is_said_of_bytes_that_were_not_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = killed(tmp_path, b"").run.store
    assert not (store.root / "damaged").exists()
    assert "damaged" not in told(tmp_path, caplog)


def test_files_are_closed_at_the_size_of_the_setting(tmp_path: Path) -> None:
    archiving = opened(tmp_path, ARCHIVE_FILE_SIZE="2000")
    for number in range(6):
        archiving.keep(exchange(os.urandom(900), url=f"http://gazette.example/{number}"))
    close(archiving)
    assert len(archiving.run.store.files("originals")) > 3


# The digest of the settings


def test_every_setting_counts_in_the_digest() -> None:
    base = {"A": 1, "B": ["x"], "C": {"k": "v"}}
    digest = settings_digest(Settings(base))
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 64
    assert settings_digest(Settings(dict(reversed(base.items())))) == digest
    for change in ({"A": 2}, {"B": ["y"]}, {"C": {"k": "w"}}, {"D": None}, {"DOWNLOAD_DELAY": 5}):
        assert settings_digest(Settings(base | change)) != digest


@pytest.mark.parametrize(
    ("one", "other"),
    [({0, 8}, {8, 0}), (lambda: 1, lambda: 1)],
    ids=["sets", "functions"],
)
def test_the_digest_is_the_same_in_every_process(one: object, other: object) -> None:
    """Else each run of the same settings has another digest."""
    assert settings_digest(Settings({"A": one})) == settings_digest(Settings({"A": other}))
