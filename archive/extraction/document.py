"""From bytes to a parsed page."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree
from w3lib.encoding import html_to_unicode

from archive.errors import ExtractionError, NotAPage

__all__ = ["decode", "parse"]

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROL_BYTES = bytes([*range(9), 11, *range(14, 32)])
_CONTROL = re.compile(f"[{re.escape(_CONTROL_BYTES.decode())}]")
_HIGH_BYTES = bytes(range(128, 256))
_SHIFT = b"\x1b"
"""Begins the escape sequences of ISO-2022, whose bytes are all ASCII."""
_TAG = re.compile(r"<[a-zA-Z!/]")
_FORMATTING = re.compile(r"</?(?:font|b|i|u|em|strong|span|center|big|small|tt|nobr)\b[^<>]*>", re.IGNORECASE)
_ROOT = re.compile(r"(?:\s|<![^>]*>|<\?[^>]*>)*<(rss|feed|urlset|sitemapindex|rdf:RDF|svg)\b")
_JSON = re.compile(r"\s*[\[{]\s*[\[{\"]")
_OTHER_FILES = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "a PNG picture",
    b"GIF8": "a GIF picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"RIFF": "a WebP picture or a sound",
    b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "a gzip file",
}
_LATIN = frozenset({"cp1250", "cp1252", "latin_1", "iso8859_2", "iso8859_15", "iso8859_16", "mac_roman", "mac_latin2"})
_LANG = re.compile(rb"<html\b[^>]*?\blang\s*=\s*[\"']?([a-z]{2})", re.IGNORECASE)
_CENTRAL_EUROPEAN = frozenset({b"cs", b"hu", b"pl", b"sk", b"sl", b"hr", b"bs", b"ro"})
_MOSTLY = 5
"""So many well-formed characters for each broken one make a text UTF-8; in others almost all are broken."""


def decode(body: bytes, content_type: str | None = None) -> str:
    """The page's text without control characters. Bytes that are UTF-8 are taken as that, whatever the page
    declares, even with a few broken ones among them.

    A wrong declaration is common; text in another encoding that happens to be valid UTF-8 is not.
    Otherwise the encoding is found as browsers do (BOM, `content_type` header, meta element), then guessed;
    what is declared UTF-8 and isn't does not count as declared.
    """
    if not (_SHIFT in body and body.isascii()):
        plain = body.translate(None, _CONTROL_BYTES)
        try:
            return plain.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = plain.decode("utf-8-sig", "replace")
            others = len(text) - len(plain.translate(None, _HIGH_BYTES))
            if others > (_MOSTLY + 1) * text.count("\ufffd"):
                return text
    encoding, text = html_to_unicode(content_type, body, auto_detect_fun=_guess)
    if encoding == "utf-8":  # the header is wrong
        encoding, text = html_to_unicode(None, body, auto_detect_fun=_guess)
    if encoding == "utf-8":  # and so is the page
        text = body.decode(_guess(body) or "cp1252", "replace")
    return _CONTROL.sub("", text)


def _guess(body: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(body[: 64 << 10]).best()
    if best is None or best.encoding not in _LATIN:
        return best.encoding if best else None
    # Between these a guess is a toss; the page's language tells as browsers have it (HTML, 13.2.3.2, step 9).
    lang = _LANG.search(body)
    if lang is None or lang[1].lower() not in _CENTRAL_EUROPEAN:
        return "cp1252"
    return best.encoding if best.encoding == "iso8859_2" else "cp1250"


def parse(body: bytes, content_type: str | None = None) -> lxml.html.HtmlElement:
    """The page as a tree.

    Raises `NotAPage` when there is no HTML in `body`, and `ExtractionError` when its elements are nested so
    deeply that the parser would leave out the rest.
    """
    for beginning, name in _OTHER_FILES.items():
        if body.startswith(beginning):
            raise NotAPage(f"The page is no HTML but {name}.")
    text = _XML_DECLARATION.sub("", decode(body, content_type))
    if not text.strip():
        raise NotAPage("The page is empty.")
    if not _TAG.search(text):
        raise NotAPage(f"The page is no HTML; it begins {text.strip()[:40]!r}.")
    if root := _ROOT.match(text):
        raise NotAPage(f"The page is no HTML but XML; its root is <{root[1]}>.")
    if _JSON.match(text):
        raise NotAPage("The page is no HTML but JSON.")
    # Old pages never close their formatting; without it they are less deep.
    tree = _parse(text)
    if tree is None:
        tree = _parse(_FORMATTING.sub("", text))
    if tree is None:
        raise ExtractionError("The page nests elements deeper than the parser goes; it can't be read whole.")
    return tree


def _parse(text: str) -> lxml.html.HtmlElement | None:
    """The tree; None if it would be cut off where it gets too deep."""
    # lxml's parser, with its elements made in C: lxml.html asks a Python function for each one.
    parser = etree.HTMLParser(remove_comments=True, huge_tree=True)
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement))
    try:
        tree = lxml.html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise NotAPage(f"The page can't be parsed as HTML: {error}.") from error
    last = parser.error_log.last_error
    return None if last is not None and last.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT else tree
