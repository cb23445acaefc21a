"""The headline of a page and its standfirst: which of the candidates a reader would call so."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from archive.extraction.markup import Markup, class_tokens, host_of, is_hidden, key, squeezed, visible_text

__all__ = ["choose_headline", "headline_element", "resemble", "site_names", "title_parts", "without_site_name"]

Candidate = tuple[str, str]
"""A value and its evidence."""

Shown = tuple[str, HtmlElement]
"""The text of a heading and the heading."""

Found = tuple[str, str, HtmlElement | None]
"""A headline, its evidence and the heading that shows it."""

_SEPARATOR = re.compile(r"\s+[-–—|·•»«›:/]+\s+|\s*[|｜ㅣ：]\s*")
_CAMEL = re.compile(r"[^\W\d_A-Z][A-ZÄÖÜÉÈÀÅØÆÑ][^\W\d_]")
_BEHIND = re.compile(r"\s*[-–—|｜ㅣ：•»·]\s*\S")
"""What parts a headline from the section and the site behind it."""
_TITLE_SEPARATOR = re.compile(rf"{_SEPARATOR.pattern}|:\s+")
_TITLE = "html:title"
_SHORTEST_H1 = 12
_LONGEST_HEADLINE = 400
_MOST_H1S = 12
_HEADINGS = frozenset({"h2", "h3", "h4"})
_CRUMBS = frozenset({"breadcrumb", "breadcrumbs", "crumb", "crumbs", "seo", "seotitle"})


def choose_headline(markup: Markup, stated: Iterable[Candidate], site: Iterable[str]) -> Found | None:
    """The headline, its evidence and the h1 that shows it, if one does.

    `stated` are the candidates from markup that readers don't see, best first. The page's h1 wins when any
    of them confirms it up to punctuation and the site's name; without an h1, or with one that nothing
    confirms, what most of them say wins.
    """
    if found := _below_site_name(markup):
        return found
    site = (*site, *(visible_text(h1) for h1 in markup.h1s[:_MOST_H1S] if _leads_home(h1, markup)))
    claims = [(without_site_name(text, site), evidence) for text, evidence in stated]
    claims = [(text, evidence) for text, evidence in claims if _is_headline(text) and not _is_site(text, site)]
    claims = [(_shortest(text, claims), evidence) for text, evidence in claims]
    votes = Counter(key(text) for text, _ in claims)
    claims.sort(key=lambda claim: -votes[key(claim[0])])
    h1s = [(text, h1) for h1 in markup.h1s[:_MOST_H1S] if _is_headline(text := visible_text(h1))]
    h1s = [(text, h1) for text, h1 in h1s if not _is_site(text, site)]
    shown = [(text, h1) for text, h1 in h1s if not _is_unseen(h1)]
    if h1s and not shown:
        return _below_unseen(markup, claims, [text for text, _ in h1s])
    if found := _confirmed(shown, claims, site) or _contained(shown, claims):
        return _of_newsroom(markup, claims, found) or found
    if found := _in_title(shown, claims):
        return _agreed(claims, votes, found) or found
    if claims:
        text, evidence = claims[0]
        resembling = next((h1 for other, h1 in shown if resemble(other, text)), None)
        if votes[key(text)] > 1 or resembling is not None or not shown or len(key(shown[0][0])) < _SHORTEST_H1:
            return text, evidence, resembling
    return (shown[0][0], "html:h1", shown[0][1]) if shown else None


def _confirmed(shown: Sequence[Shown], claims: Sequence[Candidate], site: Iterable[str]) -> Found | None:
    """The h1 that most claims agree with, but for punctuation and the site's name; a title alone is none."""
    votes = Counter(key(text) for text, evidence in claims if evidence != _TITLE)
    best: tuple[int, Found] | None = None
    for text, h1 in shown:
        for spelling in (text, without_site_name(text, site)):
            if (count := votes[key(spelling)]) and (best is None or count > best[0]):
                best = count, (_spaced(spelling, claims), "html:h1", h1)
    return best and best[1]


