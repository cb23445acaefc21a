"""Metadata of a news page: what its markup and its visible text say about the article."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec
from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.article import Update
from archive.errors import SourceError
from archive.extraction.access import read_paywalled
from archive.extraction.authors import names
from archive.extraction.byline import read_byline
from archive.extraction.dateline import read_dateline, stated_dates
from archive.extraction.dates import parse_date
from archive.extraction.headline import choose_headline, headline_element, site_names
from archive.extraction.jsonld import Node, is_article_type, strings, types
from archive.extraction.kind import names_live_blog, read_kind
from archive.extraction.markup import Markup, fold, host_of, is_front, select, squeezed, visible_text, words
from archive.extraction.standfirst import choose_standfirst
from archive.extraction.topics import read_section, read_tags
from archive.extraction.updates import stated_updates
from archive.rights.reading import page_statements
from archive.rights.statement import Statement
from archive.rules import SiteRules

__all__ = ["Metadata", "read_metadata"]

_TITLES = words(
    """
    headline og:title twitter:title dc.title dcterms.title parsely-title sailthru.title citation_title title
    """
)
_DESCRIPTIONS = words(
    """
    og:description description twitter:description dc.description dcterms.description
    sailthru.description
    """
)
_IMAGES = words(
    """
    og:image:secure_url og:image og:image:url twitter:image twitter:image:src parsely-image-url
    """
)
_LOGO = frozenset({"logo", "logos", "placeholder", "default", "fallback", "favicon", "noimage", "dummy", "share"})
_OF_LOGO = _LOGO | frozenset(
    words(
        """
        og opengraph image img picture social sharing facebook twitter fb site large small big square wide white black
        dark light new header news icon thumb thumbnail no the article
        """
    )
)
_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_]([a-zA-Z]{4}))?(?:[-_]([a-zA-Z]{2}|\d{3}))?(?:[-_.@].*)?")
T = TypeVar("T")

_LONGEST_TEXT = 4_000


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says about its article; fields as in `Article`."""

    headline: str | None = None
    shown_headline: str | None = None
    """The text of the heading that shows it, which may be worded otherwise."""
    standfirst: str | None = None
    """Of which `evidence` begins with ``html:`` or ``rule:`` if readers see it; else it is a description
    that may repeat the first paragraph."""
    authors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    canonical_url: str | None = None
    paywalled: bool | None = None
    rights: tuple[Statement, ...] = ()
    kind: str | None = None
    """As in `Article`, if anything says that it is other than an article."""
    live: bool = False
    """Whether its address or headline call the page a live blog."""
    updates: tuple[Update, ...] = ()
    """The posts of a live blog in JSON-LD."""
    coverage_end: str | None = None
    site_names: tuple[str, ...] = ()
    """What the site calls itself, its domain included."""
    evidence: dict[str, str] = {}
    """For each field that has a value, where it came from, e.g. ``meta:article:published_time``."""


def read_metadata(
    tree: HtmlElement,
    *,
    url: str,
    timezone: str = "UTC",
    rules: SiteRules | None = None,
    now: dt.datetime | None = None,
) -> Metadata:
    """Read the metadata of the page at `url` from its parsed `tree`, which stays as it is.

    Site rules win over JSON-LD, microdata, meta elements and visible text, in this order; where they
    disagree, over what a reader sees. `timezone` (IANA) holds for times without a zone. `now` (aware) is
    the moment of capture, after which nothing can have been published; the present if None.

    Raises SourceError if a selector of `rules` is no CSS, zoneinfo.ZoneInfoNotFoundError if there is no
    such zone.
    """
    page = _Page(Markup(tree, url), url, rules)
    markup, nodes, evidence = page.markup, page.nodes, page.evidence
    language = evidence.keep("language", _language(markup, nodes))
    site = (*site_names(markup, url), *_publishers(markup, nodes))
    headline, shown = _headline(page, site)
    read = functools.partial(parse_date, timezone=timezone, language=language, now=now)
    dates = read_dateline(markup, nodes, shown, url=url, timezone=timezone, language=language, now=now)
    section = read_section(markup, nodes, headline, site)
    urls = (url, page.canonical and page.canonical[0])
    kind = read_kind(markup, nodes, urls=urls, headline=headline, section=section and section[0])
    byline = page.ruled_names() or read_byline(markup, nodes, shown, site)
    return Metadata(
        headline=headline,
        shown_headline=None if shown is None else visible_text(shown),
        standfirst=evidence.keep("standfirst", _standfirst(page, headline or "", shown)),
        authors=evidence.keep("authors", byline) or (),
        published=evidence.keep("published", page.ruled_date("published", read) or dates.published),
        modified=evidence.keep("modified", page.ruled_date("modified", read) or dates.modified),
        language=language,
        section=evidence.keep("section", section),
        tags=evidence.keep("tags", read_tags(markup, nodes, site)) or (),
        image=evidence.keep("image", _image(markup, nodes, site)),
        canonical_url=evidence.keep("canonical_url", page.canonical),
        paywalled=evidence.keep("paywalled", read_paywalled(markup, nodes)),
        rights=page_statements(markup, url),
        kind=evidence.keep("kind", kind),
        live=names_live_blog(urls, headline),
        updates=stated_updates(markup.linked, nodes, read),
        coverage_end=evidence.keep("coverage_end", _coverage_end(markup, nodes, read)),
        site_names=site,
        evidence=evidence.of,
    )


