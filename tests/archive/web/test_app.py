"""Every page, whole: reachable, usable without eyes or mouse, and harmless whatever the archive holds."""

from __future__ import annotations

import pytest

from archive.storage import Store
from archive.web.app import create_app
from tests.archive.web.markup import faults
from tests.archive.web.rooms import FERRY, REPLAY, SCRIPT, Visitor, all_pages


def test_every_page_is_well_made_and_harmless(store: Store, visitor: Visitor) -> None:
    seen = {}
    for path in all_pages(store):
        answer = visitor.get(path)
        assert answer.status_code in (200, 400, 404), (path, answer.text)
        seen[path] = answer.status_code
        assert [f"{path}: {fault}" for fault in faults(answer.text, replay=REPLAY)] == []
    assert list(seen.values()).count(200) > 40


def test_a_hostile_headline_is_text(visitor: Visitor) -> None:
    found = visitor.get("/search", source="evil")
    assert "&lt;script&gt;alert(&#39;headline&#39;)&lt;/script&gt;" in found.text
    assert SCRIPT not in found.text
    assert "\u202e" not in found.text
    assert "\x1b" not in found.text


def test_links_of_every_page_lead_somewhere(store: Store, visitor: Visitor) -> None:
    from lxml import html

    asked = set()
    for path in (
        "/",
        "/sources",
        "/source/ellery",
        f"/article?url={FERRY.replace('?', '%3F')}",
        f"/history?url={FERRY}",
    ):
        tree = html.document_fromstring(visitor.get(path).text)
        asked |= {a.get("href").partition("#")[0] for a in tree.iter("a") if a.get("href").startswith("/")}
    assert len(asked) > 40
    for path in sorted(asked):
        assert visitor.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/", "/sources", "/source/x", "/article?url=x", "/history?url=x", "/api/search"])
def test_no_archive(tmp_path, path: str) -> None:
    answer = Visitor(Store(tmp_path / "none")).get(path)
    assert answer.status_code == 503
    assert "no archive there" in answer.text
    assert str(tmp_path) not in answer.text


def test_a_catalogue_of_another_version(tmp_path) -> None:
    import sqlite3

    (tmp_path / "originals").mkdir()
    database = sqlite3.connect(tmp_path / "catalogue.sqlite")
    database.execute("PRAGMA user_version = 1")
    database.close()
    answer = Visitor(Store(tmp_path)).get("/")
    assert answer.status_code == 503
    assert "scrapy rebuild" in answer.text
    assert str(tmp_path) not in answer.text


def test_no_catalogue(tmp_path) -> None:
    (tmp_path / "originals").mkdir()
    answer = Visitor(Store(tmp_path)).get("/")
    assert answer.status_code == 503
    assert "scrapy rebuild" in answer.text


def test_an_empty_archive_has_its_pages(tmp_path) -> None:
    from archive.catalogue import Catalogue

    store = Store(tmp_path)
    store.create()
    Catalogue(store.catalogue_path, create=True).close()
    visitor = Visitor(store)
    for path, words in {"/": "holds no article yet", "/sources": "Nothing has been crawled yet"}.items():
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert words in answer.text
        assert list(faults(answer.text)) == []


def test_a_fault_of_ours_is_a_page_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(store, strict=False)
    monkeypatch.setattr(visitor.app.state.room, "census", lambda _: 1 / 0)
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "The fault is ours" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "ZeroDivisionError" not in answer.text


def test_reading_leaves_the_archive_as_it_was(store: Store, visitor: Visitor) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in store.root.rglob("*") if p.is_file()}

    before = state()
    for path in all_pages(store):
        visitor.get(path)
    assert state() == before


def test_a_crawl_can_write_while_others_read(tmp_path) -> None:
    from tests.archive.making import keep_page, page, running

    store = Store(tmp_path)
    with running(store) as run:
        keep_page(run, "https://ellery.test/a", page("Herring prices fall"))
        run.flush()
        visitor = Visitor(store)
        assert "Herring prices fall" in visitor.get("/").text
        keep_page(run, "https://ellery.test/b", page("Herring prices rise"))
        run.flush()
        assert "Herring prices rise" in visitor.get("/").text
        answer = visitor.get("/article", url="https://ellery.test/b")
        assert answer.status_code == 200


def test_it_needs_nothing_but_a_store(store: Store) -> None:
    assert create_app(store).state.room.replay_origin is None
