"""Re-runs: what would change is shown, what is accepted is stored, and nothing is read twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from archive.capture import Lead
from archive.catalogue.words import words_of
from archive.errors import StoreError
from archive.furniture.furniture import key_of
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from archive.workers import ExtractorPool
from tests.archive import making
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import dump, exchange, keep_article, keep_page, later, page, refused, running, wire
from tests.archive.rerun.rerunning import (
    FRONT,
    OF_NOTHING,
    REMOVED,
    CountingPool,
    Replay,
    files_of,
    latest,
    of_nothing,
    of_rules,
    same_as_rebuilt,
    searched,
)

A, B, C = (f"https://ellery.test/{name}" for name in "abc")
D = "https://skagen.test/d"


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(2)
    yield pool
    pool.close(abandon=True)


@pytest.fixture
def replay(tmp_path: Path, pool: ExtractorPool) -> Replay:
    """Two sources: A and B are articles, C was never read; D is one of the other source."""
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_page(run, A, page("Storm keeps twelve boats out"))
        keep_page(run, B, page("Ferry stops at noon"), at=later(1))
        run.keep(exchange(C, wire(page("Lighthouse gets its lamp")), at=later(2)))
        run.keep(exchange(A, wire(page("Storm keeps twelve boats out")), at=later(3)))
    with running(store, "skagen") as run:
        keep_page(run, D, page("Herring prices fall"), at=later(24))
    return Replay(store, CountingPool(pool))


# Comparing


def test_without_accept_nothing_is_written(replay: Replay) -> None:
    before = files_of(replay.store)
    assert replay.compare() == {A: "same", B: "same", C: "gained", D: "same"}
    assert replay.compare(of_rules) == {A: "altered", B: "altered", C: "gained", D: "altered"}
    assert files_of(replay.store) == before
    assert verify(replay.store).ok


def test_what_differs_is_shown_with_its_rule(replay: Replay) -> None:
    change = replay.changes(of_rules, url=A)[0].change
    assert change is not None
    assert [(p.text, p.rule) for p in change.removed] == [(REMOVED, "site-rule:always:text")]
    assert change.headline == "Storm keeps twelve boats out"


@pytest.mark.parametrize(
    ("options", "urls"),
    [
        ({}, [A, B, C, D]),
        ({"source": "ellery"}, [A, B, C]),
        ({"source": "skagen"}, [D]),
        ({"source": "nobody"}, []),
        ({"since": "2026-11-20T10"}, [B, C, D]),
        ({"since": "2026-11-21"}, [D]),
        ({"until": "2026-11-21"}, [A, B, C]),
        ({"since": "2026-11-20T10", "until": "2026-11-20T11"}, [B]),
        ({"url": "http://www.ellery.test/b/"}, [B]),
        ({"url": "http://www.ellery.test/x"}, []),
    ],
)
def test_what_fits_is_read(options: dict[str, str], urls: list[str], replay: Replay) -> None:
    assert list(replay.compare(**options)) == urls


def test_only_what_could_be_an_article_is_read(replay: Replay) -> None:
    html = page("Something else")
    with running(replay.store) as run:
        for n, (name, reply, fields) in enumerate(
            [
                ("robots.txt", wire(html), {"lead": Lead(kind="robots")}),
                ("picture", wire(html), {"lead": Lead(kind="requisite")}),
                ("front", wire(html), {"lead": Lead(kind="source")}),
                ("gone", wire(html, "404 Not Found"), {}),
                ("cut", wire(html), {"truncated": "disconnect"}),
                ("post", wire(html), {"method": "POST"}),
                ("feed", wire(html, headers=["Content-Type: application/rss+xml"]), {}),
                ("moved", wire(b"", "301 Moved", ["Location: /a"]), {}),
            ]
        ):
            run.keep(exchange(f"https://ellery.test/{name}", reply, at=later(5 + n), **fields))
        untyped = "https://ellery.test/untyped"
        run.keep(exchange(untyped, wire(html, headers=[]), at=later(20)))
        run.keep(exchange(f"{A}?section", wire(html), at=later(21)))
    found = replay.compare(source="ellery", is_listing=lambda source, url: url.endswith("?section"))
    assert found == {A: "same", B: "same", C: "gained", untyped: "gained"}


def test_a_payload_that_was_fetched_twice_is_read_once(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    html = page("Three times the same")
    with running(replay.store, "twice") as run:
        monkeypatch.setattr(run.catalogue, "original", lambda *_: None)  # as who knows no revisits
        for n in range(3):
            run.keep(exchange("https://twice.test/x", wire(html), at=later(30 + n)))
    assert [row["kind"] for row in dump(replay.store)["captures"] if "twice" in row["url"]].count("response") == 3
    assert len(replay.changes(source="twice")) == 1


def test_a_list_is_no_article(replay: Replay) -> None:
    with running(replay.store) as run:
        run.keep(exchange("https://ellery.test/", wire(FRONT)))
    assert replay.compare(url="https://ellery.test/") == {"https://ellery.test/": "nothing"}


def test_of_a_site_that_nobody_knows_what_was_known_then_holds(replay: Replay) -> None:
    assert replay.accept(of_rules, source="ellery") == {"ellery": (3, 0)}
    assert replay.compare(lambda *_: None, source="ellery") == {A: "same", B: "same", C: "same"}
    assert replay.compare(of_nothing, source="ellery") == {A: "altered", B: "altered", C: "altered"}


# Remembering


def test_nothing_is_read_twice(replay: Replay) -> None:
    first = replay.changes(of_rules)
    assert sorted(replay.pool.read) == [A, B, C, D]
    assert replay.changes(of_rules) == first
    assert replay.pool.read == []
    assert replay.accept(of_rules) == {"ellery": (3, 0), "skagen": (1, 0)}
    assert replay.pool.read == []
    assert set(replay.compare(of_rules).values()) == {"same"}
    assert replay.pool.read == []


def test_what_is_known_of_a_site_decides_what_is_read_again(replay: Replay) -> None:
    replay.compare()
    with running(replay.store) as run:
        run.lists.decide("ellery.test", key_of(REMOVED), "denied", text=REMOVED, who="by ann")
    assert replay.compare() == {A: "altered", B: "altered", C: "gained", D: "same"}
    assert sorted(replay.pool.read) == [A, B, C]


def test_another_version_is_compared_with(replay: Replay) -> None:
    replay.compare(of_rules)
    replay.accept(of_nothing, source="ellery")
    assert replay.compare(of_rules)[C] == "altered"
    assert sorted(replay.pool.read) == [A, B, C]


def test_an_interrupted_comparison_goes_on(replay: Replay) -> None:
    with running(replay.store, "many") as run:
        for n in range(60):
            run.keep(exchange(f"https://many.test/{n}", wire(page(f"Report number {n}")), at=later(40 + n)))
    with replay.rerun(source="many") as rerun:
        changes = rerun.changes()
        for _ in range(20):
            next(changes)
        changes.close()  # type: ignore[attr-defined]
    assert len(replay.changes(source="many")) == 60
    assert len(replay.pool.read) == 40


def test_the_work_file_may_be_deleted(replay: Replay) -> None:
    replay.compare(of_rules)
    for path in (replay.store.root / "work").iterdir():
        path.unlink()
    assert replay.accept(of_rules) == {"ellery": (3, 0), "skagen": (1, 0)}
    assert verify(replay.store).ok
    same_as_rebuilt(replay.store)
    assert set(replay.compare(of_rules).values()) == {"same"}


# Accepting


def test_what_is_accepted_is_a_new_version_and_the_old_one_stays(replay: Replay) -> None:
    before = dump(replay.store)["versions"]
    assert replay.accept(of_rules) == {"ellery": (3, 0), "skagen": (1, 0)}
    assert replay.said == []
    rows = dump(replay.store)["versions"]
    assert [row for row in rows if row in before] == before
    assert {row["source"] for row in rows} == {"ellery", "skagen"}
    assert all(row["file"].startswith(f"derived/2026-{row['file'][13:15]}/{row['source']}-") for row in rows)
    assert all(REMOVED not in article.text for article in latest(replay.store).values())
    assert searched(replay.store, "lighthouse") == [C]
    assert searched(replay.store, "council") == []
    found = verify(replay.store)
    assert [str(fault) for fault in found.faults] == []
    assert found.compared == found.conversions == len(before) + 4
    same_as_rebuilt(replay.store)


def test_only_what_fits_is_accepted(replay: Replay) -> None:
    assert replay.accept(of_rules, url=B) == {"ellery": (1, 0)}
    assert len(dump(replay.store)["versions"]) == 4
    assert replay.compare(of_rules) == {A: "altered", B: "same", C: "gained", D: "altered"}


def test_where_nothing_changes_nothing_is_written(replay: Replay) -> None:
    replay.accept()
    before = files_of(replay.store)
    assert replay.accept() == {}
    assert files_of(replay.store) == before


def test_a_lost_article_keeps_its_last_version(replay: Replay) -> None:
    url = "https://ellery.test/front"
    with running(replay.store) as run:
        capture = run.keep(exchange(url, wire(FRONT), at=later(7)))
        article = latest(replay.store)[A, "2026-11-20T09:00:00Z"]
        at = later(8)
        run.keep_article(capture, article, words=words_of(article), started=at, ended=at, reading=OF_NOTHING)
    before = [row for row in dump(replay.store)["versions"] if row["capture"] == capture.id]
    (reread,) = replay.changes(url=url)
    assert reread.change is not None
    assert (reread.change.kind, reread.change.why) == ("lost", "the page is a list of others")
    replay.accept()
    assert [row for row in dump(replay.store)["versions"] if row["capture"] == capture.id] == before
    assert replay.compare(url=url) == {url: "lost"}


def test_where_only_the_trace_differs_it_is_stored_if_wanted(replay: Replay) -> None:
    def headed(source: str, url: str, day: object) -> Reading:
        from archive.rules import SiteRules

        return Reading(rules=SiteRules(headline="h1"))

    assert replay.compare(headed, source="skagen") == {D: "explained"}
    assert replay.accept(headed, source="skagen") == {}
    assert replay.accept(headed, source="skagen", explained=True) == {"skagen": (1, 0)}
    assert replay.compare(headed, source="skagen") == {D: "same"}
    evidence = [a.trace.evidence["headline"] for (url, _), a in latest(replay.store).items() if url == D]
    assert len(evidence) == 1
    assert evidence[0] == "rule:headline"
    assert verify(replay.store).ok


def test_what_the_new_articles_teach_cleans_the_old_ones(tmp_path: Path, pool: ExtractorPool) -> None:
    replay, writer = Replay(Store(tmp_path / "store"), CountingPool(pool)), Writer(12)
    bodies = [writer.article() for _ in range(6)]
    with running(replay.store, "courier") as run:
        for n, body in enumerate(bodies):
            html = page(f"Story {n}", sentences=put(body, PROMOTION, n))
            capture = run.keep(exchange(f"https://courier.test/{n}", wire(html), at=later(n)))
            if n < 2:
                keep_article(run, capture, OF_NOTHING)
    assert replay.accept() == {"courier": (4, 6)}
    texts = {url: article.text.split("\n") for (url, _), article in latest(replay.store).items()}
    assert texts == {f"https://courier.test/{n}": body for n, body in enumerate(bodies)}
    assert verify(replay.store).ok
    same_as_rebuilt(replay.store)
    assert set(replay.compare().values()) == {"same"}


# What goes wrong


def test_no_archive_is_one_sentence(tmp_path: Path, pool: ExtractorPool) -> None:
    with pytest.raises(StoreError) as error, Replay(Store(tmp_path / "none"), CountingPool(pool)).rerun():
        pass
    assert "no archive there" in refused(error.value)
    assert not (tmp_path / "none").exists()


def test_an_empty_archive_has_nothing_to_read(tmp_path: Path, pool: ExtractorPool) -> None:
    store = Store(tmp_path / "empty")
    with running(store):
        pass
    assert Replay(store, CountingPool(pool)).compare() == {}


def test_there_is_one_re_run_at_a_time(replay: Replay) -> None:
    with replay.rerun(), pytest.raises(StoreError) as error, replay.rerun():
        pass
    assert "replay is in use by a re-run that started" in refused(error.value)


def test_a_page_that_ends_its_worker_does_not_stop_the_rest(replay: Replay) -> None:
    replay.pool.deadly = {B}
    assert replay.accept(of_rules) == {"ellery": (2, 0), "skagen": (1, 0)}
    assert len(replay.said) == 1
    assert "ended its worker" in replay.said[0]
    assert B in replay.said[0]
    replay.pool.deadly = set()
    assert replay.accept(of_rules) == {"ellery": (1, 0)}  # it is tried again
    assert replay.pool.read == [B]


def test_a_damaged_record_does_not_stop_the_rest(replay: Replay) -> None:
    row = next(row for row in dump(replay.store)["captures"] if row["url"] == B)
    with replay.store.path(row["file"]).open("r+b") as file:
        file.seek(row["offset"] + 100)
        file.write(b"\0" * 50)
    found = replay.changes(of_rules)
    assert [r.capture.url for r in found if r.change and r.change.kind in ("altered", "gained")] == [A, C, D]
    (problem,) = [r.problem for r in found if r.problem]
    assert B in refused(problem)


def test_a_source_that_is_being_crawled_is_left_out(replay: Replay) -> None:
    with crawling(replay.store, "ellery"):
        assert replay.accept(of_rules) == {"skagen": (1, 0)}
        assert len(replay.said) == 1
        assert "source-ellery is in use by a crawl of ellery" in replay.said[0]
    assert replay.accept(of_rules) == {"ellery": (3, 0)}
    assert replay.pool.read == []
    assert verify(replay.store).ok


@contextmanager
def crawling(store: Store, source: str) -> Iterator[Run]:
    run = Run(store, source)
    try:
        yield run
    finally:
        run.finish("finished", {})


@pytest.fixture
def full_disk(replay: Replay, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Moves the store onto a disk of its own; what is called then fills it, and called again makes room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "newswarc-test", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system here")
    kept = replay.store.root
    shutil.copytree(kept, disk / "archive")
    replay.store = Store(disk / "archive")
    filler = disk / "filler"

    def fill() -> None:
        if filler.exists():
            filler.unlink()
            return
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1024))

    yield fill
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_while_comparing_is_said_and_the_comparison_goes_on(
    replay: Replay, full_disk: Callable[[], None]
) -> None:
    with running(replay.store, "many") as run:
        for n in range(60):
            run.keep(exchange(f"https://many.test/{n}", wire(page(f"Report number {n}")), at=later(40 + n)))
    with replay.rerun(of_rules) as rerun:
        changes = rerun.changes()
        found = [next(changes)]
        full_disk()
        found += changes
    assert len(found) == 64
    assert all(reread.change for reread in found)
    (said,) = replay.said
    assert "replay.sqlite: can't be" in said
    assert "full" in said


def test_a_full_disk_while_accepting_is_one_sentence_for_each_source(
    replay: Replay, full_disk: Callable[[], None]
) -> None:
    replay.compare(of_rules)
    with replay.rerun(of_rules) as rerun:
        list(rerun.changes())
        full_disk()
        assert list(rerun.accept()) == []
    assert len(replay.said) == 2
    assert all("can't" in sentence for sentence in replay.said)
    full_disk()
    assert replay.accept(of_rules) == {"ellery": (3, 0), "skagen": (1, 0)}
    found = verify(replay.store)
    assert [str(fault) for fault in found.faults] == []
    same_as_rebuilt(replay.store)


def test_what_reads_pages_is_told_apart_by_its_files(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    replay.compare()
    monkeypatch.setattr("archive.rerun.comparison._software", lambda: "newswarc/0 changed")
    replay.compare()
    assert sorted(replay.pool.read) == [A, B, C, D]


def test_memory_of_a_long_comparison(replay: Replay) -> None:
    """Only so many pages are in hand at once."""
    with running(replay.store, "many") as run:
        for n in range(300):
            run.keep(exchange(f"https://many.test/{n}", wire(making.page(f"Report number {n}")), at=later(40 + n)))
    with replay.rerun(source="many") as rerun:
        ahead = [len(replay.pool.read) - number for number, _ in enumerate(rerun.changes())]
    assert max(ahead) <= rerun.comparison.ahead
