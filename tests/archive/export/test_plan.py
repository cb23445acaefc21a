from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from archive.capture import Lead
from archive.errors import StoreError
from archive.export.plan import Plan
from archive.export.texts import Texts
from archive.reader import parse_member
from archive.storage import Store
from tests.archive.export.papers import FERRY, FONT, IMAGE, STORM, STYLE, paper, selected, story
from tests.archive.making import exchange, keep_page, later, page, running, wire

OLD, SHORT = "https://www.ellery.test/old", "https://www.ellery.test/2026/11/storm"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


def planned(store: Store, **query: Any) -> tuple[list[tuple[str, str, str]], list[dict[str, Any]], int]:
    """What is chosen (URL, hour, kind), the members, and how many revisits were left out."""
    with selected(store, **query) as selection:
        plan = Plan(selection)
        plan.make(lambda *_: None)
        records = list(selection.rows("SELECT * FROM records"))
        members = list(selection.rows("SELECT * FROM members ORDER BY file, offset"))
    return sorted((r["url"], r["date"][8:13], r["kind"]) for r in records), members, plan.left_out


def test_an_article_with_what_led_to_it_and_what_it_loads(store: Store) -> None:
    chosen, _, left_out = planned(store, words="storm", captured_until="2026-11-21")
    assert chosen == [(url, "20T09", "response") for url in (STYLE, FONT, IMAGE, SHORT, STORM, OLD)]
    assert left_out == 0


def test_a_page_that_loads_nothing_brings_nothing(store: Store) -> None:
    chosen, members, _ = planned(store, words="ferry")
    assert chosen == [(FERRY, "20T10", "response"), (STYLE, "20T09", "response"), (FONT, "20T09", "response")]
    chosen, _, _ = planned(store, source="nordlys")
    assert [url for url, *_ in chosen] == ["https://nordlys.test/å"]
    assert members


def test_revisits_come_with_their_originals(store: Store) -> None:
    """Saturday's picture has the same bytes as Friday's: it is a revisit."""
    chosen, _, _ = planned(store, words="nine")
    assert (IMAGE, "21T09", "revisit") in chosen
    assert (IMAGE, "20T09", "response") in chosen
    assert (STORM, "21T09", "response") in chosen
    assert [c for c in chosen if c[0] == STORM] == [(STORM, "21T09", "response")]
    assert (OLD, "20T09", "response") not in chosen  # another crawl's


def test_all_versions_come_with_the_revisits_that_confirm_them(store: Store) -> None:
    chosen, _, _ = planned(store, words="nine", versions="all")
    assert [c[1:] for c in chosen if c[0] == STORM] == [
        ("20T09", "response"),
        ("20T14", "revisit"),
        ("20T15", "revisit"),
        ("21T09", "response"),
    ]


def test_members_are_those_of_the_exchanges(store: Store) -> None:
    """Response, request and facts of each capture, and a warcinfo of each file; nothing else."""
    chosen, members, _ = planned(store, words="nine", versions="all")
    records = [parse_member(store.read(m["file"], m["offset"], m["length"])) for m in members]
    responses = [r for r in records if r.type in ("response", "revisit")]
    assert sorted((r.url, r.need("WARC-Date")[8:13], r.type) for r in responses) == chosen
    ids = {r.id for r in responses}
    others = [r for r in records if r.type in ("request", "metadata")]
    assert [r.need("WARC-Concurrent-To").strip("<>") in ids for r in others] == [True] * 2 * len(responses)
    infos = [r for r in records if r.type == "warcinfo"]
    assert len(infos) == len({m["file"] for m in members}) == 2
    named = {r.need("WARC-Warcinfo-ID").strip("<>") for r in records if r.type != "warcinfo"}
    assert named == {r.id for r in infos}
    assert len(records) == len(responses) + len(others) + len(infos)


