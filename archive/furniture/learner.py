"""`Learner`: notices which paragraphs of a site's articles are furniture, because they recur."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from archive.article import Article
from archive.extraction.appeals import Voice
from archive.furniture.affinity import Theme, is_telling, stems
from archive.furniture.furniture import Entry, Furniture, Paragraph, key_of, paragraphs

__all__ = ["Learner", "Seen"]

_ARTICLES = 3
"""Different articles that a paragraph must stand on."""
_LOOKED_AT = 6
"""Sightings that are looked at closely, the latest."""
_PARAGRAPH = 40
"""Characters; shorter lines of letters can be subheadings, datelines, "he said"."""
_FOREIGN, _STRANGE, _OWN = 0.5, 0.7, 0.95
"""Mean affinity up to which a paragraph is furniture by itself, with one more sign, and if it asks the reader.

Of 3,000 paragraphs of 180 articles in ten languages one in twenty has .55 or less with its own article; of 160
appeals most have less on average of any three articles of their language.
"""
_MANY = 6
"""Articles that are a sign of their own."""
_SAME = 0.5
"""Share of the shorter text from which two articles are one that was published again."""
_QUOTES = tuple("\"'“”„«»‘’‹›「『《–—―-")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article, as the catalogue remembers it."""

    version: str
    """Record id of the conversion."""
    article: str
    date: str
    """Of the capture (WARC-Date)."""
    lines: Sequence[Paragraph]

    @classmethod
    def of(cls, article: Article, version: str, date: str) -> Seen:
        """From the article itself."""
        name = article.canonical_url or article.url
        return cls(version=version, article=name, date=date, lines=list(paragraphs(article)))

    def kept(self) -> list[Paragraph]:
        """The lines of its text."""
        return [line for line in self.lines if not line.is_learned]


class _Spot(msgspec.Struct, frozen=True):
    """Where a paragraph stands in an article."""

    seen: Seen
    index: int
    place: int
    is_apart: bool

    @property
    def from_end(self) -> int:
        return self.index - len(self.seen.lines)


