"""Rules for crawlers in a response's head and in meta elements (X-Robots-Tag and meta robots).

No standard has them; the grammar is what search engines document and draft-illyes-repext describes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["read_rules"]

_KNOWN = {
    "noindex": ("noindex",),
    "nofollow": ("nofollow",),
    "none": ("noindex", "nofollow"),
    "noarchive": ("noarchive",),
    "nocache": ("noarchive",),
    "nosnippet": ("nosnippet",),
    "noimageindex": ("noimageindex",),
    "noai": ("noai",),
    "noimageai": ("noimageai",),
    "unavailable_after": ("unavailable-after",),
}
_OTHERS = frozenset({"all", "index", "follow", "archive", "notranslate", "noodp", "noydir", "indexifembedded"})
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_AGENT = re.compile(r"[A-Za-z0-9_.*/-]{1,64}")
_LONGEST = 4000
_MOST = 100


def read_rules(value: str, agent: str | None = None) -> list[tuple[str, str, str | None]]:
    """Name, value and crawler (None: all) of each rule that is known; `agent` is whom all are for.

    ``googlebot: noindex, noarchive`` addresses one crawler, to the end or to the next name. What is no rule is
    passed over.
    """
    found: list[tuple[str, str, str | None]] = []
    for name, said, whom in _parts(value[:_LONGEST], agent):
        for known in _KNOWN.get(name, ()):
            rule = (known, said, whom)
            if rule not in found:
                found.append(rule)
    return found


def _parts(value: str, agent: str | None) -> Iterator[tuple[str, str, str | None]]:
    dated = ""
    """The end of an unavailable_after that has a comma in it."""
    for part in value.split(",")[:_MOST]:
        name, colon, rest = part.strip().partition(":")
        while colon and name.strip().lower() not in _WITH_VALUE and _AGENT.fullmatch(name.strip()):
            agent = None if name.strip() == "*" else name.strip().lower()
            name, colon, rest = rest.strip().partition(":")
        word = name.strip().lower()
        if dated and word not in _KNOWN and word not in _OTHERS and word not in _WITH_VALUE:
            dated += f", {part.strip()}"
            continue
        if dated:
            yield "unavailable_after", dated, agent
            dated = ""
        if colon and word == "unavailable_after":
            dated = rest.strip()
        elif not colon:
            yield word, "", agent
    if dated:
        yield "unavailable_after", dated, agent
