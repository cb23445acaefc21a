from __future__ import annotations

from lxml import html

from archive.web.openapi import DOCUMENT
from tests.archive.web.markup import faults
from tests.archive.web.rooms import Visitor


def test_every_address_is_explained(visitor: Visitor) -> None:
    answer = visitor.get("/api")
    assert answer.status_code == 200
    assert list(faults(answer.text)) == []
    page = html.document_fromstring(answer.text)
    named = [heading.text_content() for heading in page.cssselect("h2")]
    assert named == [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
    for a in page.cssselect("main a"):
        assert visitor.get(a.get("href")).status_code == 200
