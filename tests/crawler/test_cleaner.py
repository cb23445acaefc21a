"""The articles of files: in the order of the inputs, one JSON object a line, a line for each fault."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings
from warcio.warcwriter import WARCWriter

from crawler.cleaner import Cleaner
from tests.archive.furniture.test_learner import PROMOTION, Writer, put

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # warcio's writer leaves one
LINES = [f"On day {day} the ferry brought {day * 3} crates of pears and a tired crew to the quay." for day in range(6)]


def page(title: str, *, canonical: str = "", date: str = "") -> bytes:
    head = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    head += f'<meta property="article:published_time" content="{date}">' if date else ""
    text = "".join(f"<p>{line}</p>" for line in LINES)
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{text}</article></body></html>".encode()


def warc(*responses: tuple[str, str, bytes], packed: bool = True) -> bytes:
    """A WARC file, as another tool writes it, of URLs, media types and bodies."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("other.warc", {"software": "another tool"}))
    for url, kind, body in responses:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode()
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(head + body)))
    return out.getvalue()


class Cleaned:
    """What came of an input: whether all was well, the objects and the complaints."""

    def __init__(self, clean: bool, out: bytes, err: str) -> None:
        self.clean = clean
        self.articles: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
        self.complaints = err.splitlines()

    @property
    def found(self) -> list[tuple[str, str | None]]:
        """File name and headline of each article."""
        return [(Path(article["input"]).name, article["headline"]) for article in self.articles]


