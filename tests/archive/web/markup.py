"""What is wrong with a page: for those who can't see it, and where hostile text got through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from lxml import html

_LANDMARKS = ("header", "main", "footer", "nav")
_SEEN_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")


def faults(text: str, *, replay: str | None = None) -> Iterator[str]:
    """One sentence for each fault of a page."""
    tree = html.document_fromstring(text)
    yield from _active(tree, replay)
    yield from _structure(tree)
    yield from _names(tree)
    if match := _SEEN_CONTROL.search(text):
        yield f"holds the control character {match[0]!r}"


def _active(tree: html.HtmlElement, replay: str | None) -> Iterator[str]:
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in ("object", "embed", "base", "meta") and element.get("http-equiv"):
            yield f"has <{element.tag}>"
        if element.tag == "script" and not (element.get("src", "").startswith("/static/") and not element.text):
            yield f"has a script: {html.tostring(element)[:80]!r}"
        if element.tag == "style":
            yield "has a style element"
        if element.tag == "iframe" and not (replay and element.get("src", "").startswith(replay + "/")):
            yield f"frames {element.get('src')}"
        for name, value in element.attrib.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                yield f"has {name}={value[:40]!r}"
            if name in ("href", "src", "action", "formaction") and element.tag != "iframe":
                yield from _link(element, value)


def _link(element: html.HtmlElement, value: str) -> Iterator[str]:
    scheme = urlsplit(value).scheme
    if scheme in ("http", "https"):
        if element.tag != "a" or not {"noreferrer", "nofollow"} <= set(element.get("rel", "").split()):
            yield f"<{element.tag}> leads out without a word: {value[:60]}"
    elif scheme or not value.startswith(("/", "#")):
        yield f"<{element.tag}> leads to {value[:60]}"


def _structure(tree: html.HtmlElement) -> Iterator[str]:
    if not tree.get("lang"):
        yield "has no language"
    if not (tree.findtext(".//title") or "").strip():
        yield "has no title"
    for name in _LANDMARKS:
        if not tree.findall(f".//{name}"):
            yield f"has no <{name}>"
    levels = [int(element.tag[1]) for element in tree.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    if levels.count(1) != 1:
        yield f"has {levels.count(1)} h1"
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"skips from h{before} to h{after}"
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    yield from (f"has the id {i} twice" for i in set(ids) if ids.count(i) > 1)
    for element in tree.iter():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            for wanted in (element.get(name) or "").split() if isinstance(element.tag, str) else ():
                if wanted not in ids:
                    yield f"{name} names {wanted}, which is not there"


def _names(tree: html.HtmlElement) -> Iterator[str]:
    labelled = {label.get("for") for label in tree.iter("label")}
    for field in tree.iter("input", "select", "textarea"):
        wrapped = any(parent.tag == "label" for parent in field.iterancestors())
        if field.get("type") != "hidden" and not wrapped and field.get("id") not in labelled:
            yield f"has a field without a label: {field.get('name')}"
    for element in tree.iter("a", "button", "summary"):
        if not (element.text_content().strip() or element.get("aria-label") or element.get("id") == "theme"):
            yield f"has a nameless <{element.tag}> {element.get('href')}"
    for frame in tree.iter("iframe"):
        if not frame.get("title"):
            yield "has a frame without a title"
    for element in tree.iter("svg"):
        if element.get("aria-hidden") != "true" and not element.get("aria-label"):
            yield "has a picture without words"
