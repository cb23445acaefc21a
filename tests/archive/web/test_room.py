from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from archive import clock
from archive.catalogue.rows import Row
from archive.storage import Store
from archive.web.app import create_app
from archive.web.room import Room
from tests.archive.making import exchange, later, page, running, wire
from tests.archive.web.rooms import REPLAY, STORM, Visitor, captures


def room(store: Store, **options: object) -> Room:
    made: Room = create_app(store, **options).state.room  # type: ignore[arg-type]
    return made


def test_titles(store: Store) -> None:
    assert room(store, titles={"ellery": "The Ellery Courier"}).title("ellery") == "The Ellery Courier"
    assert room(store).title("moscow_times") == "Moscow Times"
    assert "The Ellery Courier" in Visitor(store, titles={"ellery": "The Ellery Courier"}).get("/sources").text


def test_frames(store: Store) -> None:
    known = room(store, replay_origin=REPLAY, replay_path=lambda: "/x3f9")
    first: Row = captures(store, STORM)[0]
    assert known.frame(first) == f"{REPLAY}/x3f9/20261120090000mp_/{STORM}"
    assert (
        known.frame({**first, "url": "https://a.test/b#c"}) == f"{REPLAY}/x3f9/20261120090000mp_/https://a.test/b%23c"
    )
    assert known.frame({**first, "method": "POST"}) is None
    assert known.frame({**first, "url": "javascript:alert(1)"}) is None
    assert known.frame(None) is None
    assert room(store).frame(first) is None


class Counting:
    """A catalogue that notes how often it is asked, and is being written if it is in no `resting` state."""

    resting: object = None

    def __init__(self) -> None:
        self.asked = 0

    def sources(self) -> list[Row]:
        self.asked += 1
        return [{"source": "ellery", "articles": self.asked}]

    def languages(self) -> list[Row]:
        return []


def test_sources_are_counted_anew_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.web.room as module

    known, catalogue = room(store), Counting()
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    for now, asked in ((100.0, 1), (129.0, 1), (131.0, 2), (132.0, 2)):  # noqa: B007 - the clock reads it
        assert known.census(catalogue)[0][0]["articles"] == asked  # type: ignore[arg-type]
    assert catalogue.asked == 2


def test_sources_are_not_counted_again_while_nothing_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.web.room as module

    known, catalogue = room(store), Counting()
    monkeypatch.setattr(module, "_COUNTED_FOR", -1.0)
    for catalogue.resting, asked in (("a", 1), ("a", 1), ("b", 2), ("b", 2), (None, 3), ("b", 4)):
        assert known.census(catalogue)[0][0]["articles"] == asked  # type: ignore[arg-type]


class Ailing(Counting):
    """A catalogue that is asked for days, too, and has none of the last week."""

    def __init__(self) -> None:
        super().__init__()
        self.judged = 0

    def coverage(self, source: str, since: str, until: str) -> list[Row]:
        self.judged += 1
        numbers = dict.fromkeys(("announced", "captured", "extracted", "visits"), 9)
        return [{"day": f"2026-11-{day:02}", "revisited": 0, **numbers} for day in range(1, 21)]


def test_sources_are_judged_anew_when_they_are_counted_and_on_another_day(store: Store) -> None:
    known, catalogue = room(store), Ailing()
    told: list[list[str]] = []
    for catalogue.resting, day, judged in (("a", 27, 1), ("a", 27, 1), ("b", 27, 2), ("b", 28, 3), ("b", 28, 3)):
        with clock.showing(lambda: dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC)):  # noqa: B023
            told.append([one.text for one in known.troubles(catalogue)])  # type: ignore[arg-type]
        assert catalogue.judged == judged
    assert told[0] == ["ellery was not crawled for 6 days, since 2026-11-20; usually it is every day."]
    assert told[0] == told[1] == told[2]
    assert told[3] == told[4] == ["ellery was not crawled for 7 days, since 2026-11-20; usually it is every day."]


def test_an_open_catalogue_is_used_again_until_it_changes(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        run.keep(exchange("https://a.test/1", wire(page("One"))))
    known = room(store)
    with known.catalogue() as first:
        assert len(first.captures("https://a.test/1")) == 1
    with known.catalogue() as again, known.catalogue() as other:
        assert again is first
        assert other is not first
    with running(store) as run:
        run.keep(exchange("https://a.test/1", wire(page("Two")), at=later(1)))
        run.flush()
        with known.catalogue() as written:
            assert len(written.captures("https://a.test/1")) == 2
        with known.catalogue() as also:
            assert also is not written
    with known.catalogue() as latest:
        assert latest is not first
        assert len(latest.captures("https://a.test/1")) == 2
    assert not [path for path in store.root.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_a_catalogue_that_could_not_answer_is_not_used_again(store: Store) -> None:
    known = room(store)
    with pytest.raises(ZeroDivisionError), known.catalogue() as first:
        1 / 0  # noqa: B018
    with known.catalogue() as second:
        assert second is not first


def test_nobody_waits_while_another_counts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.web.room as module

    known, catalogue = room(store), Counting()
    known.census(catalogue)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "_COUNTED_FOR", -1.0)
    with known._counting:
        assert known.census(catalogue)[0][0]["articles"] == 1  # type: ignore[arg-type]
    assert known.census(catalogue)[0][0]["articles"] == 2  # type: ignore[arg-type]


def test_replay_state(store: Store) -> None:
    up = {"up": True, "origin": REPLAY, "since": "2026-11-20T09:00:00Z", "restarts": 0, "problem": None}
    assert Visitor(store, replay_state=lambda: up).get("/api/replay").json() == up
    off = Visitor(store).get("/api/replay").json()
    assert off["up"] is False
    assert off["problem"] == "Replay is off."


def test_a_source_that_is_new_is_counted_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store, "ellery"):
        pass
    visitor = Visitor(store)
    assert visitor.get("/source/brand_new").status_code == 404
    with running(store, "brand_new") as run:
        run.keep(exchange("https://new.test/", wire(page("New"))))
    assert visitor.get("/source/brand_new").status_code == 200
    assert visitor.get("/source/other").status_code == 404