class _Evidence:
    """The evidence of each field that got a value."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def keep(self, field: str, found: tuple[T, str] | None) -> T | None:
        """The value of `found`, whose evidence is noted."""
        if found is None:
            return None
        self.of[field] = found[1]
        return found[0]


class _Page:
    """A page, with what its rules and its JSON-LD say."""

    def __init__(self, markup: Markup, url: str, rules: SiteRules | None) -> None:
        self.markup = markup
        self.rules = rules
        self.evidence = _Evidence()
        self.canonical = _canonical(markup, url)
        self.nodes = markup.linked.about(url, self.canonical and self.canonical[0])

    def ruled(self, field: str) -> list[HtmlElement]:
        """The elements that the site's rule for `field` selects."""
        css: str | None = getattr(self.rules, field, None)
        if not css:
            return []
        try:
            return select(_selector(css), self.markup.tree)
        except SelectorError as error:
            raise SourceError(f"{field} of the site rules is no CSS selector: {css!r} ({error}).") from error

    def ruled_text(self, field: str) -> tuple[str, str] | None:
        """The text of the first element that the rule for `field` selects and that has some."""
        texts = (element.get("content") or visible_text(element) for element in self.ruled(field))
        return next(((fold(text), f"rule:{field}") for text in texts if text), None)

    def ruled_names(self) -> tuple[tuple[str, ...], str] | None:
        found = [n for e in self.ruled("authors") for n in names(e.get("content") or visible_text(e))]
        return (tuple(dict.fromkeys(found)), "rule:authors") if found else None

    def ruled_date(self, field: str, read: Callable[[str], str | None]) -> tuple[str, str] | None:
        for element in self.ruled(field):
            for text in (element.get("datetime"), element.get("content"), visible_text(element)):
                if text and (value := read(text)):
                    return value, f"rule:{field}"
        return None


@functools.lru_cache(maxsize=256)
def _selector(css: str) -> CSSSelector:
    return CSSSelector(css)


def _headline(page: _Page, site: Sequence[str]) -> tuple[str | None, HtmlElement | None]:
    """The headline and the element that shows it."""
    markup = page.markup
    if ruled := page.ruled_text("headline"):
        page.evidence.keep("headline", ruled)
        return ruled[0], page.ruled("headline")[0]
    stated = list(_plain(page.nodes, "headline")) or list(_plain(page.nodes, "name"))
    stated += [(visible_text(e), "microdata:headline") for e in markup.article_properties("headline")[:1]]
    stated += [(fold(text), f"meta:{name}") for name, text in markup.contents(*_TITLES)]
    stated += [(title, "html:title") for title in markup.titles]
    if (chosen := choose_headline(markup, stated, site)) is None:
        return None, None
    headline, evidence, element = chosen
    page.evidence.keep("headline", (headline, evidence))
    return headline, element if element is not None else headline_element(markup, headline)


def _standfirst(page: _Page, headline: str, shown: HtmlElement | None) -> tuple[str, str] | None:
    if ruled := page.ruled_text("standfirst"):
        return ruled
    described = list(_plain(page.nodes, "description"))
    described += [(fold(text), f"meta:{name}") for name, text in page.markup.contents(*_DESCRIPTIONS)]
    return choose_standfirst(headline, shown, described)


def _coverage_end(markup: Markup, nodes: Sequence[Node], read: Callable[[str], str | None]) -> tuple[str, str] | None:
    dates = ((read(text), evidence) for text, evidence in stated_dates(markup, nodes, "coverageEndTime"))
    return next(((date, evidence) for date, evidence in dates if date), None)