def _spaced(shown: str, claims: Sequence[Candidate]) -> str:
    """A heading, or the claim that has the same words where the heading runs two together, kicker and headline
    being elements of their own."""
    most = max((text for text, _ in claims if key(text) == key(shown)), key=_words, default=shown)
    return most if _run_together(shown) and not _run_together(most) else shown


def _run_together(text: str) -> bool:
    return bool(_CAMEL.search(text))


def _of_newsroom(markup: Markup, claims: Sequence[Candidate], found: Found) -> Found | None:
    """The headline of the article's JSON-LD, where h1 and title say another thing: they are for search engines,
    it is the newsroom's. Not if the title is its likeness, or if it is the same but shorter."""
    own = next((text for text, evidence in claims if evidence.startswith("json-ld:") and ".headline" in evidence), "")
    others = {key(text) for text, evidence in claims if evidence == _TITLE}
    if not own or not others or _overlap(own, found[0]) or any(_overlap(own, other) for other in others):
        return None
    evidence = next(evidence for text, evidence in claims if text == own)
    element = headline_element(markup, own)
    return own, evidence, found[2] if element is None else element


def _agreed(claims: Sequence[Candidate], votes: Counter[str], found: Found) -> Found | None:
    """What markup for readers of other pages says, where only the title confirms the h1: both are for search
    engines then."""
    text, evidence = next((claim for claim in claims if claim[1] != _TITLE), ("", ""))
    if not text or _overlap(text, found[0]):
        return None
    return (text, evidence, found[2]) if votes[key(text)] > 1 or resemble(text, found[0]) else None


def _overlap(one: str, other: str) -> bool:
    """Whether one of two headlines is a part of the other."""
    a, b = key(one), key(other)
    return a in b or b in a


def _shortest(text: str, claims: Iterable[Candidate]) -> str:
    """The claim that `text` begins with before it names section and site."""
    begun = [other for other, _ in claims if len(key(other)) > _SHORTEST_H1 and text.startswith(other)]
    return min((other for other in begun if _BEHIND.match(text, len(other))), key=len, default=text)


def _contained(shown: Sequence[Shown], claims: Sequence[Candidate]) -> Found | None:
    """The claim that a heading shows, alone or behind a kicker; the first claims are the most agreed on."""
    for claim, evidence in claims:
        wanted = key(claim)
        if len(wanted) <= _SHORTEST_H1 or evidence == _TITLE:
            continue
        for text, element in shown:
            if key(text).endswith(wanted):
                return claim, f"html:{element.tag}", element
    return None


def _in_title(shown: Sequence[Shown], claims: Sequence[Candidate]) -> Found | None:
    """The heading that is a whole part of the title, which names the section or the site beside it."""
    titles = [text for text, evidence in claims if evidence == _TITLE]
    parts = {key(part) for title in titles for part in (*title_parts(title), *_TITLE_SEPARATOR.split(title))}
    return next(((text, "html:h1", h1) for text, h1 in shown if key(text) in parts), None)


def _below_site_name(markup: Markup) -> Found | None:
    """The headline of a page whose h1 is the site's name, as on blogs: the title names both, and a lower
    heading shows the longer one."""
    names = {key(visible_text(h1)) for h1 in markup.h1s[:_MOST_H1S]}
    for title in markup.titles:
        for split in _TITLE_SEPARATOR.finditer(title):
            one, other = title[: split.start()], title[split.end() :]
            for name, headline in ((one, other), (other, one)):
                if key(name) in names and _words(headline) > _words(name):
                    element = headline_element(markup, headline)
                    if element is not None and element.tag in _HEADINGS:
                        return visible_text(element), f"html:{element.tag}", element
    return None


def _leads_home(h1: HtmlElement, markup: Markup) -> bool:
    """Whether a heading is a link to the front page, as the site's name is."""
    inner = list(h1.iter("a"))
    outer = list(h1.iterancestors("a"))
    for link in (*inner, *outer):
        address = urlsplit(markup.absolute(link.get("href")) or "")
        whole = key(visible_text(link)) == key(visible_text(h1))
        if whole and address.path in ("", "/") and not address.query and host_of(markup.base) == address.hostname:
            return True
    return False


