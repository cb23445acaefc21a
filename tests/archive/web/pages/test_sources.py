from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
from lxml import html

from archive.catalogue import Catalogue
from archive.furniture.furniture import Entry, key_of
from archive.storage import Store
from archive.web.app import create_app
from archive.web.chart import Chart, Period
from archive.web.finding import Finding, Wish
from archive.web.pages.sources import learned
from tests.archive.making import keep_page, page, running
from tests.archive.web.rooms import Visitor


def test_all_sources_are_listed(visitor: Visitor) -> None:
    tree = html.document_fromstring(visitor.get("/sources").text)
    rows = [[cell.text_content().strip() for cell in row] for row in tree.cssselect("tbody tr")]
    assert [row[0] for row in rows] == ["Ellery", "Evil", "Nordlys", "Sahil"]
    assert rows[3] == ["Sahil", "3", "3", "21 November 2026", "21 November 2026"]


def test_coverage_is_drawn_and_told(visitor: Visitor) -> None:
    tree = html.document_fromstring(visitor.get("/source/ellery", since="2026-11-19", until="2026-11-22").text)
    (picture,) = tree.cssselect(".plot svg")
    assert "1 failed" not in picture.get("aria-label")
    assert "Bars from 2026-11-19 to 2026-11-22" in picture.get("aria-label")
    table = {row[0].text: [int(cell.text) for cell in row[1:]] for row in tree.cssselect("figure tbody tr")}
    assert list(table) == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert table["2026-11-22"] == [0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0]
    assert len(picture.cssselect("g")) == 3
    assert [len(group.cssselect("rect")) for group in picture.cssselect("g")] == [4, 4, 4]


def test_the_period_is_checked(visitor: Visitor) -> None:
    assert "before it begins" in visitor.get("/source/ellery", since="2026-11-22", until="2026-11-20").text
    assert visitor.get("/source/ellery", since="1800-01-01").status_code == 400
    assert visitor.get("/source/ellery", until="0001-01-01").status_code == 200
    assert visitor.get("/source/ellery", since="9999-12-31", until="9999-12-31").status_code == 200
    assert visitor.get("/source/nobody").status_code == 404
    assert "Nothing was fetched in this period" in visitor.get("/source/ellery", until="2020-01-01").text


def test_latest_articles_come_first(visitor: Visitor) -> None:
    tree = html.document_fromstring(visitor.get("/source/ellery").text)
    assert len(tree.cssselect("li.hit")) == 10
    assert tree.cssselect("p.pages a")[0].text_content() == "All 25 articles"


def test_what_recurs_is_shown_with_its_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    banner, advice = "The <b>Almanac</b> is on the counter.", "Letters are read on Fridays."
    with running(store) as run:
        keep_page(run, "https://ellery.test/a", page("Herring prices fall"))
        run.lists.decide("ellery.test", key_of(banner), "denied", text=banner, who="by maud")
        run.lists.decide("ellery.test", key_of(advice), "allowed", text=advice, who="by maud")
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        assert {entry.text for entry in learned("ellery", catalogue)["ellery.test"]} == {banner, advice}
    tree = html.document_fromstring(Visitor(store).get("/source/ellery").text)
    shown = {item.cssselect("blockquote")[0].text: item.text_content() for item in tree.cssselect("ul.learned li")}
    assert "taken out" in shown[banner]
    assert "kept in the texts" in shown[advice]
    assert "a person decided (by maud)" in shown[advice]


def test_reasons_are_said_in_words(tmp_path: Path) -> None:
    entry = Entry(
        key="0" * 16, text="Give.", first_seen="2026-11-20T09:00:00Z", last_seen="2026-11-21T09:00:00Z", articles=7
    )
    once = msgspec.structs.replace(entry, last_seen="2026-11-20T18:00:00Z", why="number")
    furniture = {"ellery.test": [msgspec.structs.replace(entry, why="topic"), once]}
    room = create_app(Store(tmp_path)).state.room
    period = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 2))
    source = {"source": "ellery", "articles": 1, "captures": 1, "first": None, "last": None}
    nothing = Finding(Wish(), 0, [])
    shown = room.templates.page(
        "source.html",
        source=source,
        chart=Chart.of([], period),
        latest=nothing,
        furniture=furniture,
        most_learned=9,
        ledger={},
        troubles=[],
        runs=[],
    )
    text = " ".join(html.document_fromstring(shown.body).text_content().split())
    assert "it shares hardly a word with what the articles are about. On 7 articles" in text
    assert "seen from 20 November 2026 to 21 November 2026." in text
    assert "seen on 20 November 2026." in text


def test_nothing_learned_says_so(visitor: Visitor) -> None:
    assert "Nothing recurs here" in visitor.get("/source/nordlys").text
