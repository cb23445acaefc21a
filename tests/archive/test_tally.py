"""What a run has done, in numbers: counted while it writes, kept with its end, read back from the files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from archive import clock
from archive.catalogue import Catalogue
from archive.rebuild import rebuild
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.making import exchange, failure, keep_page, page, read_json, records, wire

URL = "https://ellery.test/a"
BEGAN = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
CONDITIONAL = b'GET /a HTTP/1.1\r\nHost: ellery.test\r\nIf-None-Match: "1"\r\n\r\n'


def test_all_that_a_run_does_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    hour = dt.timedelta(hours=1)
    with clock.showing(lambda: BEGAN):
        run = Run(store, "ellery")
        bodies = [wire(b"<p>tide"), wire(b"gone", status="404 Not Found"), wire(b"", status="304 Not Modified")]
        run.keep(exchange(URL, bodies[0], at=BEGAN))
        run.keep(exchange(URL, bodies[0], at=BEGAN + hour))
        run.keep(exchange(URL, bodies[2], at=BEGAN + 2 * hour, request=CONDITIONAL))
        run.keep(exchange(URL + "b", bodies[1]))
        run.keep(exchange(URL + "c", wire(b"half"), truncated="time"))
        run.keep_failure(failure(URL, kind="robots", received=b""))
        run.keep_failure(failure(URL, kind="dns", received=b""))
        keep_page(run, URL + "d", page("The tide"))
    before = run.tally()
    with clock.showing(lambda: BEGAN + dt.timedelta(seconds=90)):
        run.finish("finished", {})
    with Catalogue(store.catalogue_path) as catalogue:
        (row,) = catalogue.runs("ellery")
    tally = row["tally"]
    assert tally.articles == 1
    assert (tally.pages, tally.responses) == (6, {"2xx": 4, "3xx": 1, "4xx": 1})
    assert (tally.requests, tally.conditional, tally.revisits, tally.not_modified) == (7, 1, 2, 1)
    assert (tally.failures, tally.errors, tally.truncated) == ({"robots": 1, "dns": 1}, 2, 1)
    assert tally.bytes_received > sum(map(len, bodies)) + len(bodies[0])
    assert tally.seconds == 90
    assert 0 < before.bytes_stored <= tally.bytes_stored
    # The record that closes the run is not counted in it, and after the end it is.
    assert tally.bytes_stored < run.tally().bytes_stored == sum(store.path(n).stat().st_size for n in store.files())
    assert 1 << 20 < tally.peak_memory < 1 << 40
    assert read_json(records(store)[-1])["tally"] == msgspec.to_builtins(tally)
    rebuild(store)
    with Catalogue(store.catalogue_path) as catalogue:
        assert catalogue.runs("ellery") == [row]


def test_texts_cleaned_again_are_no_new_articles(tmp_path: Path) -> None:
    run = Run(Store(tmp_path), "ellery")
    capture = run.keep(exchange(URL, wire(page("The tide"))))
    found = extract_capture(Task(store=str(tmp_path), capture=capture, reading=Reading()))
    for again in (False, True):
        run.keep_extracted(capture, found, again=again)
    run.finish("finished", {})
    assert (run.tally().articles, run.tally().cleaned_again) == (1, 1)


def test_runs_of_one_source_and_of_all_the_last_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for minute, source in enumerate(("ellery", "gazette", "ellery")):
        with clock.showing(lambda minute=minute: BEGAN + dt.timedelta(minutes=minute)):
            Run(store, source).finish("finished", {"n": minute})
    with Catalogue(store.catalogue_path) as catalogue:
        assert [row["stats"]["n"] for row in catalogue.runs()] == [2, 1, 0]
        assert [row["stats"]["n"] for row in catalogue.runs("ellery")] == [2, 0]
        assert [row["stats"]["n"] for row in catalogue.runs(limit=1)] == [2]


def test_what_an_older_version_or_a_kill_left_has_no_tally(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = Run(store, "ellery")
    with Catalogue(store.catalogue_path) as catalogue:
        (row,) = catalogue.runs()
        assert (row["tally"], row["stats"], row["ended"]) == (None, None, None)
    run.finish("finished", {})