class Learner:
    """What is known of one site's furniture, and what its articles show of it.

    A paragraph is learned when it stands on three different articles and something tells that it is not
    theirs: it speaks of other things, asks the reader, stands in markup of its own or always at the same
    position. Articles published again, and versions of one article, count once.
    """

    def __init__(self, site: str, entries: Iterable[Entry], text_of: Callable[[str], str]) -> None:
        """`text_of` gives the text of a version by its record id."""
        self.site = site
        self._entries = {entry.key: entry for entry in entries}
        self._text_of = text_of
        self._spots: defaultdict[str, dict[str, _Spot]] = defaultdict(dict)
        self.is_changed = False
        """Entries differ from those that were given."""

    @property
    def entries(self) -> list[Entry]:
        """The list, in the order of first sight."""
        return sorted(self._entries.values(), key=lambda entry: (entry.first_seen, entry.key))

    @property
    def furniture(self) -> Furniture:
        """The list as the extractor uses it."""
        return Furniture.of(self.site, self._entries.values())

    def remember(self, seen: Seen) -> None:
        """Take note of a version without learning from it."""
        for index, line in enumerate(seen.lines):
            self._spots[line.key].setdefault(seen.article, _Spot(seen, index, line.place, line.is_apart))

    def learn(self, seen: Seen, text: str) -> None:
        """Take note of a version with its text, and of what recurs in it."""
        self.remember(seen)
        texts = {key: line for line in text.split("\n") if (key := key_of(line))}
        for line in seen.lines:
            entry = self._entries.get(line.key)
            if entry is not None and entry.verdict != "allowed":
                self._sighted(entry)
        recurring = {
            key for key in texts if key not in self._entries and len(self._spots[key]) >= _ARTICLES
        }  # fmt: skip
        signs = {key: sign for key in recurring if (sign := self._sign(key, texts[key], recurring))}
        for key, sign in signs.items():
            spots = self._different(list(self._spots[key].values()), signs.keys())
            if len(spots) >= _ARTICLES:
                self._entries[key] = Entry(
                    key=key, text=texts[key], first_seen="", last_seen="", articles=len(spots), why=sign
                )
                self._sighted(self._entries[key])

    def decide(self, key: str, verdict: str, *, text: str, who: str, date: str) -> None:
        """A person's verdict on a paragraph: ``allowed`` or ``denied``."""
        known = self._entries.get(key) or Entry(key=key, text=text, first_seen=date, last_seen=date, articles=0)
        self._entries[key] = msgspec.structs.replace(known, verdict=verdict, why=who)
        self.is_changed = True

    def _sighted(self, entry: Entry) -> None:
        """Bring an entry's dates and number up to date."""
        dates = [spot.seen.date for spot in self._spots[entry.key].values()]
        dates += filter(None, (entry.first_seen, entry.last_seen))
        number = max(entry.articles, len(self._spots[entry.key]))
        new = msgspec.structs.replace(entry, first_seen=min(dates), last_seen=max(dates), articles=number)
        if new != entry or not entry.first_seen:
            self._entries[entry.key] = new
            self.is_changed = True

    # What tells

    def _sign(self, key: str, text: str, recurring: set[str]) -> str:
        """What tells that a recurring paragraph is furniture; empty for nothing."""
        spots = sorted(self._spots[key].values(), key=lambda spot: spot.seen.date)[-_LOOKED_AT:]
        mean = self._affinity(text, spots, recurring)
        has_markup, has_position = self._has_own_markup(spots), _has_one_position(spots)
        is_short = len(text) < _PARAGRAPH and not is_telling(stems(text))
        if text.startswith(_QUOTES) or is_short:
            strange = mean is None or mean <= _STRANGE
            return "place" if has_markup and has_position and strange else ""
        voice = Voice(text)
        if (voice.asks or (voice.we and voice.you)) and (mean is None or mean <= _OWN):
            return "appeal"
        if mean is None:
            return "place" if has_markup and has_position else ""
        if mean <= _FOREIGN:
            return "topic"
        if mean <= _STRANGE and (has_markup or has_position):
            return "markup" if has_markup else "position"
        return "number" if mean <= _STRANGE and len(self._spots[key]) >= _MANY else ""

    def _affinity(self, text: str, spots: Sequence[_Spot], recurring: set[str]) -> float | None:
        """How much a paragraph speaks of what the articles speak of, on average; None if that can't be told."""
        own, found = stems(text), []
        for spot in spots:
            lines = _stems_of_lines(self._text_of(spot.seen.version))
            theme = Theme(part for key, part in lines if key not in recurring)
            if (one := theme.affinity(own)) is not None:
                found.append(one)
        return sum(found) / len(found) if 2 * len(found) > len(spots) else None

    def _has_own_markup(self, spots: Sequence[_Spot]) -> bool:
        """Whether it stands in one place of the markup, another one than the articles' paragraphs."""
        places = {spot.place for spot in spots}
        if len(places) > 1 or any(spot.is_apart for spot in spots):
            return False
        for spot in spots:
            sizes: Counter[int] = Counter()
            for line in spot.seen.kept():
                sizes[line.place] += line.size
            if sizes and sizes.most_common(1)[0][0] in places:
                return False
        return True

    def _different(self, spots: Sequence[_Spot], aside: Iterable[str]) -> list[_Spot]:
        """The spots on different articles: of those that share most of their text, but for furniture, one."""
        ignored = {*self._entries, *aside}
        found: list[tuple[_Spot, dict[str, int]]] = []
        for spot in sorted(spots, key=lambda spot: spot.seen.date):
            sizes = {line.key: line.size for line in spot.seen.kept() if line.key not in ignored}
            if not any(_is_same(sizes, other) for _, other in found):
                found.append((spot, sizes))
        return [spot for spot, _ in found]


def _has_one_position(spots: Sequence[_Spot]) -> bool:
    return len({spot.index for spot in spots}) == 1 or len({spot.from_end for spot in spots}) == 1


def _is_same(one: dict[str, int], two: dict[str, int]) -> bool:
    shorter = min(sum(one.values()), sum(two.values()))
    return sum(size for key, size in one.items() if key in two) > _SAME * shorter or not shorter


@lru_cache(maxsize=256)
def _stems_of_lines(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((key_of(line), stems(line)) for line in text.split("\n"))
