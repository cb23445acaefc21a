"""Reports of a crawl, and the channel that takes them to a scheduler."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.tally import Tally
from crawler.watching.report import CHANNEL, Channel, Report, read_report, sentence

REPORT = Report(
    source="gazette",
    run="r",
    tally=Tally(
        seconds=75, requests=1003, responses={"2xx": 1000, "4xx": 1}, revisits=3, articles=1, failures={"dns": 1}
    ),
    rate=59.6,
    fetching="https://gazette.test/a",
    open=2,
)


def test_what_goes_in_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    monkeypatch.setenv(CHANNEL, str(writes))
    channel = Channel.from_environment()
    assert channel is not None
    assert CHANNEL not in os.environ, "for nobody else"
    channel.send(REPORT)
    channel.send(REPORT)
    os.close(writes)
    with os.fdopen(reads, "rb") as file:
        assert [read_report(line) for line in file] == [REPORT, REPORT]


@pytest.mark.parametrize("value", [None, "", "x", "-1", "99999"])
def test_no_channel(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CHANNEL, raising=False)
    if value is not None:
        monkeypatch.setenv(CHANNEL, value)
    assert Channel.from_environment() is None


def test_a_scheduler_that_does_not_read_or_is_gone_is_not_waited_for() -> None:
    reads, writes = os.pipe()
    channel = Channel(writes)
    long = Report(source="s", fetching="https://gazette.test/" + "\u202e" * 5000)
    for _ in range(200):
        channel.send(long)  # more than a pipe holds
    data = os.read(reads, 1 << 20)
    assert data.endswith(b"\n"), "no line in part"
    assert all(read_report(line) for line in data.splitlines())
    os.close(reads)
    channel.send(REPORT)
    os.close(writes)


@pytest.mark.parametrize("line", [b"", b"\n", b"{", b"[1]", b'{"source": 5}', b"\xff", b"[" * 100_000])
def test_what_is_no_report(line: bytes) -> None:
    assert read_report(line) is None


def test_keys_of_later_versions_do_no_harm() -> None:
    assert read_report(b'{"source": "gazette", "tally": {"articles": 2, "new": 1}, "x": []}\n') == Report(
        source="gazette", tally=Tally(articles=2)
    )


def test_a_report_as_a_sentence() -> None:
    assert sentence(REPORT) == (
        "1,001 pages (60 a minute), 1 article, 3 revisits, 2 errors in 1 min 15 s; fetching https://gazette.test/a"
    )
    assert sentence(Report(source="s")) == "0 pages (0 a minute), 0 articles, 0 revisits, 0 errors in 0 s"
    assert "\x1b" not in sentence(Report(source="s", fetching="https://gazette.test/\x1b[2J\na"))


def test_nothing_heavy_is_loaded_for_a_crawl() -> None:
    """What every crawl imports; the live view and metrics come when they are used."""
    folder = Path(__file__).parents[3] / "crawler" / "watching"
    for name in ("report", "reporter", "terminal", "json_log", "words", "board", "output"):
        text = (folder / f"{name}.py").read_text()
        top = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in top if "rich" in line or "prometheus" in line or ".view" in line], name
