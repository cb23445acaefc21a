"""Rights in the archive: with each capture, with each text, found again, and the same after a rebuild."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from warcio.archiveiterator import ArchiveIterator

from archive.catalogue import Catalogue
from archive.catalogue.search import Search
from archive.export.formats import export
from archive.export.query import Query
from archive.history.history import read_article
from archive.rebuild import rebuild
from archive.rights.policy import NOTHING, Policy
from archive.rights.statement import NOT_RESERVED, RESERVED, Statement, named
from archive.rules import Reading
from archive.storage import Store
from tests.archive.making import dump, exchange, failure, keep_article, later, page, running, wire

SITE = "https://www.ellery.test"
DATE = "2026-11-20T08:59:00Z"
ALLOWED = Statement("robots", "allowed", "robots.txt", record="urn:uuid:r", date=DATE)
FILED = Statement("tdm", RESERVED, "tdmrep.json", '"location": "/"', "urn:uuid:t", DATE)
PAGES: dict[str, tuple[tuple[Statement, ...], list[str], str]] = {
    "plain": ((ALLOWED,), [], ""),
    "filed": ((ALLOWED, FILED), [], ""),
    "freed": ((ALLOWED, FILED), [], '<meta name="tdm-reservation" content="0">'),
    "head": ((), ["X-Robots-Tag: noarchive", "X-Robots-Tag: otherbot: noai"], ""),
    "meta": ((), [], '<meta name="robots" content="noai, noimageai">'),
    "open": ((ALLOWED,), [], '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'),
}
MARKS = {
    "plain": (),
    "filed": ("tdm",),
    "freed": (),
    "head": ("noarchive",),
    "meta": ("noai", "noimageai"),
    "open": ("licence",),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("rights") / "archive")
    for source, names in (("ellery", ["plain", "filed", "freed", "head"]), ("other", ["meta", "open"])):
        with running(store, source) as run:
            for name in names:
                rights, lines, meta = PAGES[name]
                answer = wire(page(f"Ice {name}", head=meta), headers=["Content-Type: text/html", *lines])
                capture = run.keep(exchange(f"{SITE}/{name}", answer, rights=rights))
                keep_article(run, capture, Reading())
    return store


def chosen(store: Store, without: Policy, words: str | None = None) -> set[str]:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        if words is None:
            listed = {row["url"] for row in catalogue.articles(without=without)}
            assert listed == {row["url"] for row in catalogue.each_article(without=without)}
        else:
            results = Search(catalogue, store).find(words, without=without)
            listed = {hit.article["url"] for hit in results.hits}
            assert results.total == len(listed)
            assert listed == {row["url"] for row in catalogue.each_article(words, without=without)}
    return {url.rpartition("/")[2] for url in listed}


def test_each_article_has_its_marks(store: Store) -> None:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        found = {row["url"].rpartition("/")[2]: named(row["rights"]) for row in catalogue.articles()}
    assert found == MARKS


def test_what_is_known_of_a_capture_stands_beside_it(store: Store) -> None:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        (filed,) = catalogue.captures(f"{SITE}/filed")
        (head,) = catalogue.captures(f"{SITE}/head")
        (meta,) = catalogue.captures(f"{SITE}/meta")
    assert [(s["name"], s["record"]) for s in json.loads(filed["rights"])] == [
        ("robots", "urn:uuid:r"),
        ("tdm", "urn:uuid:t"),
    ]
    assert [(s["name"], s.get("agent")) for s in json.loads(head["rights"])] == [
        ("noarchive", None),
        ("noai", "otherbot"),
    ]
    assert meta["rights"] is None


def test_what_a_page_says_stands_with_its_text(store: Store) -> None:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        (version,) = catalogue.versions(f"{SITE}/freed")
    article = read_article(store, version)
    assert article.rights == (Statement("tdm", NOT_RESERVED, "page", '<meta name="tdm-reservation" content="0">'),)


RESERVED_MARKS = frozenset({"tdm", "noai", "noarchive"})
POLICIES: list[tuple[Policy, set[str]]] = [
    (NOTHING, set(PAGES)),
    (Policy(frozenset({"unread", "robots"})), set(PAGES)),
    (Policy(RESERVED_MARKS), {"plain", "freed", "open"}),
    (Policy(RESERVED_MARKS, {"other": frozenset()}), {"plain", "freed", "meta", "open"}),
    (Policy(RESERVED_MARKS, {"other": frozenset({"licence"})}), {"plain", "freed", "meta"}),
    (Policy(by_source={"ellery": frozenset({"noarchive"})}), set(PAGES) - {"head"}),
]


@pytest.mark.parametrize("words", [None, "ice", "ice OR boats", "storm -filed"])
@pytest.mark.parametrize(("without", "expected"), POLICIES)
def test_marks_leave_articles_out(store: Store, without: Policy, expected: set[str], words: str | None) -> None:
    expected = expected - {"filed"} if words == "storm -filed" else expected
    assert chosen(store, without, words) == expected


def test_a_rebuild_finds_the_same(store: Store) -> None:
    live = dump(store)
    assert not rebuild(store)
    assert dump(store) == live


def records_of(store: Store, kind: str) -> list[dict[str, Any]]:
    from archive.reader import read_records

    found = []
    for name in store.files():
        for record in read_records(store.path(name)):
            if (record.url or "").startswith(f"urn:newswarc:{kind}:"):
                found.append(record.json())
    return found


def test_a_refusal_says_where_it_stands(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    forbidden = Statement("robots", "forbidden", "robots.txt", record="urn:uuid:r", date=DATE)
    with running(store, "ellery") as run:
        run.keep_failure(failure(f"{SITE}/secret", kind="robots", rights=(forbidden,)))
    (facts,) = records_of(store, "failure")
    assert facts["rights"] == [
        {"name": "robots", "value": "forbidden", "where": "robots.txt", "record": "urn:uuid:r", "date": DATE}
    ]


def test_what_was_read_before_there_were_statements_is_unread(tmp_path: Path) -> None:
    import msgspec

    from archive.workers import Task, extract_capture

    store = Store(tmp_path / "archive")
    with running(store, "ellery") as run:
        capture = run.keep(exchange(f"{SITE}/old", wire(page("Old ice"))))
        found = extract_capture(Task(store=str(store.root), capture=capture))
        article = msgspec.structs.replace(found.article, rights=None)
        run.keep_extracted(capture, msgspec.structs.replace(found, article=article))
    assert chosen(store, Policy(frozenset({"unread"}))) == set()
    assert chosen(store, NOTHING) == {"old"}


def exported(store: Store, target: Path, **asked: Any) -> list[dict[str, Any]]:
    export(store, Query(**asked), target, "jsonl")
    return [json.loads(line) for line in target.read_text("utf-8").splitlines()]


def test_exports_tell_where_each_statement_stands(store: Store, tmp_path: Path) -> None:
    lines = {line["headline"]: line for line in exported(store, tmp_path / "all.jsonl")}
    assert {name: tuple(lines[f"Ice {name}"]["rights_marks"]) for name in MARKS} == MARKS
    capture = lines["Ice freed"]["capture"]
    assert [(s["where"], s["value"], s["record"], s["date"]) for s in lines["Ice freed"]["rights"]] == [
        ("robots.txt", "allowed", "urn:uuid:r", DATE),
        ("tdmrep.json", RESERVED, "urn:uuid:t", DATE),
        ("page", NOT_RESERVED, capture["id"], capture["date"]),
    ]


def test_markdown_tells_the_same_as_json_lines(store: Store, tmp_path: Path) -> None:
    lines = {line["headline"]: line for line in exported(store, tmp_path / "all.jsonl")}
    export(store, Query(), tmp_path / "all", "markdown")
    fronts = [yaml.safe_load(path.read_text("utf-8").split("---\n")[1]) for path in (tmp_path / "all").glob("*/*.md")]
    assert len(fronts) == len(PAGES)
    for front in fronts:
        line = lines[front["headline"]]
        assert (front["rights"], front["rights_marks"]) == (line["rights"], line["rights_marks"])


def test_wet_records_have_the_marks_in_a_header(store: Store, tmp_path: Path) -> None:
    export(store, Query(), tmp_path / "all.wet.gz", "wet")
    found = {}
    with (tmp_path / "all.wet.gz").open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            if record.rec_type == "conversion":
                marks = record.rec_headers.get_header("Newswarc-Rights-Marks")
                found[record.content_stream().readline().decode().strip()] = marks
    assert found == {f"Ice {name}": " ".join(marks) or None for name, marks in MARKS.items()}


def test_exports_leave_out_what_is_reserved(store: Store, tmp_path: Path) -> None:
    without = Policy(RESERVED_MARKS, {"other": frozenset()})
    lines = exported(store, tmp_path / "some.jsonl", without=without)
    assert {line["headline"] for line in lines} == {"Ice plain", "Ice freed", "Ice meta", "Ice open"}


def test_of_an_article_the_versions_that_were_reserved_are_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    url = f"{SITE}/contract"
    with running(store, "ellery") as run:
        for hours, value in enumerate(["0", "1", "0"]):
            meta = f'<meta name="tdm-reservation" content="{value}">'
            answer = wire(page(f"Ice {hours}", head=meta))
            keep_article(run, run.keep(exchange(url, answer, at=later(hours))), Reading())
    asked: dict[str, Any] = {"versions": "all", "without": Policy(frozenset({"tdm"}))}
    assert [line["headline"] for line in exported(store, tmp_path / "a.jsonl", **asked)] == ["Ice 0", "Ice 2"]
