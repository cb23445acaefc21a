"""Single pages fetched for `scrapy clean`: archived like every other, each with a sentence if there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

LINES = [f"On day {day} the ferry brought {day * 3} crates of pears and a tired crew to the quay." for day in range(6)]


def page(title: str, date: str = "") -> str:
    head = f'<meta property="article:published_time" content="{date}">' if date else ""
    text = "".join(f"<p>{line}</p>" for line in LINES)
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{text}</article></body></html>"


def reply(body: str | bytes, status: str = "200 OK", *headers: str, kind: str = "text/html; charset=utf-8") -> Reply:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", f"Content-Type: {kind}", *headers]
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))


@dataclass(frozen=True)
class Fetched:
    """What came of the addresses: objects by path, complaints by path, what the server was asked."""

    code: int
    articles: list[dict[str, Any]]
    err: str
    asked: list[str]
    store: Path
    base: str

    @property
    def found(self) -> dict[str, str]:
        return {article["input"].removeprefix(self.base): article["headline"] for article in self.articles}

    def said(self, path: str) -> str:
        """The one complaint about an address, without the address."""
        (line,) = (line for line in self.err.splitlines() if f" {self.base}{path}: " in line)
        return line.removeprefix(f"newswarc: {self.base}{path}: ")


def clean(folder: Path, server: RawServer, *inputs: str, **settings: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``scrapy clean``."""
    command = [sys.executable, "-m", "scrapy", "clean", *inputs]
    for name, value in {
        "ARCHIVE_STORE": folder / "store",
        **LOOPBACK,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        "RETRY_ENABLED": False,
        "SOURCES": folder,
        **settings,
    }.items():
        command += ["-s", f"{name}={value}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fetched]:
    folder = tmp_path_factory.mktemp("fetched")
    with RawServer() as server:
        definition = f'title = "G"\nhome = "{server.url("/")}"\ntimezone = "Asia/Kathmandu"\narticle_urls = ["/.*"]\n'
        (folder / "gazette.toml").write_text(definition)
        server.add("/robots.txt", reply("User-agent: *\nDisallow: /closed\n", kind="text/plain"))
        server.add("/first", reply(page("First Paper", "2026-11-19T08:00:00")))
        server.add("/second?a=1&b=2", reply(page("Second Paper")))
        server.add("/old", reply("", "301 Moved Permanently", "Location: /new"))
        server.add("/new", reply(page("New Paper")))
        server.add("/out", reply(page("Out of Order"), "503 Service Unavailable"))
        server.add("/picture", reply(b"\x89PNG\r\n", kind="image/png"))
        server.add("/hung", Reply((), end="close"))
        file = folder / "file.html"
        file.write_text(page("Filed Paper"))
        paths = ("/first", "/closed", "/second?a=1&b=2", "/gone", "/old", "/out", "/first", "/picture", "/hung")
        inputs = [str(file), *(server.url(path) for path in paths), str(file)]
        code, out, err = clean(folder, server, *inputs)
        articles = [json.loads(line) for line in out.splitlines()]
    yield Fetched(code, articles, err, [logged.path for logged in server.log], folder / "store", server.url(""))


def test_pages_come_out_in_the_order_of_the_inputs(fetched: Fetched) -> None:
    headlines = [article["headline"] for article in fetched.articles if not article["input"].endswith("/old")]
    assert headlines == ["Filed Paper", "First Paper", "Second Paper", "First Paper", "Filed Paper"]
    assert all(article["text"].split("\n") == LINES for article in fetched.articles)
    assert fetched.code == 1


def test_the_address_is_where_the_page_was_found(fetched: Fetched) -> None:
    found = {article["input"]: article["url"] for article in fetched.articles if article["input"].startswith("http")}
    assert found[f"{fetched.base}/second?a=1&b=2"] == f"{fetched.base}/second?a=1&b=2"


def test_redirects_are_followed(fetched: Fetched) -> None:
    (article,) = (article for article in fetched.articles if article["input"] == f"{fetched.base}/old")
    assert (article["headline"], article["url"]) == ("New Paper", f"{fetched.base}/new")


def test_its_source_tells_the_zone(fetched: Fetched) -> None:
    published = {article["headline"]: article["published"] for article in fetched.articles}
    assert published["First Paper"] == "2026-11-19T08:00:00+05:45"


def test_each_page_is_fetched_once_and_archived(fetched: Fetched) -> None:
    stored, failures = read_store(fetched.store)
    expected = ["/first", "/gone", "/old", "/out", "/picture", "/robots.txt", "/second?a=1&b=2"]
    assert sorted(path for path in fetched.asked if path not in ("/new", "/hung")) == expected
    # On a connection that was used before, a server may only have been tired of it (RFC 9110, 9.2.2).
    assert 1 <= fetched.asked.count("/hung") <= 2
    assert sorted(s.path for s in stored) == sorted(path for path in fetched.asked if path != "/hung")
    assert [facts["url"] for facts in failures] == [f"{fetched.base}/hung"]
    assert verify(Store(fetched.store)).ok


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/gone", "The server answers 404; that is archived."),
        ("/out", "The server answers 503; that is archived."),
        ("/hung", "The server closed the connection before it sent a whole response."),
        ("/closed", "robots.txt asks crawlers not to fetch it."),
    ],
)
def test_an_address_without_a_page_is_explained(path: str, sentence: str, fetched: Fetched) -> None:
    assert fetched.said(path) == sentence


def test_what_is_no_page_is_said(fetched: Fetched) -> None:
    assert fetched.said("/picture")


def test_fetching_keeps_no_article(fetched: Fetched) -> None:
    """The articles go to standard output alone; a crawl keeps them."""
    catalogue = Catalogue(Store(fetched.store).catalogue_path)
    counts = catalogue.counts()
    catalogue.close()
    assert counts["articles"] == counts["versions"] == 0
    assert counts["runs"] == 1


def test_an_address_that_is_none_costs_nothing_else(tmp_path: Path) -> None:
    with RawServer() as server:
        server.add("/good", reply(page("Good Paper")))
        code, out, err = clean(tmp_path, server, "http://[", server.url("/good"), ROBOTSTXT_OBEY=False)
    assert code == 1
    assert json.loads(out)["headline"] == "Good Paper"
    assert err.startswith("newswarc: http://[: ")
