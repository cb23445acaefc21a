"""What recurs on a site goes out of all its texts: crawl, command, verification, rebuild."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.reader import parse_member
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.server.crawl import LOOPBACK
from tests.server.raw import RawServer, Reply
from tests.test_commands import Ended, scrapy

NUMBER = 6


def page(title: str, lines: list[str]) -> Reply:
    text = "".join(f"<p>{line}</p>" for line in lines)
    html = f"<html lang=en><head><title>{title}</title></head><body><article><h1>{title}</h1>{text}</article></body>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html)}\r\n\r\n"
    return Reply(((head + html).encode(),))


class Gazette:
    """A paper on loopback, with a paragraph of its own in every article."""

    def __init__(self, server: RawServer, folder: Path) -> None:
        self.server, self.store = server, Store(folder / "store")
        self.sources = folder / "sources"
        self.sources.mkdir()
        rules = 'sections = ["/"]\narticle_urls = ["/a/.*"]\n'
        rules += '[cadence]\nlisting_soonest = "1 second"\nlisting_latest = "1 second"\n'
        (self.sources / "gazette.toml").write_text(f'title = "Gazette"\nhome = "{server.url("/")}"\n{rules}')
        self.writer, self.bodies = Writer(77), dict[str, list[str]]()
        for _ in range(NUMBER):
            self.publish()

    def publish(self) -> None:
        """One more article."""
        name, lines = f"/a/{len(self.bodies)}", self.writer.article()
        url = self.server.add(name, page(f"Story {name[3:]}", put(lines, PROMOTION, random.Random(name).randrange(9))))
        self.bodies[url] = lines
        links = "".join(f"<a href={path}>A story of the day</a> " for path in self.bodies)
        self.server.add("/", Reply((f"HTTP/1.1 200 OK\r\nContent-Length: {len(links)}\r\n\r\n{links}".encode(),)))

    def run(self, *arguments: str) -> Ended:
        """``scrapy`` with this paper and store."""
        return scrapy(*arguments, ARCHIVE_STORE=self.store.root, SOURCES=self.sources, LOG_LEVEL="INFO", **LOOPBACK)

    def texts(self) -> dict[str, list[str]]:
        """The latest text of each article."""
        catalogue = Catalogue(self.store.catalogue_path)
        latest = {url: catalogue.versions(url)[-1] for url in self.bodies}
        catalogue.close()
        blocks = {u: self.store.read(row["file"], row["offset"], row["length"]) for u, row in latest.items()}
        return {url: parse_member(block).block.decode().split("\n") for url, block in blocks.items()}

    def traces(self) -> list[dict[str, Any]]:
        """The traces of all texts, oldest first."""
        catalogue = Catalogue(self.store.catalogue_path)
        rows = sorted(
            (v for url in self.bodies for v in catalogue.versions(url)), key=lambda row: str(row["extracted"])
        )
        catalogue.close()
        places = ((row["file"], row["details_offset"], row["details_length"]) for row in rows)
        return [parse_member(self.store.read(*place)).json()["article"]["trace"] for place in places]

    def rows(self) -> list[dict[str, Any]]:
        """The articles as the catalogue has them."""
        catalogue = Catalogue(self.store.catalogue_path)
        rows = catalogue.articles()
        catalogue.close()
        return rows


@pytest.fixture(scope="module")
def gazette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gazette]:
    """The paper, crawled once."""
    with RawServer() as server:
        paper = Gazette(server, tmp_path_factory.mktemp("gazette"))
        ended = paper.run("crawl", "gazette")
        assert ended.code == 0, ended.err
        assert "earlier articles cleaned again" in ended.err
        yield paper


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Gazette]:
    """The same for a test that changes it."""
    with RawServer() as server:
        paper = Gazette(server, tmp_path)
        assert paper.run("crawl", "gazette").code == 0
        yield paper


def test_no_text_has_what_all_pages_have(gazette: Gazette) -> None:
    assert gazette.texts() == gazette.bodies
    assert [row["texts"] for row in gazette.rows()] == [1] * NUMBER  # the pages have not changed


def test_the_trace_says_which_list_was_used(gazette: Gazette) -> None:
    traces = gazette.traces()
    assert len(traces) > NUMBER  # the older texts stay
    learned = [[r["text"] for r in trace["removed"] if r["rule"] == "learned"] for trace in traces]
    assert [bool(trace["furniture"]) for trace in traces] == [removed == [PROMOTION] for removed in learned]
    assert traces[0]["furniture"] is None
    assert len({trace["furniture"] for trace in traces[-NUMBER:]} - {None}) == 1


def test_the_archive_proves_it(gazette: Gazette) -> None:
    found = verify(gazette.store)
    assert [str(fault) for fault in found.faults] == []
    assert found.compared == found.conversions == len(gazette.traces())


def test_the_list_is_shown_and_comes_back_with_a_rebuild(gazette: Gazette) -> None:
    before = gazette.run("furniture", "gazette")
    assert (before.code, before.err) == (0, "")
    assert PROMOTION in before.out
    assert f"learned (topic), {NUMBER} articles" in before.out
    assert gazette.run("rebuild").code == 0
    assert gazette.run("furniture", "gazette").out == before.out


def test_a_later_article_is_clean_at_once(own: Gazette) -> None:
    own.publish()
    ended = own.run("crawl", "gazette")
    assert "      1 articles stored" in ended.err
    assert "cleaned again" not in ended.err
    assert own.texts() == own.bodies
    assert f"{len(own.bodies)} articles" in own.run("furniture", "gazette").out


def test_a_person_has_the_last_word(own: Gazette) -> None:
    (key,) = {line.split()[0] for line in own.run("furniture", "gazette").out.splitlines() if "learned (" in line}
    allowed = own.run("furniture", "gazette", "--allow", key)
    assert (allowed.code, allowed.err) == (0, "")
    assert f"{len(own.bodies)} articles were cleaned again" in allowed.out
    assert all(PROMOTION in lines for lines in own.texts().values())
    assert "allowed (by " in own.run("furniture", "gazette").out
    body = next(iter(own.bodies.values()))[3]
    denied = own.run("furniture", "gazette", "--deny", body)
    assert "1 articles were cleaned again" in denied.out
    assert own.run("furniture", "gazette", "--deny", key).code == 0
    assert own.texts() == {url: [x for x in lines if x != body] for url, lines in own.bodies.items()}
    assert verify(own.store).ok


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name one source."),
        (("nobody",), "has no article of nobody"),
        (("gazette", "--allow", "ffff"), "no recurring paragraph with the id ffff"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(arguments: tuple[str, ...], words: str, gazette: Gazette) -> None:
    ended = gazette.run("furniture", *arguments)
    assert ended.code != 0
    assert len(ended.lines) == 1
    assert words in ended.err


def test_a_text_that_stays_as_it_is_is_not_stored_again(own: Gazette) -> None:
    standfirst = "The mayor has nothing to say of the pears, and she says so at some length every Monday."
    html = f"<html lang=en><head><title>Mayor</title><meta name=description content='{standfirst}'></head><body>"
    html += f"<article><h1>Mayor has no comment</h1><p class=standfirst>{standfirst}</p></article></body></html>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html)}\r\n\r\n"
    url = own.server.add("/a/mayor", Reply(((head + html).encode(),)))
    assert own.run("crawl", "gazette", "-a", f"url={url}").code == 0
    counts = []
    assert own.run("furniture", "gazette", "--deny", standfirst).code == 0
    for _ in range(2):
        own.publish()
        assert own.run("crawl", "gazette").code == 0
        with Catalogue(own.store.catalogue_path) as catalogue:
            counts.append(len(catalogue.versions(url)))
    assert counts == [1, 1]
