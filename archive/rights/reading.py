"""What the head of a response and a page itself say of their use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin

from archive.rights.rules import read_rules
from archive.rights.statement import AGENT, RESERVED, Statement
from archive.rights.tdmrep import policy_url, reservation

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from archive.extraction.markup import Markup

__all__ = ["head_statements", "page_statements"]

_LONGEST = 300
_MOST = 40
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_COMMONS = re.compile(r"(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/", re.IGNORECASE)
_LICENCE_META = ("dcterms.license", "dc.license", "dc.rights.license", "og:license", "license")
_RIGHTS_META = ("dcterms.rights", "dc.rights")
"""These hold a licence only if they are its address."""
_IN_PICTURES = frozenset({"figure", "figcaption", "picture"})


def head_statements(headers: Sequence[tuple[str, str]], url: str) -> list[Statement]:
    """What the head of the response from `url` says: X-Robots-Tag, TDM header fields, licence links."""
    fields = [(name.lower(), _text(value)) for name, value in headers]
    found: list[Statement] = []
    for name, value in fields:
        if name == "x-robots-tag":
            said = f"X-Robots-Tag: {value}"[:_LONGEST]
            found += [Statement(n, v, "header", said, agent=a) for n, v, a in read_rules(value)]
        elif name == "link":
            for address, parameters in _LINK.findall(value):
                rel = _REL.search(f";{parameters}")
                if rel and "license" in (rel[1] or rel[2] or "").lower().split() and (to := _join(url, address)):
                    found.append(Statement("licence", to, "header", f"Link: <{address}>; rel=license"[:_LONGEST]))
    reservations = [value for name, value in fields if name == "tdm-reservation"]
    policies = [value for name, value in fields if name == "tdm-policy"]
    found += _tdm(reservations, policies, url, "header", "tdm-reservation: {}")
    return _each_once(found)


def page_statements(markup: Markup, url: str) -> tuple[Statement, ...]:
    """What a page says in its meta elements, its links and its linked data."""
    found: list[Statement] = []
    for name, agent in (("robots", None), (AGENT, AGENT)):
        for content in map(_text, markup.meta.get(name, ())):
            said = f'<meta name="{name}" content="{content}">'[:_LONGEST]
            found += [Statement(n, v, "page", said, agent=a) for n, v, a in read_rules(content, agent)]
    reservations, policies = (
        list(map(_text, markup.meta.get(f"tdm-{name}", ()))) for name in ("reservation", "policy")
    )
    found += _tdm(reservations, policies, markup.base, "page", '<meta name="tdm-reservation" content="{}">')
    for licence, evidence in _licences(markup, url):
        if licence := _text(licence)[:_LONGEST]:
            found.append(Statement("licence", licence, "page", evidence))
    return tuple(_each_once(found))


def _tdm(
    reservations: list[str], policies: list[str], base: str, where: Literal["header", "page"], form: str
) -> Iterator[Statement]:
    """The reservation that was made; of several that differ, that it was."""
    valid = [(found, said) for said in reservations if (found := reservation(said))]
    if valid:
        value, said = next((one for one in valid if one[0] == RESERVED), valid[0])
        named = next(filter(None, (policy_url(text, base) for text in policies)), None)
        yield Statement("tdm", value, where, form.format(said), policy=named if value == RESERVED else None)


def _licences(markup: Markup, url: str) -> Iterator[tuple[str, str]]:
    """Licences of the page, each with where it is named; not those of single pictures."""
    from archive.extraction.jsonld import strings

    for address in markup.links.get("license", ()):
        yield markup.absolute(address) or address, "<link rel=license>"
    for node in markup.linked.about(url):
        for value in strings(node.get("license"), "url", "@id", "name"):
            yield markup.absolute(value) or value if "/" in value else value, "JSON-LD: license"
    for name, content in markup.contents(*_LICENCE_META):
        yield content, f'<meta name="{name}">'
    for name, content in markup.contents(*_RIGHTS_META):
        if content.startswith(("http://", "https://")):
            yield content, f'<meta name="{name}">'
    for element in _links(markup.tree):
        if licence := markup.absolute(element.get("href")):
            is_named = "license" in (element.get("rel") or "").lower().split()
            yield licence, "<a rel=license>" if is_named else "a link to Creative Commons"


def _links(tree: HtmlElement) -> Iterator[HtmlElement]:
    for element in tree.iter("a"):
        rel, href = element.get("rel"), element.get("href")
        if (
            href
            and ((rel and "license" in rel.lower().split()) or ("ommons" in href and _COMMONS.match(href.strip())))
            and not any(outer.tag in _IN_PICTURES for outer in element.iterancestors())
        ):
            yield element


def _each_once(found: Iterable[Statement]) -> list[Statement]:
    """Of statements that say the same the first, and not too many."""
    said = {(s.name, s.value, s.agent): s for s in reversed(list(found))}
    return list(reversed(said.values()))[:_MOST]


def _text(value: str) -> str:
    """One line of whole characters."""
    return " ".join(value.encode("utf-8", "replace").decode().replace("\0", " ").split())


def _join(base: str, address: str) -> str | None:
    try:
        url = urljoin(base, address.strip())
    except ValueError:
        return None
    return url[:_LONGEST] if url.startswith(("http://", "https://")) else None
