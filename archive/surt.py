"""Keys that captures of one page share, however its address was written.

`surt` is the key that replay tools look captures up by: the host's labels turned round (SURT, "sort-friendly
URI reordering transform"), everything in lower case, the query's parts in order. It equals what pywb
computes, but for addresses that would make pywb's library ask a name server (`tests/archive/test_surt.py`
compares them). `url_key` keeps case and order: two pages of one site may differ in nothing else.

Standard library only: replay runs this file in pywb's environment, which has none of our dependencies.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Address
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

__all__ = ["surt", "url_key"]

_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
_PARTS = re.compile(rb"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_WWW = re.compile(rb"www\d*\.")
_NUMBERS = re.compile(rb"(?:0[0-7]*|[1-9][0-9]*)(?:\.[0-9]+){0,3}")
_HTTP_TWICE = re.compile(rb"\A(?:https?://)+(?=https?://)")
_KEPT = b"!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""Signs that stand in a key as they are."""
_PATH_SESSIONS = [
    re.compile(rb"(.*/)\((?:[a-z]\([0-9a-z]{24}\))+\)/([^?]+\.aspx.*)", re.DOTALL),
    re.compile(rb"(.*/)\([0-9a-z]{24}\)/([^?]+\.aspx.*)", re.DOTALL),
]
_QUERY_SESSIONS = [
    re.compile(rb"(.*)" + name + rb"(?:&(.*))?", re.IGNORECASE | re.DOTALL)
    for name in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
        rb"cfid=[^&]+&cftoken=[^&]+",
    )
]
_PORTS = {b"http": b"80", b"https": b"443"}


def url_key(url: str) -> str:
    """A URL without scheme, ``www.``, default port, trailing slash and fragment, to find it by."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets out of place
        return url
    host = (parts.hostname or "").removeprefix("www.")
    try:
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    except ValueError:
        port = ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}"


def surt(url: str) -> str:
    """The SURT key of a URL: ``com,example)/path?a=1&b=2`` of ``https://www.Example.com/path/?b=2&a=1#top``.

    Every string has one; what is no web address stays nearly as it is. Never raises.
    """
    raw = re.sub(rb"[\n\r\t]", b"", url.encode("utf-8", "surrogatepass").strip())
    if not raw:
        return "-"
    if not _SCHEME.match(raw):
        raw = b"http://" + raw
    match = _PARTS.match(_HTTP_TWICE.sub(b"", raw))
    assert match is not None  # every part of it may be empty
    scheme, netloc, path, query = match.groups()
    scheme = scheme.lower()
    host, port = _host_and_port(netloc or b"")
    if not host and scheme.startswith(b"http"):  # http:////example.com/path
        host, _, path = path.lstrip(b"/").partition(b"/")
        path = b"/" + path
        host, port = _host_and_port(host)
    if not host:
        return (scheme + b":" + _path(path, whole=False) + _query(query)).decode("ascii")
    key = b",".join(reversed(_host(host).split(b".")))
    if port and port != _PORTS.get(scheme):
        key += b":" + port
    return (key + b")" + _path(path, whole=True) + _query(query)).decode("ascii")


def _host_and_port(netloc: bytes) -> tuple[bytes, bytes]:
    """The two of an authority; names and passwords before them are left out."""
    host = netloc.rpartition(b"@")[2].rstrip(b":")
    if host.startswith(b"["):
        inner, _, rest = host[1:].partition(b"]")
        return inner.lower(), _port(rest.removeprefix(b":"))
    host, colon, port = host.partition(b":")
    return host.lower(), _port(port) if colon else b""


def _port(digits: bytes) -> bytes:
    return str(int(digits)).encode() if re.fullmatch(rb"[0-9]{1,9}", digits) else b""


def _host(host: bytes) -> bytes:
    host = _unescaped(host)
    if not host.isascii():
        with suppress(UnicodeError):  # no such name; it is escaped below
            host = host.decode("utf-8", "ignore").encode("idna")
    host = host.replace(b"..", b".").strip(b".")
    if _NUMBERS.fullmatch(host) and (address := _address(host)):
        return address
    host = _escaped(host.lower()).lower()
    return host[www.end() :] if (www := _WWW.match(host)) else host


def _address(host: bytes) -> bytes | None:
    """Dotted decimals of an IPv4 address that may be written as one number, or in octal."""
    if host.isdigit() and not host.startswith(b"0"):
        return str(IPv4Address(int(host[-40:]) & 0xFFFFFFFF)).encode()
    parts = [
        int(p, 8 if p.startswith(b"0") and p != b"0" and p.strip(b"01234567") == b"" else 10) for p in host.split(b".")
    ]
    *firsts, last = parts
    if any(p > 255 for p in firsts) or last >= 256 ** (4 - len(firsts)):
        return None
    number = last + sum(p << (8 * (3 - i)) for i, p in enumerate(firsts))
    return str(IPv4Address(number)).encode()


def _path(path: bytes, *, whole: bool) -> bytes:
    """A path as it stands in a key; one that is `whole` begins with a slash, and its dots are resolved."""
    path = _unescaped(path)
    if whole:
        kept: list[bytes] = []
        for part in path.split(b"/")[1:]:
            if part == b".." and kept:
                kept.pop()
            elif part != b".":
                kept.append(part)
        path = b"/" + b"".join(part + b"/" for part in kept[:-1] if part) + (kept[-1] if kept else b"")
    path = _escaped(path).lower()
    for pattern in _PATH_SESSIONS:
        if match := pattern.fullmatch(path):
            path = match[1] + match[2]
    return path[:-1] if len(path) > 1 and path.endswith(b"/") else path


def _query(query: bytes | None) -> bytes:
    query = _escaped(_unescaped(query or b""))
    for pattern in _QUERY_SESSIONS:
        if match := pattern.fullmatch(query):
            query = match[1] + (match[2] or b"")
    parts = sorted(tuple(part.split(b"=", 1)) for part in query.lower().split(b"&"))
    query = b"&".join(b"=".join(part) for part in parts)
    return b"?" + query if query else b""


def _unescaped(text: bytes) -> bytes:
    while b"%" in text:
        once = unquote_to_bytes(text)
        if once == text:
            break
        text = once
    return text


def _escaped(text: bytes) -> bytes:
    return quote_from_bytes(text, safe=_KEPT).encode("ascii")
