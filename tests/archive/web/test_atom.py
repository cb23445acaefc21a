"""The feed of changes: valid Atom (RFC 4287) for a feed reader and by the RFC's own grammar."""

from __future__ import annotations

import re
from typing import Any

import feedparser
import pytest
from lxml import etree

from archive.storage import Store
from archive.web.atom import atom, entry_id
from archive.web.room import Room
from tests.archive.web.rooms import HOSTILE, SPOOF, STORM, Visitor, versions

_ATOM = "{http://www.w3.org/2005/Atom}"
_PERSON = {"name": (1, 1)}
_ELEMENTS: dict[str, dict[str, tuple[int, float]]] = {
    "feed": {
        "id": (1, 1), "title": (1, 1), "updated": (1, 1), "author": (1, 9), "link": (1, 9), "generator": (0, 1),
        "entry": (0, 1e9),
    },
    "entry": {
        "id": (1, 1), "title": (1, 1), "updated": (1, 1), "published": (0, 1), "author": (1, 9), "link": (1, 9),
        "category": (0, 99), "content": (0, 1),
    },
    "author": {"name": (1, 1)},
}  # fmt: skip
"""RFC 4287, 4.1 and 4.2: what may stand in what, and how often."""
_ATTRIBUTES = {"link": {"rel", "type", "href"}, "category": {"term"}, "content": {"type"}}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")


def faults(data: bytes) -> list[str]:
    """What is wrong with a feed."""
    root = etree.fromstring(data)
    found = [] if root.tag == f"{_ATOM}feed" else [f"the root is {root.tag}"]
    for element in root.iter():
        name = str(element.tag).removeprefix(_ATOM)
        allowed = _ELEMENTS.get(name, {})
        inside = [str(child.tag).removeprefix(_ATOM) for child in element]
        found += [f"<{child}> in <{name}>" for child in inside if child not in allowed]
        found += [
            f"{inside.count(c)} <{c}> in <{name}>" for c, (a, b) in allowed.items() if not a <= inside.count(c) <= b
        ]
        found += [f"{a}= at <{name}>" for a in element.attrib if a not in _ATTRIBUTES.get(name, set())]
        if name in ("updated", "published") and not _DATE.fullmatch(element.text or ""):
            found.append(f"{element.text} is no date")
        if name == "id" and not _URI.fullmatch(element.text or ""):
            found.append(f"{element.text} is no IRI")
        if name == "link" and not _URI.fullmatch(element.get("href", "")):
            found.append(f"a link leads to {element.get('href')}")
    ids = [element.text for element in root.findall(f"{_ATOM}entry/{_ATOM}id")]
    alternates = [
        sum(link.get("rel") == "alternate" for link in entry.findall(f"{_ATOM}link"))
        for entry in root.findall(f"{_ATOM}entry")
    ]
    return found + ["two entries with one id"] * (len(set(ids)) < len(ids)) + ["no alternate"] * (0 in alternates)


def feed(visitor: Visitor, **asked: str) -> Any:
    answer = visitor.get("/changes.atom", **asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml"
    assert faults(answer.content) == []
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    assert parsed.version == "atom10"
    return parsed


def test_a_feed_reader_reads_it(visitor: Visitor, store: Store) -> None:
    parsed = feed(visitor)
    (entry,) = parsed.entries
    old, new = (row["id"] for row in versions(store, STORM))
    assert entry.title == "Edited silently: Storm keeps fourteen boats out"
    assert (entry.updated, entry.published) == ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z")
    assert f"a={old}&b={new}".replace(":", "%3A") in entry.link
    assert entry.link.startswith("http://localhost/compare?")
    assert {tag.term for tag in entry.tags} >= {"edited", "silent", "headline", "number"}
    assert "headline, number: “twelve” became “fourteen”" in entry.content[0].value
    assert entry.author == "Ellery"
    assert parsed.feed.updated == entry.updated
    assert parsed.feed.links[0].href == "http://localhost/changes.atom"
    assert feed(visitor).entries[0].id == entry.id


def test_it_has_the_filters_of_the_page(visitor: Visitor) -> None:
    assert [len(feed(visitor, **asked).entries) for asked in (
        {"source": "ellery"}, {"source": "nordlys"}, {"show": "gone"}, {"kind": "number"}, {"kind": "standfirst"},
        {"since": "2026-11-22"}, {"until": "2026-11-21"}, {"url": STORM},
    )] == [1, 0, 0, 1, 0, 0, 1, 1]  # fmt: skip
    parsed = feed(visitor, source="nordlys", show="silent")
    assert parsed.feed.title == "Silent edits in Nordlys"
    assert parsed.feed.id != feed(visitor).feed.id
    assert visitor.get("/changes.atom", kind="nonsense").status_code == 400


def test_a_proxy_s_address_is_the_feed_s(store: Store) -> None:
    (entry,) = feed(Visitor(store, origin="https://room.example", host="room.example")).entries
    assert entry.link.startswith("https://room.example/compare?")


@pytest.mark.parametrize("text", [SPOOF, "<script>alert(1)</script> & \x00 \ufffe \ud800"])
def test_whatever_an_article_holds_the_feed_is_well_formed(store: Store, text: str) -> None:
    room = Room(
        store, replay_origin=None, replay_path=str, replay_scripts="never", replay_state=None, titles={"evil": text}
    )
    edit = {"kinds": ["name"], "place": "text", "before": text, "after": text}
    row = {"id": "urn:uuid:1", "what": "edited", "source": "evil", "article": HOSTILE, "url": "javascript:alert(1)"}
    row |= {"headline": text, "date": "2026-11-20T09:00:00Z", "since": "2026-11-20T09:00:00Z", "is_silent": True}
    row |= {"before": "urn:uuid:a", "after": "urn:uuid:b", "kinds": ("name",), "told": None, "note": None}
    row |= {"edits": [edit], "left_out": 2, "same_reader": True}
    data = atom([row], room, title=text, origin="http://localhost", path="/changes.atom", page="/changes")
    assert faults(data) == []
    (entry,) = feedparser.parse(data).entries
    assert entry.id == entry_id("urn:uuid:1")
    assert "and 2 more edits" in entry.content[0].value
