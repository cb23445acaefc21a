"""What became of articles: edits, silent or not, takedowns and returns; kept in the catalogue, and made again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from archive.capture import Lead
from archive.catalogue import Catalogue
from archive.catalogue.changes import ChangeFilters
from archive.catalogue.rows import Row
from archive.errors import StoreError
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.making import SENTENCES, dump, exchange, failure, keep_page, later, page, running, wire

HOST = "https://www.ellery.test"
STORM, AMP = f"{HOST}/news/2026/storm", f"{HOST}/news/2026/storm/amp"
TWELVE, NINE = "Storm keeps twelve boats out", "Storm keeps nine boats out"
SHORTER = SENTENCES[:5]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def storm(headline: str = TWELVE, sentences: Sequence[str] = SENTENCES, modified: str = "") -> bytes:
    head = f'<link rel="canonical" href="{STORM}">'
    if modified:
        head += f'<meta property="article:modified_time" content="{modified}">'
    return page(headline, sentences=sentences, head=head)


def answered(run: Run, status: str, hours: float, url: str = STORM, *headers: str, body: bytes = b"gone") -> None:
    run.keep(exchange(url, wire(body, status, headers or ("Content-Type: text/html",)), at=later(hours)))


def changes(store: Store, **filters: Any) -> list[Row]:
    """Oldest first; the same after all was worked out again from the files."""
    with Catalogue(store.catalogue_path) as catalogue:
        assert catalogue.unsettled() == []
        found = catalogue.changes(ChangeFilters(**filters))
    before = dump(store)
    rebuild(store)
    assert dump(store) == before
    return found[::-1]


def told(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [(row["what"], row["date"][8:13], row["kinds"]) for row in rows]


# Edits


def test_each_edit_is_a_change(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        run.keep(exchange(STORM, wire(storm()), at=later(1)))
        keep_page(run, STORM, storm(NINE), at=later(2))
    with running(store) as run:
        keep_page(run, STORM, storm(NINE).replace(b"small gift", b"large gift"), at=later(3))
        keep_page(run, STORM, storm(NINE, SHORTER), at=later(4))
    first, second = rows = changes(store)
    assert told(rows) == [("edited", "20T11", ("headline", "number")), ("edited", "20T13", ("removed",))]
    assert (first["last_seen"], first["since"]) == ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z")
    assert first["edits"] == [
        {
            "kinds": ["headline", "number"],
            "place": "headline",
            "before": "twelve",
            "after": "nine",
            "paragraph_before": None,
            "paragraph_after": None,
        }
    ]
    assert (second["before"] != first["after"], second["article"], second["source"]) == (True, STORM, "ellery")
    assert (second["words_removed"], second["same_reader"], second["is_confirmed"]) == (18, True, True)


def test_a_page_that_goes_back_is_edited_again(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, STORM, storm(NINE), at=later(1))
    with running(store) as run:
        run.keep(exchange(STORM, wire(storm()), at=later(2)))
    with running(store) as run:
        run.keep(exchange(STORM, wire(storm()), at=later(3)))
    one, two = changes(store)
    assert (two["before"], two["after"]) == (one["after"], one["before"])
    assert two["since"] == "2026-11-20T11:00:00Z"


def test_an_edit_is_silent_if_neither_date_nor_note_tells_of_it(store: Store) -> None:
    note = "Correction: an earlier version of this article gave another number of boats."
    with running(store) as run:
        keep_page(run, STORM, storm(modified="2026-11-20T09:00:00Z"))
        keep_page(run, STORM, storm(NINE, modified="2026-11-20T09:00:00Z"), at=later(1))
        keep_page(run, STORM, storm(NINE, SHORTER, modified="2026-11-20T11:00:00Z"), at=later(2))
        keep_page(run, STORM, storm(TWELVE, [*SHORTER, note], modified="2026-11-20T11:00:00Z"), at=later(3))
    rows = changes(store)
    assert [(row["is_silent"], row["told"]) for row in rows] == [(True, None), (False, "modified"), (False, "note")]
    assert rows[2]["note"] == note
    assert rows[1]["modified"] == ["2026-11-20T09:00:00+00:00", "2026-11-20T11:00:00+00:00"]
    assert [row["id"] for row in changes(store, silent=True)] == [rows[0]["id"]]


def test_typos_alone_can_be_left_out(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, STORM, storm(sentences=[SENTENCES[0].replace("harbour", "harbor"), *SENTENCES[1:]]), at=later(1))
        keep_page(run, STORM, storm(NINE, SENTENCES), at=later(2))
    typo, other = changes(store)
    assert (typo["kinds"], typo["is_minor"], other["is_minor"]) == (("typo",), True, False)
    assert told(changes(store, silent=True, typos=False)) == told([other])
    assert told(changes(store, kinds=("number",))) == told([other])
    assert told(changes(store, kinds=("quote", "typo"))) == told([typo, other])


def test_what_other_software_read_is_never_silent(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        capture = run.keep(exchange(STORM, wire(storm(NINE)), at=later(1)))
        found = extract_capture(Task(store=str(store.root), capture=capture))
        trace = msgspec.structs.replace(found.article.trace, extractor="newswarc/9.0.0")
        article = msgspec.structs.replace(found.article, trace=trace)
        run.keep_article(
            capture, article, words=found.words, started=found.started, ended=found.ended, reading=found.reading
        )
    (row,) = changes(store)
    assert (row["is_silent"], row["same_reader"], row["told"]) == (False, False, None)


def test_one_edit_at_two_addresses_is_told_once(store: Store) -> None:
    def amp(html: bytes) -> bytes:
        return html.replace(b"<body>", b"<body class=amp>")

    with running(store) as run:
        for hours, headline in enumerate([TWELVE, NINE]):
            keep_page(run, STORM, storm(headline), at=later(2 * hours))
            keep_page(run, AMP, amp(storm(headline)), at=later(2 * hours + 1))
    assert told(changes(store)) == [("edited", "20T11", ("headline", "number"))]
    assert told(changes(store, url=AMP)) == told(changes(store, url=STORM))


def test_new_posts_of_a_live_blog_tell_their_own_time() -> None:
    from archive.article import Article, Update
    from archive.history.changes import _judge

    posts = (Update("The ferry is late.", "2026-11-20T09:00:00Z"), Update("The ferry is in.", "2026-11-20T10:00:00Z"))
    before = Article(url=STORM, kind="live-blog", text="Lead.", updates=posts[:1])
    after = msgspec.structs.replace(before, updates=posts)
    assert (_judge(before, after)["told"], _judge(before, after)["is_silent"]) == ("modified", False)
    assert _judge(after, before)["is_silent"]


# Takedowns


def test_410_is_final_and_404_must_be_seen_twice(store: Store) -> None:
    other = f"{HOST}/news/2026/ferry"
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, other, page("Ferry stops at noon"))
        answered(run, "404 Not Found", 1)
        answered(run, "404 Not Found", 1.5)
        answered(run, "410 Gone", 1, other)
    missing, gone = sorted(changes(store), key=lambda row: row["is_confirmed"])
    assert (missing["article"], missing["what"], missing["why"], missing["is_confirmed"]) == (
        STORM,
        "gone",
        "404",
        False,
    )
    assert (gone["article"], gone["why"], gone["is_confirmed"]) == (other, "410", True)
    assert told(changes(store, gone=True, certain=True)) == told([gone])
    with running(store) as run:
        answered(run, "404 Not Found", 2)
        answered(run, "404 Not Found", 9)
    (gone,) = changes(store, url=STORM)
    assert (gone["id"], gone["is_confirmed"]) == (missing["id"], True)
    assert (gone["since"], gone["date"]) == ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z")
    assert (gone["last_seen"], gone["kinds"], gone["after"]) == ("2026-11-20T09:00:00Z", (), None)


def test_a_passing_trouble_is_no_takedown(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        answered(run, "404 Not Found", 1)
    assert [row["is_confirmed"] for row in changes(store)] == [False]
    with running(store) as run:
        run.keep(exchange(STORM, wire(storm()), at=later(2)))
        answered(run, "404 Not Found", 3)
        answered(run, "503 Busy", 5)
        answered(run, "403 Forbidden", 6)
        answered(run, "429 Too Many", 7)
        run.keep_failure(failure(STORM, started=later(8), ended=later(8), kind="timeout"))
        run.keep(exchange(STORM, b"HTTP/1.1 404 Not Found\r\n\r\ngo", at=later(9), truncated="disconnect"))
        run.keep(exchange(STORM, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(10)))
    assert changes(store) == []


def test_an_article_that_came_back(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        answered(run, "404 Not Found", 1)
        answered(run, "404 Not Found", 3)
        keep_page(run, STORM, storm(NINE), at=later(4))
        answered(run, "410 Gone", 5)
    with running(store) as run:
        run.keep(exchange(STORM, wire(storm(NINE)), at=later(6)))
    rows = changes(store, gone=True)
    assert [(row["what"], row["why"], row["kinds"]) for row in rows] == [
        ("gone", "404", ()),
        ("back", None, ("headline", "number")),
        ("gone", "410", ()),
        ("back", None, ()),
    ]
    assert rows[1]["last_seen"] == rows[0]["since"]
    assert not any(row["is_silent"] for row in rows)
    assert changes(store, silent=True) == []


@pytest.mark.parametrize("target", ["/", "https://ellery.test", "/news/", "/news/2026/", f"{HOST}/front.html"])
def test_a_redirect_to_a_page_that_is_no_article(store: Store, target: str) -> None:
    with running(store) as run:
        run.keep(exchange(f"{HOST}/front.html", lead=Lead(kind="source")))
        keep_page(run, STORM, storm())
        answered(run, "302 Found", 1, STORM, f"Location: {target}")
        answered(run, "302 Found", 2, STORM, f"Location: {target}")
    (gone,) = changes(store)
    assert (gone["what"], gone["why"], gone["is_confirmed"]) == ("gone", "redirect", True)
    assert gone["target"].startswith("https://")


@pytest.mark.parametrize("target", ["/sport/2026/storm", "/login?next=/news", "?page=2", "http://[", f"{STORM}/#x", ""])
def test_other_redirects_are_no_takedown(store: Store, target: str) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        answered(run, "302 Found", 1, STORM, f"Location: {target}" if target else "X: y")
        answered(run, "302 Found", 2, STORM, f"Location: {target}" if target else "X: y")
    assert changes(store) == []


_NOTICE = "This article is no longer available for legal reasons, and the editors have nothing to add to that."
_PAGES = {
    "empty": b"<!DOCTYPE html><html><body><article><h1>Storm</h1></article></body></html>",
    "not found": b"<!DOCTYPE html><html><title>Not found</title><body><h1>Page not found</h1><p>Sorry.</body></html>",
    "stub": page("Storm", sentences=[_NOTICE]),
}


@pytest.mark.parametrize("html", _PAGES.values(), ids=_PAGES)
def test_a_page_whose_text_is_gone(store: Store, html: bytes) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        capture = run.keep(exchange(STORM, wire(html), at=later(1)))
        found = extract_capture(Task(store=str(store.root), capture=capture))
        if found.article.text:
            run.keep_extracted(capture, found)
    assert [(row["what"], row["why"], row["is_confirmed"]) for row in changes(store)] == [("gone", "emptied", False)]
    with running(store) as run:
        run.keep(exchange(STORM, wire(html), at=later(3)))
    (gone,) = changes(store)
    assert (gone["why"], gone["is_confirmed"], gone["date"][8:13]) == ("emptied", True, "20T12")


def test_a_page_that_our_reader_fails_on_is_not_gone(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        for hours in (1, 3):
            again = storm().replace(b"<body>", f"<body data-look={hours}>".encode())
            run.keep(exchange(STORM, wire(again), at=later(hours)))
        run.keep(exchange(STORM, wire(b"%PDF-1.7", headers=["Content-Type: application/pdf"]), at=later(5)))
        run.keep(
            exchange(STORM, wire(b"[]", headers=["Content-Encoding: zzz", "Content-Type: text/html"]), at=later(7))
        )
    assert changes(store) == []


def test_an_article_is_not_gone_while_it_stands_elsewhere(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, AMP, storm().replace(b"<body>", b"<body class=amp>"), at=later(1))
        answered(run, "404 Not Found", 2)
        answered(run, "404 Not Found", 4)
    assert changes(store) == []
    with running(store) as run:
        answered(run, "404 Not Found", 5, AMP)
        answered(run, "404 Not Found", 7, AMP)
    (gone,) = changes(store)
    assert (gone["since"][11:13], gone["is_confirmed"]) == ("14", True)


# What it costs, and what is wrong


def test_articles_that_do_not_change_are_never_looked_at(store: Store) -> None:
    with running(store) as run:
        for n in range(3):
            keep_page(run, f"{STORM}-{n}", page(f"Storm, part {n}"))
        run.keep(exchange(HOST, wire(b"<rss>1")))
        run.flush()
        assert run.catalogue.unsettled() == []
    with running(store) as run:
        for n in range(3):
            run.keep(exchange(f"{STORM}-{n}", wire(page(f"Storm, part {n}")), at=later(1)))
            run.keep(exchange(f"{STORM}-{n}", wire(status="304 Not Modified", headers=["ETag: x"]), at=later(2)))
        run.flush()
        assert run.catalogue.unsettled() == []
        run.keep(exchange(HOST, wire(b"<rss>2"), at=later(1)))
        run.flush()
        assert run.catalogue.unsettled() == ["ellery.test"]
    assert changes(store) == []


def test_texts_that_can_not_be_read_are_said_and_the_others_told(store: Store) -> None:
    other = f"{HOST}/news/2026/ferry"
    with running(store) as run:
        for hours, number in enumerate(("twelve", "nine")):
            keep_page(run, STORM, storm(f"Storm keeps {number} boats out"), at=later(hours))
            keep_page(run, other, page(f"Ferry takes {number} cars"), at=later(hours))
        run.flush()
        wrong = {"details_offset": 0, "details_length": 5}
        with run.catalogue._connection.begin():
            run.catalogue._connection.exec_driver_sql(
                "UPDATE versions SET details_offset = :details_offset, details_length = :details_length"
                f" WHERE article = '{STORM}'", wrong
            )  # fmt: skip
    assert len(run.problems) == 1
    assert run.problems[0].startswith(f"What changed in {STORM} can't be told: ")
    with Catalogue(store.catalogue_path) as catalogue:
        assert [row["article"] for row in catalogue.changes()] == [other]


def test_what_a_failing_disk_hid_is_told_by_the_next_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Store, name: str, offset: int, length: int) -> bytes:
        raise StoreError(f"{name}: can't be read: Input/output error.")

    with running(store) as run:
        for hours, number in enumerate(("twelve", "nine")):
            keep_page(run, STORM, storm(f"Storm keeps {number} boats out"), at=later(hours))
        monkeypatch.setattr(Store, "read", refuse)
    assert run.problems[0].startswith(f"What changed in {STORM} can't be told: ")
    monkeypatch.undo()
    with running(store):
        pass
    assert len(changes(store)) == 1
