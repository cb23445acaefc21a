from __future__ import annotations

from pathlib import Path

import pytest

from archive.catalogue.rows import Row
from archive.storage import Store
from archive.web.app import create_app
from archive.web.room import Room
from tests.archive.making import exchange, page, running, wire
from tests.archive.web.rooms import REPLAY, STORM, Visitor, captures


def room(store: Store, **options: object) -> Room:
    made: Room = create_app(store, **options).state.room  # type: ignore[arg-type]
    return made


def test_titles(store: Store) -> None:
    assert room(store, titles={"ellery": "The Ellery Courier"}).title("ellery") == "The Ellery Courier"
    assert room(store).title("moscow_times") == "Moscow Times"
    assert "The Ellery Courier" in Visitor(store, titles={"ellery": "The Ellery Courier"}).get("/sources").text


def test_frames(store: Store) -> None:
    known = room(store, replay_origin=REPLAY, replay_path="/x3f9")
    first: Row = captures(store, STORM)[0]
    assert known.frame(first) == f"{REPLAY}/x3f9/20261120090000mp_/{STORM}"
    assert (
        known.frame({**first, "url": "https://a.test/b#c"}) == f"{REPLAY}/x3f9/20261120090000mp_/https://a.test/b%23c"
    )
    assert known.frame({**first, "method": "POST"}) is None
    assert known.frame({**first, "url": "javascript:alert(1)"}) is None
    assert known.frame(None) is None
    assert room(store).frame(first) is None


def test_sources_are_counted_anew_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.web.room as module

    known = room(store)
    times = iter([100.0, 110.0, 131.0, 131.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    counted = []

    class Counting:
        def sources(self) -> list[Row]:
            counted.append(1)
            return []

        def languages(self) -> list[Row]:
            return []

    for _ in range(3):
        known.census(Counting())  # type: ignore[arg-type]
    assert len(counted) == 2


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