def _plain(nodes: Iterable[Node], name: str) -> Iterator[tuple[str, str]]:
    """The texts of a property of JSON-LD nodes, with their evidence."""
    for node in nodes:
        for text in strings(node.get(name), "@value")[:1]:
            yield fold(text[:_LONGEST_TEXT]), _ld_evidence(node, name)


def _ld_evidence(node: Node, name: str) -> str:
    return f"json-ld:{(*types(node), '')[0]}.{name}"


def _publishers(markup: Markup, nodes: Iterable[Node]) -> Iterator[str]:
    """Names of the site in JSON-LD."""
    for node in nodes:
        for value in markup.linked.values(node, "publisher"):
            yield from strings(value, "name")[:2]
    for node in markup.linked.nodes:
        if "WebSite" in types(node):
            yield from (*strings(node.get("name"))[:1], *strings(node.get("alternateName"))[:2])


def _language(markup: Markup, nodes: Iterable[Node]) -> tuple[str, str] | None:
    """The language as BCP 47, from the first statement that is a language tag."""
    stated = [(markup.tree.getroottree().getroot().get("lang") or markup.tree.get("lang") or "", "html:lang")]
    for node in nodes:
        texts = strings(node.get("inLanguage"), "alternateName", "@id", "name")
        stated += [(text, _ld_evidence(node, "inLanguage")) for text in texts]
    names = ("og:locale", "content-language", "dc.language", "language")
    stated += [(text, f"meta:{name}") for name, text in markup.contents(*names)]
    for text, evidence in stated:
        if found := _LANGUAGE.fullmatch(text.split(",")[0].strip()):
            primary, script, region = found.groups()
            parts = (primary.lower(), script and script.title(), region and region.upper())
            return "-".join(part for part in parts if part), evidence
    return None


def _image(markup: Markup, nodes: Iterable[Node], site: Iterable[str]) -> tuple[str, str] | None:
    """The first picture that is not the site's logo."""
    own = {squeezed(name) for name in site}
    stated: list[tuple[str, str]] = []
    for node in nodes:
        for name in ("image", "thumbnailUrl"):
            for value in markup.linked.values(node, name):
                found = strings(value, "url", "contentUrl", "@id")[:1]
                stated += [(text, _ld_evidence(node, name)) for text in found]
    stated += [(text, f"meta:{name}") for name, text in markup.contents(*_IMAGES)]
    stated += [(address, "link:image_src") for address in markup.links.get("image_src", ())]
    for address, evidence in stated:
        absolute = markup.absolute(fold(address))
        if absolute and "#" not in absolute and not _is_logo(absolute, own):
            return absolute, evidence
    return None


def _is_logo(url: str, own: Container[str]) -> bool:
    """Whether the name of a picture's file has nothing to say but that it is a logo or a stopgap."""
    name = re.split(r"[?#]", url)[0].rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    parts = re.findall(r"[^\W\d_]+", (stem or ending).lower())
    telling = [part for part in parts if part not in _OF_LOGO and part not in own and len(part) > 1]
    return not _LOGO.isdisjoint(parts) and (not telling or squeezed("".join(telling)) in own)


def _canonical(markup: Markup, url: str) -> tuple[str, str] | None:
    """The page's own statement of its address, unless it names the front page or another site."""
    stated = [(address, "link:canonical") for address in markup.links.get("canonical", ())]
    stated += [(address, f"meta:{name}") for name, address in markup.contents("og:url")]
    for node in markup.linked.nodes:
        if any(map(is_article_type, types(node))):
            for name in ("mainEntityOfPage", "url"):
                stated += [(a, _ld_evidence(node, name)) for a in strings(node.get(name), "@id", "url")[:1]]
            break
    for address, evidence in stated:
        found = markup.absolute(address)
        if found and (not url or (_same_site(found, url) and not (is_front(found) and not is_front(url)))):
            return found, evidence
    return None


def _same_site(one: str, other: str) -> bool:
    """Whether two addresses share host or registrable domain."""
    hosts = [host_of(one), host_of(other)]
    if not all(hosts):
        return False
    if hosts[0] == hosts[1] or hosts[0].endswith(f".{hosts[1]}"):
        return True
    from tld import get_fld

    domains = [get_fld(f"https://{host}/", fail_silently=True) for host in hosts]
    return domains[0] is not None and domains[0] == domains[1]
