"""`Statement`: one thing that a site says of the use of a page. Marks: what a set of them comes to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

__all__ = ["AGENT", "MARKS", "NOT_RESERVED", "RESERVED", "UNREAD", "UNSET", "Statement", "bits", "marks", "named"]

AGENT = "newswarc"
"""The name by which rules for crawlers address us."""

RESERVED, NOT_RESERVED, UNSET = "reserved", "not reserved", "unset"
"""Values of a statement ``tdm``."""

UNREAD = "unread"
"""The mark of pages that a version of newswarc read that looked for no statements."""

MARKS = (
    UNREAD,
    "robots",
    "tdm",
    "noai",
    "noimageai",
    "noarchive",
    "noindex",
    "nosnippet",
    "nofollow",
    "noimageindex",
    "unavailable-after",
    "licence",
)
"""All marks. Catalogues hold them as bits in this order: new ones go to the end."""

_RULES = frozenset(MARKS[3:-1])
_STRONGEST_FIRST = ("page", "header", "tdmrep.json")


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a site says of the use of a page, and where it stands.

    `name` is ``robots`` (values: ``allowed``, ``forbidden``, ``unknown``), ``tdm`` (`RESERVED`, `NOT_RESERVED`, or
    `UNSET` where a file says nothing of the page), ``licence`` (its URL, or its name), or a rule of X-Robots-Tag and
    meta robots such as ``noarchive``.
    """

    name: str
    value: str
    where: Literal["robots.txt", "tdmrep.json", "header", "page"]
    said: str = ""
    """In the site's words, or in a few of ours where it has none."""
    record: str | None = None
    """Id of the capture where it stands; None: the one that it is about."""
    date: str | None = None
    """WARC-Date of `record`."""
    agent: str | None = None
    """The crawler that alone it is for."""
    policy: str | None = None
    """URL of the policy that a reservation names."""

    @property
    def is_for_us(self) -> bool:
        """Whether it is for all crawlers, or for ours."""
        return self.agent in (None, AGENT)


def marks(statements: Iterable[Statement]) -> frozenset[str]:
    """What statements about one page come to.

    ``robots``: robots.txt forbids it; ``tdm``: the rights of text and data mining are reserved, where the page counts
    more than the response's head, and that more than tdmrep.json (TDMRep, Final Community Group Report of
    2024-05-10, "Processing priority"); ``licence``: one is named; the rest are the rules themselves.
    """
    ours = [statement for statement in statements if statement.is_for_us]
    found = {s.name for s in ours if s.name in _RULES or s.name == "licence"}
    if any(s.name == "robots" and s.value == "forbidden" for s in ours):
        found.add("robots")
    for where in _STRONGEST_FIRST:
        said = {s.value for s in ours if s.name == "tdm" and s.where == where} - {UNSET}
        if said:
            found |= {"tdm"} if RESERVED in said else set()
            break
    return frozenset(found)


def bits(names: Iterable[str]) -> int:
    """Marks as a number."""
    return sum(1 << MARKS.index(name) for name in set(names))


def named(number: int) -> tuple[str, ...]:
    """The marks that `bits` made a number of."""
    return tuple(name for place, name in enumerate(MARKS) if number >> place & 1)
