"""When a page says its article was published and modified."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from lxml import etree
from lxml.html import HtmlElement

from archive.extraction.dates import EARLIEST_YEAR, parse_date
from archive.extraction.jsonld import Node, strings, types
from archive.extraction.markup import Markup, before, class_tokens, near, select, visible_text, words

__all__ = ["Dateline", "read_dateline", "stated_dates"]

_PUBLISHED_META = words(
    """
    article:published_time article:published og:article:published_time og:published_time
    article_published_time datepublished published_at published_time published publishdate
    publish-date publish_date publication_date publicationdate pubdate date_published
    rnews:datepublished originalpublicationdate article:post_date parsely-pub-date sailthru.date
    cxenseparse:recs:publishtime cxenseparse:recs:published_time cxenseparse:publishtime
    shareaholic:article_published_time vf:publish_date dc.date.issued dcterms.issued dcterms.created
    dcterms.date dc.date dc.date.created citation_publication_date citation_online_date
    citation_date displaydate date created
    """
)
_MODIFIED_META = words(
    """
    article:modified_time article:modified og:updated_time article:updated_time datemodified
    updated_at date_modified modified_time lastmod last-modified lastmodified last-updated
    lastupdated revision_date dcterms.modified dc.date.modified shareaholic:article_modified_time
    cxenseparse:recs:modified_time
    """
)

_MODIFIED_WORDS = re.compile(
    r"\b(?:last\s+mod\w*|mod(?:ified|ificad[oa]|ificato|ifié)?|updated?|edited|revised|"
    r"aktualisiert|aktualisierung|stand|(?:letzte\s+)?änderung|geändert|bearbeitet|actualizad[oa]|actualizaci[oó]n|atualizad[oa]|"
    r"mis à jour|mise à jour|aggiornat[oa]|"
    r"aggiornamento|bijgewerkt|gewijzigd|oppdatert|opdateret|uppdaterad|ändrad|päivitetty|muokattu|"
    r"обновлен[оа]?|обновлено|изменено|оновлено|zaktualizowano|aktualizacja|aktualizováno|actualizat|"
    r"güncell?e(?:me|ndi)?|son güncelleme|diperbarui|cập nhật)\b|更新|최종|수정|업데이트",
    re.IGNORECASE,
)
_MODIFIED_TOKENS = frozenset({"updated", "update", "modified", "lastmod", "mod"})
_FOREIGN_TOKENS = frozenset(
    words(
        """
        comment comments related recommended more teaser sidebar widget popular latest footer nav
        menu ad ads promo card ticker trending
        """
    )
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|[年년]|25\d\d(?!\d)")
_PARTS = re.compile(r"\s+[|•·–—/]+\s+|\s*[|•·]\s*|\s+-\s+|;\s+|\s*\n\s*")
_STATED_ZONE = re.compile(r"\d\s*(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?|[A-Z]{3,4})\s*(?:\d{4})?\s*$")
_URL_DAY = re.compile(r"/((?:19|20)\d\d)([/-]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
_IN_SCRIPT = re.compile(
    r"""["'](\w{0,20}(?:publish|publication|pub|release|deploy)(?:ed|ing)?_?(?:date|at|time|dt))\\?["']\s*:"""
    r"""\s*(?:\\?["'])?([\w:.+ -]{8,35})[\\"',}]""",
    re.IGNORECASE,
)
_DATED = etree.XPath(
    "descendant::*[contains(@class, 'date') or contains(@class, 'Date') or contains(@class, 'time') "
    "or contains(@class, 'publi') or contains(@id, 'date')]"
)
_MOST_DATED = 20
_NEAR_BEFORE = 40
_NEAR_AFTER = 120
_LONGEST_LINE = 160
_MARKUP_FIRST_YEAR = 1900


class Dateline:
    """Published and modified, each with its evidence, if known."""

    def __init__(self) -> None:
        self.published: tuple[str, str] | None = None
        self.modified: tuple[str, str] | None = None


