"""Metrics as Prometheus reads them, over HTTP."""

from __future__ import annotations

import datetime as dt
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archive import clock
from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.run import Run
from archive.storage import Store
from archive.tally import Tally
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import read_schedule
from crawler.watching.board import Board, added
from crawler.watching.metrics import Metrics, serve_metrics
from crawler.watching.report import Report

NOON = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ONE = Tally(requests=4, responses={"2xx": 3}, failures={"dns": 1}, bytes_received=500, articles=2, peak_memory=9)
OTHER = Tally(requests=2, responses={"2xx": 1, "4xx": 1}, bytes_received=7, revisits=1, peak_memory=5)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(board: Board, store: Store) -> Samples:
    """What is served, parsed by Prometheus's own parser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    end = serve_metrics(Metrics(board, store), "127.0.0.1", port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
    finally:
        end()
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type in ("counter", "gauge") for family in families)
    found = [sample for family in families for sample in family.samples]
    keyed = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}
    assert len(keyed) == len(found)
    return keyed


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"newswarc_{name}", frozenset(labels.items())))


def board() -> Board:
    """Gazette has run twice and runs again, herald failed an hour ago."""
    with clock.showing(lambda: NOON):
        made = Board()
    schedules = {name: read_schedule("every 2 hours", "UTC") for name in ("gazette", "herald", "new")}
    plan = Plan(when="every 2 hours", handled=NOON - HOUR)
    failed = Plan(
        when="every 2 hours",
        handled=NOON - HOUR,
        began=NOON - HOUR,
        ended=NOON - HOUR + dt.timedelta(seconds=90),
        outcome=Outcome("failed", 1),
    )
    running = Plan(when="every 2 hours", handled=NOON, running=NOON)
    made.follow(schedules, {"gazette": running, "herald": failed, "new": plan, "left": plan})
    for tally in (ONE, OTHER):
        made.begins("gazette")
        made.report("gazette", Report(source="gazette", tally=Tally(requests=1)))
        made.report("gazette", Report(source="gazette", tally=tally))
        made.ended("gazette", Outcome("done", 0))
    made.begins("herald")
    made.ended("herald", Outcome("failed", 1))
    made.begins("gazette")
    made.report("gazette", Report(source="gazette", tally=ONE, fetching="https://gazette.test/secret"))
    return made


def test_what_prometheus_reads(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Run(store, "gazette").finish("finished", {})
    found = samples(board(), store)
    assert value(found, "scheduler_up") == 1
    assert value(found, "scheduler_start_time_seconds") == NOON.timestamp()
    assert value(found, "archive_bytes") == sum(store.path(name).stat().st_size for name in store.files()) > 0
    assert (value(found, "archive_free_bytes") or 0) > 0
    assert (value(found, "troubles", source="herald"), value(found, "quarantined_texts", source="herald")) == (0, 0)
    assert value(found, "requests_total", source="gazette") == 10
    assert value(found, "responses_total", source="gazette", **{"class": "2xx"}) == 7
    assert value(found, "responses_total", source="gazette", **{"class": "4xx"}) == 1
    assert value(found, "failures_total", source="gazette", kind="dns") == 2
    assert value(found, "articles_total", source="gazette") == 4
    assert value(found, "revisits_total", source="gazette") == 1
    assert value(found, "received_bytes_total", source="gazette") == 1007
    assert value(found, "articles_total", source="new") == 0
    assert value(found, "runs_total", source="gazette", result="done") == 2
    assert value(found, "runs_total", source="herald", result="failed") == 1
    assert value(found, "runs_total", source="new", result="too long") == 0
    assert (value(found, "running", source="gazette"), value(found, "running", source="herald")) == (1, 0)
    assert value(found, "next_run_timestamp_seconds", source="gazette") is None
    assert value(found, "next_run_timestamp_seconds", source="herald") == (NOON + HOUR).timestamp()
    assert value(found, "last_run_duration_seconds", source="herald") == 90
    assert value(found, "last_run_result", source="herald", result="failed") == 1
    assert value(found, "last_run_result", source="herald", result="done") == 0
    assert value(found, "last_run_result", source="gazette", result="done") is None


def test_labels_hold_no_url_and_none_of_what_is_not_followed(tmp_path: Path) -> None:
    Store(tmp_path).create()
    labels = [pair for _, pairs in samples(board(), Store(tmp_path)) for pair in pairs]
    assert {name for name, _ in labels} <= {"source", "class", "kind", "result", "version"}
    assert {text for name, text in labels if name == "source"} == {"gazette", "herald", "new"}
    assert not [text for _, text in labels if "/" in text]


def test_while_it_stops(tmp_path: Path) -> None:
    stopping = board()
    stopping.stopping = True
    assert value(samples(stopping, Store(tmp_path)), "scheduler_up") == 0


def test_an_address_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for host, number in (("127.0.0.1", port), ("127.0.0.1", 70_000), ("no.such.host.invalid", 9464)):
            with pytest.raises(ArchiveError, match=r"^Metrics can't be served on \S+, port \d+: .+; set METRICS_PORT"):
                serve_metrics(Metrics(board(), Store(tmp_path)), host, number)


def test_sums() -> None:
    both = added(ONE, OTHER)
    assert (both.requests, both.responses, both.failures) == (6, {"2xx": 4, "4xx": 1}, {"dns": 1})
    assert (both.bytes_received, both.peak_memory) == (507, 9)
    assert added(Tally(), ONE) == ONE


def test_open_troubles_are_counted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Run(store, "gazette").finish("finished", {})
    row = {
        "source": "gazette", "kind": "", "what": "author", "since": "2026-11-20T09:00:00Z", "until": None,
        "found": "2026-11-21T09:00:00Z", "before": 1.0, "after": 0.0, "holds": False, "decided": None, "who": None,
        "made": "2026-11-21T09:00:00Z",
    }  # fmt: skip
    over = {**row, "id": "b", "ended": "2026-11-25T09:00:00Z", "until": "2026-11-24T09:00:00Z"}
    with Catalogue(store.catalogue_path) as catalogue:
        catalogue.add(troubles=[{**row, "id": "a", "ended": None}, over])
    found = samples(board(), store)
    assert (value(found, "troubles", source="gazette"), value(found, "troubles", source="herald")) == (1, 0)
