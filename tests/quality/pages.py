"""`Page`: a page with what is right to read from it, from the fixtures or the development set."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tests.pages.fixture import fixtures

__all__ = ["DEVELOPMENT", "Page", "Reading", "development_pages", "fixture_pages"]

DEVELOPMENT = Path(__file__).parents[3] / "shared" / "devset"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is, or was, read from a page."""

    headline: str = ""
    standfirst: str = ""
    text: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""

    @property
    def body(self) -> str:
        """Standfirst and text."""
        return f"{self.standfirst}\n{self.text}"


@dataclass(frozen=True)
class Page:
    """One page."""

    name: str
    url: str
    body: bytes
    right: Reading


def fixture_pages() -> list[Page]:
    """Those of ``tests/pages``."""
    pages = []
    for fixture in fixtures():
        right = fixture.expected
        pages.append(
            Page(
                fixture.name,
                right.url,
                fixture.body,
                Reading(
                    headline=right.headline or "",
                    standfirst=right.standfirst or "",
                    text="\n".join(right.lines),
                    authors=right.authors,
                    published=right.published or "",
                ),
            )
        )
    return pages


def development_pages(*, unread: bool, folder: Path = DEVELOPMENT) -> list[Page]:
    """Those of the development set; a third of its publishers is `unread`: nobody looks into their pages.

    Empty if the set isn't there.
    """
    if not (folder / "gold.jsonl").is_file():
        return []
    pages = []
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        gold = json.loads(line)
        if is_unread(gold["page"]) is unread:
            right = Reading(
                headline=gold["headline"] or "",
                standfirst=gold["standfirst"] or "",
                text=gold["text"],
                authors=tuple(gold["authors"] or ()),
                published=gold["published"] or "",
            )
            body = gzip.decompress((folder / "pages" / gold["page"]).read_bytes())
            pages.append(Page(gold["page"], gold["url"], body, right))
    return pages


def is_unread(name: str) -> bool:
    """Whether a page of the development set is of a publisher that nobody looks at."""
    publisher = name.split("_V1", maxsplit=1)[0]
    return int(hashlib.sha1(publisher.encode(), usedforsecurity=False).hexdigest(), 16) % 3 == 0