class _Candidate:
    """A date as one place on the page states it."""

    def __init__(self, raw: str, value: str, evidence: str) -> None:
        self.value = value
        self.evidence = evidence
        self.day = value[:10]
        self.timed = "T" in value
        self.zoned = self.timed and bool(_STATED_ZONE.search(raw.strip()) or raw.strip().isdigit())
        self.midnight = "T00:00:00" in value

    @property
    def sharpness(self) -> int:
        return self.timed + (self.timed and not self.midnight)


def read_dateline(
    markup: Markup,
    nodes: Sequence[Node],
    headline: HtmlElement | None,
    *,
    url: str,
    timezone: str,
    language: str | None,
    now: dt.datetime | None = None,
) -> Dateline:
    """The dates of the article that `nodes` (JSON-LD) and the page around its `headline` speak of.

    The first statement wins, in the order JSON-LD, microdata, meta, what readers see, the URL; but a later
    one of the same day replaces it if it also has the time of day, or the zone, that the first left out.
    """

    def read(raw: str, evidence: str, first_year: int = _MARKUP_FIRST_YEAR) -> _Candidate | None:
        value = parse_date(raw, timezone=timezone, language=language, first_year=first_year, now=now)
        return _Candidate(raw, value, evidence) if value else None

    seen = _Seen(markup, headline, lambda raw, evidence: read(raw, evidence, EARLIEST_YEAR))
    found = Dateline()
    stated = [c for raw, why in _stated(markup, nodes, modified=False) if (c := read(raw, why))]
    if not any(c.sharpness == 2 for c in stated):
        stated += seen.published
    if not stated:
        last = (*_from_scripts(markup), *_from_dated(markup), *_from_url(url))
        stated = [c for raw, why in last if (c := read(raw, why, EARLIEST_YEAR))]
    found.published = _best(stated)
    stated = [c for raw, why in _stated(markup, nodes, modified=True) if (c := read(raw, why))]
    found.modified = _best(stated or seen.modified)
    return found


def _best(candidates: Sequence[_Candidate]) -> tuple[str, str] | None:
    if not candidates:
        return None
    best = candidates[0]
    for other in candidates[1:]:
        if (other.sharpness > best.sharpness and _same_day(best, other)) or (
            best.timed and not best.zoned and other.zoned and best.value[:16] == other.value[:16]
        ):
            best = other
    return best.value, best.evidence


def _same_day(one: _Candidate, other: _Candidate) -> bool:
    """Whether two dates name one day, in the zone of either."""
    if one.day == other.day:
        return True
    if not (one.timed and other.timed):
        return False
    a, b = dt.datetime.fromisoformat(one.value), dt.datetime.fromisoformat(other.value)
    return a.date() == b.astimezone(a.tzinfo).date()


def _stated(markup: Markup, nodes: Sequence[Node], *, modified: bool) -> Iterator[tuple[str, str]]:
    """Dates in the markup that readers don't see, best first."""
    for name in ("dateModified",) if modified else ("datePublished", "dateCreated", "uploadDate"):
        yield from stated_dates(markup, nodes, name)
    for name, raw in markup.contents(*(_MODIFIED_META if modified else _PUBLISHED_META)):
        yield raw, f"meta:{name}"


def stated_dates(markup: Markup, nodes: Sequence[Node], name: str) -> Iterator[tuple[str, str]]:
    """What JSON-LD and microdata give for a property that is a date, as it stands there, with its evidence."""
    for node in nodes:
        for raw in strings(node.get(name), "@value")[:1]:
            yield raw, f"json-ld:{(*types(node), '')[0]}.{name}"
    for element in markup.article_properties(name):
        for attribute in ("content", "datetime", "title"):
            if raw := element.get(attribute):
                yield raw, f"microdata:{name}"
                break
        else:
            yield visible_text(element), f"microdata:{name}"


