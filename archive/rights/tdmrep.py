"""The file ``/.well-known/tdmrep.json`` (TDM Reservation Protocol, Final Community Group Report of 2024-05-10)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from archive.errors import RecordError
from archive.rights.statement import NOT_RESERVED, RESERVED, UNSET, Statement

__all__ = ["PATH", "Rule", "file_statement", "policy_url", "read_rules", "reservation"]

PATH = "/.well-known/tdmrep.json"
_LARGEST = 1 << 20
_MOST = 2000
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Rule(msgspec.Struct, frozen=True):
    """What holds for the paths that a pattern fits."""

    location: str
    """As it stands in the file."""
    reservation: str | None
    """`RESERVED`, `NOT_RESERVED`, or None for a value that is an error, which counts as none (section 4.1)."""
    policy: str | None = None

    def fits(self, url: str) -> bool:
        """Whether the rule is for the page at `url`: ``*`` is any characters, ``$`` the end, as in robots.txt."""
        pattern = _path(self.location) if "://" in self.location else self.location
        pattern = pattern if pattern[:1] in ("/", "*") else f"/{pattern}"
        is_whole = pattern.endswith("$")
        first, *rest = map(_plain, pattern.removesuffix("$").split("*"))
        path = _plain(_path(url)).replace("$", "%24").replace("*", "%2A")
        if not path.startswith(first) or (is_whole and not rest and path != first):
            return False
        at = len(first)
        for number, piece in enumerate(rest, 1):
            if is_whole and number == len(rest):
                return len(path) - len(piece) >= at and path.endswith(piece)
            at = path.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return True


def read_rules(body: bytes) -> list[Rule]:
    """The rules of a file. Raises `RecordError` if it is none; what is no rule in it is passed over."""
    try:
        value = json.loads(body.decode("utf-8-sig")) if len(body) <= _LARGEST else None
    except (ValueError, RecursionError) as error:
        raise RecordError("tdmrep.json is no JSON.") from error
    if not isinstance(value, list):
        raise RecordError("tdmrep.json is no list of rules.")
    return list(_rules(value[:_MOST]))


def _rules(value: list[Any]) -> Iterator[Rule]:
    for item in value:
        location = item.get("location") if isinstance(item, dict) else None
        if isinstance(location, str) and location and len(location) <= 2000:
            policy = item.get("tdm-policy")
            yield Rule(location, reservation(item.get("tdm-reservation")), policy if isinstance(policy, str) else None)


def reservation(value: object) -> str | None:
    """What a value of ``tdm-reservation`` says; None if it is none."""
    text = value.strip() if isinstance(value, str) else "" if isinstance(value, bool | float) else str(value)
    return {"1": RESERVED, "0": NOT_RESERVED}.get(text)


def policy_url(value: str | None, base: str) -> str | None:
    """The address of a policy; None if it is no web address."""
    try:
        url = urljoin(base, (value or "").strip()) if value else ""
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) and len(url) <= 2000 else None


def file_statement(rules: list[Rule], url: str, file_url: str, record: str | None, date: str | None) -> Statement:
    """What a file says of the page at `url`. Of several rules that fit the first one counts (section 5.2)."""
    rule = next((rule for rule in rules if rule.fits(url)), None)
    if rule is None or rule.reservation is None:
        said = "no rule is for this page" if rule is None else f"the rule for {rule.location} has no valid reservation"
        return Statement("tdm", UNSET, "tdmrep.json", said[:300], record, date)
    said = f'"location": "{rule.location}", "tdm-reservation": {int(rule.reservation == RESERVED)}'
    policy = policy_url(rule.policy, file_url) if rule.reservation == RESERVED else None
    return Statement("tdm", rule.reservation, "tdmrep.json", said[:300], record, date, policy=policy)


def _path(url: str) -> str:
    """Path and query of a URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _plain(path: str) -> str:
    """A path whose spellings are one: only what must be is escaped, in capitals."""
    escaped = quote(path.encode("utf-8", "replace"), safe="/%?&=+,;:@!$*'()~#[]")
    return _ESCAPE.sub(lambda m: c if (c := chr(int(m[1], 16))) in _UNRESERVED else m[0].upper(), escaped)
