"""Crawls that ask what may be done with the pages: robots.txt, tdmrep.json, heads and pages, kept and obeyed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.rebuild import rebuild
from archive.rights.statement import named
from archive.storage import Store
from tests.archive.making import SENTENCES, dump, page
from tests.server.crawl import ROOT
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

ROBOTS = b"User-agent: *\nDisallow: /sea/secret\n"
TDMREP = b'[{"location": "/sea/", "tdm-reservation": 1, "tdm-policy": "/policy"}]'
NAMES = ("filed", "freed", "noai", "secret")
SETTINGS = {
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "EXTRACT_WORKERS": 1,
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
    "RETRY_ENABLED": False,
}


def reply(body: bytes, *headers: str, kind: str = "text/html", status: str = "200 OK") -> Reply:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return Reply(("\r\n".join([*lines, "", ""]).encode() + body,))


def newspaper(server: RawServer, *, tdmrep: Reply | None = None) -> None:
    """A front page and four articles."""
    server.add("/robots.txt", reply(ROBOTS, kind="text/plain"))
    server.add("/.well-known/tdmrep.json", tdmrep or reply(TDMREP, kind="application/json"))
    server.add("/", reply("".join(f'<a href="/sea/{name}">{name}</a>' for name in NAMES).encode()))
    for number, name in enumerate(NAMES):
        head = '<meta name="robots" content="noai">' if name == "noai" else ""
        html = page(f"Ice {name}", head=head, sentences=[*SENTENCES[number:], *SENTENCES[:number]])
        lines = ["tdm-reservation: 0", "X-Robots-Tag: otherbot: noarchive"] if name == "freed" else []
        server.add(f"/sea/{name}", reply(html, *lines))


def crawl(server: RawServer, folder: Path, rights: str = "", **settings: object) -> str:
    """``scrapy crawl ellery`` into the store below `folder`; what was logged."""
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    source = f'title = "Ellery Courier"\nhome = "{server.url("/")}"\narticle_urls = ["/sea/.*"]\n{rights}'
    (sources / "ellery.toml").write_text(source, "utf-8")
    command = [sys.executable, "-m", "scrapy", "crawl", "ellery"]
    given = {**SETTINGS, "SOURCES": sources, "ARCHIVE_STORE": folder / "store", **settings}
    command += [part for name, value in given.items() for part in ("-s", f"{name}={value}")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    return done.stderr


@dataclass(frozen=True)
class Crawled:
    """What two crawls left."""

    store: Store
    asked: list[list[str]]
    """The paths that each asked for."""

    def statements(self, name: str) -> list[dict[str, Any]]:
        with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
            rows: list[Row] = [row for row in catalogue.articles() if row["url"].endswith(name)]
            (capture,) = {v["capture"] for v in catalogue.versions(rows[0]["url"])}
            row = catalogue.capture(capture)
        assert row is not None
        found: list[dict[str, Any]] = json.loads(row["rights"])
        return found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    folder = tmp_path_factory.mktemp("tdmrep")
    with RawServer() as server:
        newspaper(server)
        crawl(server, folder)
        first = len(server.log)
        crawl(server, folder)
    paths = [entry.path for entry in server.log]
    return Crawled(Store(folder / "store"), [paths[:first], paths[first:]])


def test_it_asks_first_once_and_not_again_that_day(crawled: Crawled) -> None:
    first, second = crawled.asked
    assert first[:3] == ["/robots.txt", "/.well-known/tdmrep.json", "/"]
    assert first.count("/.well-known/tdmrep.json") == 1
    assert "/.well-known/tdmrep.json" not in second


def test_each_capture_has_what_was_known_and_where_it_stands(crawled: Crawled) -> None:
    with Catalogue(crawled.store.catalogue_path, read_only=True) as catalogue:
        places = {row["url"].rpartition("/")[2]: row for row in catalogue.rows(_captures())}
    robots, tdm = crawled.statements("filed")
    assert (robots["name"], robots["value"], robots["record"]) == ("robots", "allowed", places["robots.txt"]["id"])
    assert (tdm["value"], tdm["where"], tdm["record"]) == ("reserved", "tdmrep.json", places["tdmrep.json"]["id"])
    assert tdm["policy"].endswith("/policy")
    assert tdm["date"] == places["tdmrep.json"]["date"]
    freed = [(s["where"], s["name"], s["value"], s.get("agent")) for s in crawled.statements("freed")]
    assert freed == [
        ("robots.txt", "robots", "allowed", None),
        ("tdmrep.json", "tdm", "reserved", None),
        ("header", "noarchive", "", "otherbot"),
        ("header", "tdm", "not reserved", None),
    ]


def _captures() -> Any:
    from sqlalchemy import select

    from archive.catalogue import schema

    return select(schema.captures).order_by(schema.captures.c.date.desc(), schema.captures.c.kind.desc())


def test_articles_have_their_marks(crawled: Crawled) -> None:
    with Catalogue(crawled.store.catalogue_path, read_only=True) as catalogue:
        found = {row["url"].rpartition("/")[2]: named(row["rights"]) for row in catalogue.articles()}
    assert found == {"filed": ("tdm",), "freed": (), "noai": ("tdm", "noai")}


def test_a_refusal_names_the_record_that_forbids_it(crawled: Crawled) -> None:
    _, failures = read_store(crawled.store.root)
    refusal = next(facts for facts in failures if facts["url"].endswith("/sea/secret"))
    assert (refusal["outcome"], refusal["rights"][0]["value"]) == ("robots", "forbidden")
    with Catalogue(crawled.store.catalogue_path, read_only=True) as catalogue:
        place = catalogue.capture(refusal["rights"][0]["record"])
    assert place is not None
    assert place["url"].endswith("/robots.txt")


def test_a_rebuild_finds_the_same_of_a_crawl(crawled: Crawled) -> None:
    live = dump(crawled.store)
    assert not rebuild(crawled.store)
    assert dump(crawled.store) == live


def test_a_source_decides_what_binds(tmp_path: Path) -> None:
    with RawServer() as server:
        newspaper(server)
        log = crawl(server, tmp_path, '[rights]\nnot_fetched = ["tdm"]\n')
    asked = {entry.path for entry in server.log}
    assert asked == {"/robots.txt", "/.well-known/tdmrep.json", "/"}
    assert "/sea/filed is not fetched: tdmrep.json reserves the rights of text and data mining." in log
    _, failures = read_store(tmp_path / "store")
    assert {s["value"] for facts in failures for s in facts["rights"] if s["where"] == "robots.txt"} == {
        "allowed",
        "forbidden",
    }


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(b"<html>not here", status="404 Not Found"), id="none"),
        pytest.param(Reply((b"HTTP/1.1 200 OK\r\nConte",), end="close", whole=False), id="cut"),
    ],
)
def test_a_file_that_cannot_be_had_changes_nothing(answer: Reply, tmp_path: Path) -> None:
    with RawServer() as server:
        newspaper(server, tdmrep=answer)
        crawl(server, tmp_path, '[rights]\nnot_fetched = ["tdm"]\n', TDMREP="True")
    asked = [entry.path for entry in server.log]
    assert asked.count("/.well-known/tdmrep.json") == 1
    assert {f"/sea/{name}" for name in NAMES} <= set(asked)
    exchanges, _ = read_store(tmp_path / "store")
    (facts,) = (e.facts for e in exchanges if e.path == "/sea/filed")
    (tdm,) = (s for s in facts["rights"] if s["where"] == "tdmrep.json")
    assert tdm["value"] == "unset"
    assert tdm["said"]
