"""What heads and pages say of their use."""

from __future__ import annotations

import json
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.extraction.markup import Markup
from archive.rights.reading import head_statements, page_statements
from archive.rights.statement import NOT_RESERVED, RESERVED, Statement, marks

URL = "https://www.ellery.test/2026/11/storm"
BY = "https://creativecommons.org/licenses/by/4.0/"


def head(*lines: str) -> list[Statement]:
    fields = [line.partition(":") for line in lines]
    return head_statements([(name, value.strip()) for name, _, value in fields], URL)


def page(head: str = "", body: str = "") -> tuple[Statement, ...]:
    tree = lxml.html.document_fromstring(f"<html><head>{head}</head><body><p>Ice.</p>{body}</body></html>")
    return page_statements(Markup(tree, URL), URL)


def told(statements: list[Statement] | tuple[Statement, ...]) -> list[tuple[str, str]]:
    return [(statement.name, statement.value) for statement in statements]


def test_a_head() -> None:
    found = head(
        "Content-Type: text/html",
        "x-robots-tag: noarchive",
        "X-Robots-Tag: otherbot: noai",
        "TDM-Reservation: 1",
        "tdm-policy: /policy.json",
        f'Link: </style.css>; rel=preload, <{BY}>; rel="license"; title="a, b"',
    )
    assert found == [
        Statement("noarchive", "", "header", "X-Robots-Tag: noarchive"),
        Statement("noai", "", "header", "X-Robots-Tag: otherbot: noai", agent="otherbot"),
        Statement("licence", BY, "header", f"Link: <{BY}>; rel=license"),
        Statement("tdm", RESERVED, "header", "tdm-reservation: 1", policy="https://www.ellery.test/policy.json"),
    ]
    assert marks(found) == {"noarchive", "licence", "tdm"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["tdm-reservation: 0", "tdm-policy: https://x.test/p"], [("tdm", NOT_RESERVED)]),
        (["tdm-reservation: 0", "tdm-reservation: 1"], [("tdm", RESERVED)]),
        (["tdm-reservation: 2"], []),
        (["tdm-policy: https://x.test/p"], []),
        (["Link: <javascript:alert(1)>; rel=license"], []),
        (["Link: <http://[>; rel=license"], []),
        (["Link: </l>; rel=prelicense"], []),
        ([f"Link: <{BY}>; title=rel; REL=License"], [("licence", BY)]),
    ],
)
def test_heads(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert told(head(*lines)) == expected


def linked(**node: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('<meta name="ROBOTS" content="noai, noimageai">', [("noai", ""), ("noimageai", "")]),
        ('<meta name="newswarc" content="noarchive">', [("noarchive", "")]),
        ('<meta name="googlebot" content="noarchive">', []),
        ('<meta name="tdm-reservation" content="1">', [("tdm", RESERVED)]),
        ('<meta name="tdm-reservation" content="maybe">', []),
        (f'<link rel="license" href="{BY}">', [("licence", BY)]),
        ('<link rel="license" href="/terms">', [("licence", "https://www.ellery.test/terms")]),
        (linked(license=BY), [("licence", BY)]),
        (linked(license={"@type": "CreativeWork", "url": "/terms"}), [("licence", "https://www.ellery.test/terms")]),
        (linked(license=["CC BY 4.0"]), [("licence", "CC BY 4.0")]),
        (linked(license={"a": [1, None]}), []),
        (f'<meta name="dcterms.license" content="{BY}">', [("licence", BY)]),
        ('<meta name="dc.rights" content="(c) Ellery Courier">', []),
        (f'<meta name="dc.rights" content="{BY}">', [("licence", BY)]),
    ],
)
def test_pages(where: str, expected: list[tuple[str, str]]) -> None:
    assert told(page(where)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f'<a rel="nofollow license" href="{BY}">CC BY</a>', [("licence", BY)]),
        (f'<a href="{BY}">CC BY</a><a href="{BY}">again</a>', [("licence", BY)]),
        ('<a href="https://creativecommons.org/about/">who they are</a>', []),
        (f'<figure><img src=a><figcaption><a rel=license href="{BY}">CC BY</a></figcaption></figure>', []),
        ('<a rel="license">nowhere</a>', []),
    ],
)
def test_links(body: str, expected: list[tuple[str, str]]) -> None:
    assert told(page(body=body)) == expected


def test_a_page_is_quoted() -> None:
    (found,) = page('<meta name="robots" content="noarchive, max-snippet:-1">')
    assert found == Statement("noarchive", "", "page", '<meta name="robots" content="noarchive, max-snippet:-1">')


NAMES = st.sampled_from(["X-Robots-Tag", "Link", "tdm-reservation", "tdm-policy"])


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.text(st.characters(max_codepoint=255)))))
def test_any_head(fields: list[tuple[str, str]]) -> None:
    assert json.dumps([statement.value for statement in head_statements(fields, URL)])


def test_a_long_head_takes_no_time() -> None:
    assert not head("Link: " + "<" * 200_000, "Link: " + '<a>;rel="' * 20_000, "X-Robots-Tag: " + "a:" * 100_000)