def _below_unseen(markup: Markup, claims: Sequence[Candidate], h1s: Sequence[str]) -> Found:
    """The headline of a page whose h1 is a breadcrumb or hidden: a subheading that shows a claim, else the
    claim that the h1 confirms, with the subheading that resembles it."""
    shown = [
        (text, element)
        for element in itertools.islice(markup.tree.iter("h2", "h3"), _MOST_H1S)
        if _is_headline(text := visible_text(element))
    ]
    if found := _contained(shown, claims):
        return found
    keys = {key(text) for text in h1s}
    confirmed = [claim for claim in claims if key(claim[0]) in keys]
    options = confirmed or claims or [(text, "html:h1") for text in h1s]
    for text, evidence in options:
        for other, element in shown:
            if resemble(other, text):
                return text, evidence, element
    return *options[0], None


def headline_element(markup: Markup, headline: str) -> HtmlElement | None:
    """The element that shows the headline where no h1 does: the first lower heading or bold line with its text."""
    wanted = key(headline)
    for element in markup.tree.iter("h2", "h3"):
        if key(visible_text(element)) == wanted:
            return element
    for element in markup.tree.iter("h4", "b", "strong"):
        if key(element.text or "") == wanted:
            return element
    return None


def without_site_name(text: str, site: Iterable[str]) -> str:
    """`text` without the site's name and what stands behind it at the end, or the name at the start."""
    own = [k for name in site if len(k := key(name)) > 1]
    splits = list(_SEPARATOR.finditer(text))
    for split in splits:
        if _is_own(key(text[split.end() :].split(" - ", maxsplit=1)[0]), own) and split.start() > 0:
            rest = text[: split.start()].rstrip(" ,-–—|")
            if rest:
                return rest
    name, colon, rest = text.partition(": ")
    if colon and rest and len(key(name)) > 3 and key(name) in own:
        return rest.strip()
    if (
        splits
        and key(text[: splits[0].start()]) in own
        and splits[0].group().strip() in {"|", "｜", "-", "–", "—", "»"}
    ):
        return text[splits[0].end() :].strip()
    return text


def site_names(markup: Markup, url: str) -> tuple[str, ...]:
    """What the site calls itself, and its domain with and without the ending."""
    found = [c for _, c in markup.contents("og:site_name", "application-name", "apple-mobile-web-app-title")]
    host = host_of(url)
    labels = host.split(".")
    if len(labels) > 1 and not labels[-1].isdigit():
        second_level = len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2
        name = labels[-3] if second_level else labels[-2]
        found += [host, name, ".".join(labels[labels.index(name) :])]
    for title in markup.titles:
        *_, last = _SEPARATOR.split(title)
        if last != title and squeezed(last) in {squeezed(name) for name in found}:
            found.append(last)  # as the site writes it, where else only the domain is known
    return tuple(dict.fromkeys(name.strip() for name in found if name.strip()))


def title_parts(title: str) -> list[str]:
    """The parts of a page's title: headline, section, site, in whatever order."""
    return _SEPARATOR.split(title)


def resemble(one: str, other: str) -> bool:
    """Whether two headlines share more than half of the words of the longer, or one is all in the other."""
    a, b = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    if key(other) and (key(one) in key(other) or key(other) in key(one)):
        return max(len(one), len(other)) < 3 * min(len(one), len(other))
    return len(a & b) * 2 > max(len(a), len(b)) > 0


def _is_unseen(element: HtmlElement) -> bool:
    """Whether a heading is a part of the breadcrumbs, or hidden, so that readers don't take it for one."""
    outer = (element, *itertools.islice(element.iterancestors(), 3))
    return any(class_tokens(e) & _CRUMBS or is_hidden(e) for e in outer)


def _is_headline(text: str) -> bool:
    return 2 < len(text) <= _LONGEST_HEADLINE and any(c.isalpha() for c in text)


def _is_site(text: str, site: Iterable[str]) -> bool:
    return key(text) in {key(name) for name in site}


def _is_own(segment: str, own: Iterable[str]) -> bool:
    """Whether a part of a title is the site's name, be it longer or shorter than we know it."""
    return any(
        segment == k or (len(k) > 3 and len(segment) > 3 and (segment.startswith(k) or k.startswith(segment)))
        for k in own
    )


def _words(text: str) -> int:
    return len(text.split())