class Desk:
    """A folder of files, and source definitions that tell of their sites."""

    def __init__(self, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self._captured = folder, capfdbinary
        (folder / "sources").mkdir()
        (folder / "sources" / "gazette.toml").write_text(
            'title = "G"\nhome = "http://gazette.example/"\ntimezone = "Asia/Kathmandu"\narticle_urls = ["/.*"]\n'
        )
        self.settings = Settings({"SOURCES": [str(folder / "sources")], "ARCHIVE_STORE": str(folder / "store")})

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def clean(self, *inputs: str, url: str = "") -> Cleaned:
        clean = Cleaner(self.settings, url).clean(list(inputs))
        captured = self._captured.readouterr()
        return Cleaned(clean, captured.out, captured.err.decode())


@pytest.fixture
def desk(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Desk:
    return Desk(tmp_path, capfdbinary)


def test_everything_good_comes_out_in_order_and_everything_bad_is_named(desk: Desk) -> None:
    other = ("http://other.example/pic", "image/png", b"\x89PNG")
    inputs = [
        desk.put("b.html", page("Paper B")),
        str(desk.folder / "missing.html"),
        desk.put("a.html.gz", gzip.compress(page("Paper A"))),
        desk.put("empty.html", b""),
        desk.put("list.html", b"<html><body><a href='/a'>A</a></body></html>"),
        str(desk.folder / "sources"),
        desk.put("two.warc.gz", warc(("http://x.example/1", "text/html", page("Web 1")), other)),
        desk.put("plain.warc", warc(("http://x.example/2", "text/html; charset=utf-8", page("Web 2")), packed=False)),
        desk.put("torn.warc.gz", warc(("http://x.example/3", "text/html", page("Web 3")), other)[:-30]),
        desk.put("noise", bytes(range(256)) * 8),
        desk.put("cut.gz", gzip.compress(page("Paper C"))[:9]),
    ] + [desk.put(f"{n:02}.html", page(f"Note {n}")) for n in range(40)]
    cleaned = desk.clean(*inputs)
    assert not cleaned.clean
    good = ["b.html", "a.html.gz", "two.warc.gz", "plain.warc", "torn.warc.gz"]
    headlines = ["Paper B", "Paper A", "Web 1", "Web 2", "Web 3"]
    notes = [(f"{n:02}.html", f"Note {n}") for n in range(40)]
    assert cleaned.found == list(zip(good, headlines, strict=True)) + notes
    assert all(article["text"].split("\n") == LINES for article in cleaned.articles)
    assert {article["input"] for article in cleaned.articles} <= set(inputs)
    bad = ["missing.html", "empty.html", "list.html", "sources", "torn.warc.gz", "noise", "cut.gz"]
    assert sorted(Path(line.split(": ")[1]).name for line in cleaned.complaints) == sorted(bad)
    said = {Path(line.split(": ")[1]).name: line for line in cleaned.complaints}
    assert all(line.startswith("newswarc: ") and line.endswith(".") for line in cleaned.complaints), cleaned.complaints
    assert "No such file" in said["missing.html"]
    assert "Is a directory" in said["sources"]
    assert "no article" in said["list.html"]


def test_an_address_brings_the_zone_of_its_source(desk: Desk) -> None:
    dated = page("Paper A", date="2026-11-19T08:00:00")
    file = desk.put("a.html", dated)
    known = desk.clean(file, url="http://www.gazette.example/a").articles[0]
    assert (known["url"], known["published"]) == ("http://www.gazette.example/a", "2026-11-19T08:00:00+05:45")
    archived = desk.put("a.warc", warc(("http://gazette.example/a", "text/html", dated), packed=False))
    unknown, kept = desk.clean(file, archived, url="http://other.example/a").articles
    assert (unknown["url"], unknown["published"]) == ("http://other.example/a", "2026-11-19T08:00:00+00:00")
    assert (kept["url"], kept["published"]) == ("http://gazette.example/a", "2026-11-19T08:00:00+05:45")


def test_a_canonical_link_brings_the_zone_of_its_source(desk: Desk) -> None:
    file = desk.put("a.html", page("Paper A", canonical="http://gazette.example/a", date="2026-11-19T08:00:00"))
    (article,) = desk.clean(file).articles
    assert article["url"] == "http://gazette.example/a"
    assert article["published"] == "2026-11-19T08:00:00+05:45"


def test_an_address_that_is_none_costs_nothing_else(desk: Desk) -> None:
    strange = desk.put("strange.warc", warc(("http://[x/1", "text/html", page("Strange")), packed=False))
    cleaned = desk.clean(strange, desk.put("good.html", page("Good")))
    assert ("good.html", "Good") in cleaned.found


def test_a_gzip_file_with_noise_in_it_costs_nothing_else(desk: Desk) -> None:
    noise = desk.put("noise.gz", gzip.compress(b"")[:10] + b"\xff" * 40)
    cleaned = desk.clean(noise, desk.put("good.html", page("Good Paper")))
    assert ("good.html", "Good Paper") in cleaned.found


def test_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with io.TextIOWrapper(io.BytesIO(page("Piped"))) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        cleaned = desk.clean("-", url="http://gazette.example/piped")
    assert cleaned.clean
    assert [(a["input"], a["headline"], a["url"]) for a in cleaned.articles] == [
        ("-", "Piped", "http://gazette.example/piped")
    ]


def test_no_archive_is_made_for_files(desk: Desk) -> None:
    assert desk.clean(desk.put("a.html", page("Paper A"))).clean
    assert not (desk.folder / "store").exists()


def test_what_an_object_holds(desk: Desk) -> None:
    (found,) = desk.clean(desk.put("a.html", page("Paper A"))).articles
    assert next(iter(found)) == "input"
    assert {
        "url",
        "kind",
        "headline",
        "standfirst",
        "text",
        "authors",
        "published",
        "modified",
        "language",
    } <= found.keys()
    assert {"section", "tags", "image", "captions", "comments", "updates", "canonical_url", "paywalled"} <= found.keys()
    assert "trace" not in found
    assert found["evidence"]["headline"]
    assert all(item.keys() == {"text", "rule", "place", "line"} for item in found["removed"])


def test_a_page_that_takes_too_long_is_named(desk: Desk) -> None:
    desk.settings.set("EXTRACT_TIMEOUT", 0.01)
    cleaned = desk.clean(desk.put("slow.html", page("Slow") + b"<p>More pears.</p>" * 50_000))
    assert not cleaned.clean
    assert cleaned.articles == []
    (line,) = cleaned.complaints
    assert "slow.html: " in line
    assert "took longer than 0.01 s (EXTRACT_TIMEOUT)" in line


def test_what_recurs_on_a_site_goes_from_the_third_page_on(desk: Desk) -> None:
    writer = Writer(5)
    bodies = [writer.article() for _ in range(5)]
    files = []
    for number, lines in enumerate(bodies):
        text = "".join(f"<p>{line}</p>" for line in put(lines, PROMOTION, 2 + number))
        head = f'<link rel="canonical" href="http://courier.example/{number}">'
        html = f"<html><head>{head}</head><body><article><h1>Story {number}</h1>{text}</article></body></html>"
        files.append(desk.put(f"{number}.html", html.encode()))
    found = desk.clean(*files)
    assert [PROMOTION in article["text"] for article in found.articles] == [True, True, False, False, False]
    assert [article["text"].split("\n") for article in found.articles[2:]] == bodies[2:]
    assert [r["rule"] for r in found.articles[4]["removed"] if r["text"] == PROMOTION] == ["learned"]