def _from_scripts(markup: Markup) -> Iterator[tuple[str, str]]:
    """The first date of publication in the page's own JavaScript data."""
    for script in markup.tree.iter("script"):
        if script.text and (found := _IN_SCRIPT.search(script.text)):
            yield found[2], f"script:{found[1]}"
            return


def _from_dated(markup: Markup) -> Iterator[tuple[str, str]]:
    """Short lines in elements called date or time, wherever they stand."""
    for element in select(_DATED, markup.tree)[:_MOST_DATED]:
        if not class_tokens(element) & _FOREIGN_TOKENS:
            yield from ((raw, why) for raw, why, modified in _of_text(element) if not modified)


def _from_url(url: str) -> Iterator[tuple[str, str]]:
    if found := _URL_DAY.search(url):
        yield f"{found[1]}-{found[3]}-{found[4]}", "url"


class _Seen:
    """The dates that readers see around the headline; looked for only when asked."""

    def __init__(
        self,
        markup: Markup,
        headline: HtmlElement | None,
        read: Callable[[str, str], _Candidate | None],
    ) -> None:
        self._markup = markup
        self._headline = headline
        self._read = read
        self._found: tuple[list[_Candidate], list[_Candidate]] | None = None

    @property
    def published(self) -> list[_Candidate]:
        return self._both()[0]

    @property
    def modified(self) -> list[_Candidate]:
        return self._both()[1]

    def _both(self) -> tuple[list[_Candidate], list[_Candidate]]:
        if self._found is None:
            self._found = ([], [])
            for raw, evidence, modified in self._dates():
                if candidate := self._read(raw, evidence):
                    self._found[modified].append(candidate)
        return self._found

    def _dates(self) -> Iterator[tuple[str, str, bool]]:
        """Text, evidence and whether it is the date of a change, nearest to the headline first."""
        if self._headline is None:
            around = iter(self._markup.times[:3])
        else:
            around = iter([*near(self._headline, _NEAR_AFTER), *before(self._headline, _NEAR_BEFORE)])
        lines: list[tuple[str, str, bool]] = []
        for element in around:
            if not isinstance(element.tag, str) or class_tokens(element) & _FOREIGN_TOKENS:
                continue
            if element.tag == "time":
                yield from _of_time(element)
            else:
                lines.extend(_of_text(element))
        yield from lines
        for element in self._markup.abbreviations:
            if raw := element.get("title"):
                yield raw, "html:abbr[title]", bool(class_tokens(element) & _MODIFIED_TOKENS)


def _of_time(element: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """The date of a time element, from its attribute and from its text."""
    text = visible_text(element)
    parent = element.getparent()
    label = (parent.text or "") if parent is not None else ""
    previous = element.getprevious()
    if previous is not None:
        label += " " + visible_text(previous)[:60] + (previous.tail or "")
    modified = bool(
        class_tokens(element) & _MODIFIED_TOKENS or _MODIFIED_WORDS.search(f"{label} {text}"[:_LONGEST_LINE])
    )
    if raw := element.get("datetime"):
        yield raw, "html:time[datetime]", modified
    if _YEAR.search(text):
        yield text, "html:time", modified


def _of_text(element: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """The dates in a short line of text, each with the label before it."""
    first = element.text
    if not (first and _YEAR.search(first)) and not any((t := child.tail) and _YEAR.search(t) for child in element):
        return
    line = visible_text(element)
    if len(line) > _LONGEST_LINE:
        return
    for part in _PARTS.split(line):
        places = [m.start() for m in _MODIFIED_WORDS.finditer(part)]
        cuts = [0, *places, len(part)]
        for start, end in itertools.pairwise(cuts):
            if _YEAR.search(segment := part[start:end].strip(" ,;()[]")):
                yield segment, f"html:{element.tag}", bool(_MODIFIED_WORDS.match(segment))