def test_what_redirects_of_stylesheets_and_pictures_lead_to(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    static = "https://static.ellery.test/"
    head = f'<link rel="stylesheet" href="{static}a.css">'
    css = {"headers": ["Content-Type: text/css"]}
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps twelve boats out", head=head))
        run.keep(exchange(f"{static}a.css", wire(b"", "302 Found", ["Location: b.css"]), lead=Lead("requisite", STORM)))
        run.keep(exchange(f"{static}b.css", wire(b'@import "c.css";', **css)))
        run.keep(exchange(f"{static}c.css", wire(b'@import "a.css"; p { background: url(p.png) }', **css)))
        run.keep(exchange(f"{static}p.png", wire(b"<p>Not there", "404 Not Found")))
        run.keep(exchange(f"{static}p.png", wire(b"PNG", headers=["Content-Type: image/png"]), at=later(900)))
        run.keep(exchange(f"{static}p.png", wire(b"HEAD", headers=["Content-Type: image/png"]), method="HEAD"))
    chosen, _, _ = planned(store)
    assert [url.removeprefix(static) for url, *_ in chosen if url.startswith(static)] == [
        "a.css",
        "b.css",
        "c.css",
        "p.png",
    ]
    assert [hour for url, hour, _ in chosen if url.endswith("p.png")] == ["27T21"]


def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        for here, there in (("/a", "/b"), ("/b", "/a"), ("/b", STORM)):
            location = [f"Location: {there}"]
            run.keep(exchange("https://www.ellery.test" + here, wire(there.encode(), "301 Moved", location)))
        keep_page(run, STORM, page("Storm keeps twelve boats out"), at=later(1))
    chosen, _, _ = planned(store)
    assert [url[-2:] for url, *_ in chosen] == ["m/", "/a", "/b", "/b"]


def test_a_revisit_without_its_original_is_left_out(tmp_path: Path) -> None:
    store = paper(tmp_path / "archive")
    with selected(store, words="nine") as selection:
        assert selection.count == 1
    with sqlite3.connect(store.catalogue_path) as catalogue:
        catalogue.execute("DELETE FROM captures WHERE url = ? AND kind = 'response'", (IMAGE,))
    chosen, _, left_out = planned(store, words="nine")
    assert left_out == 1
    assert IMAGE not in [url for url, *_ in chosen]


def test_an_article_without_its_page_is_not_handed_over(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_page(run, STORM, story("Storm keeps twelve boats out"))
    with sqlite3.connect(store.catalogue_path) as catalogue:
        catalogue.execute("DELETE FROM captures")
    with pytest.raises(StoreError, match="scrapy verify"):
        planned(store)


@pytest.mark.parametrize("query", [{"words": "ferry"}, {"words": "storm", "versions": "all"}], ids=str)
def test_an_export_never_goes_through_the_whole_archive(store: Store, query: dict[str, Any]) -> None:
    """Of the catalogue's tables only what an index finds is read, however little of the archive is exported."""
    asked: set[str] = set()
    with selected(store, **query) as selection:
        selection.connection.set_trace_callback(asked.add)
        Plan(selection).make(lambda *_: None)
        Texts(selection).make(lambda *_: None)
        selection.connection.set_trace_callback(None)
        asked = {statement for statement in asked if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")}
        plans = {q: [row[3] for row in selection.connection.execute(f"EXPLAIN QUERY PLAN {q}")] for q in asked}
    own = ("chosen", "records", "redirects", "read_runs", "texts", "lists", "r", "d")  # temporary, or an alias of one
    steps = {step for plan in plans.values() for step in plan}
    scanned = {step for step in steps if step.startswith("SCAN") and step.split()[1] not in (*own, "CONSTANT")}
    # It has only what pages load, and one row is asked for.
    assert scanned == {"SCAN captures USING COVERING INDEX captures_requisites"}
    assert "SEARCH versions USING COVERING INDEX versions_by_file (file=?)" in steps
