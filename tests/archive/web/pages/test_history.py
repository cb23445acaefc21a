from __future__ import annotations

import pytest
from lxml import html

from archive.storage import Store
from archive.web.template import link
from tests.archive.web.rooms import COPY, FERRY, STORM, Visitor, versions


def tree(visitor: Visitor, url: str) -> html.HtmlElement:
    answer = visitor.get("/history", url=url)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def test_all_looks_stand_on_a_time_line(visitor: Visitor) -> None:
    page = tree(visitor, STORM)
    moments = page.cssselect(".timeline > li")
    assert [m.cssselect(".tag")[0].text for m in moments] == ["first version", "page unchanged", "changed", "gone"]
    assert "2 times" in moments[1].text_content()
    assert "Changed: headline, text, published" in moments[2].text_content()
    assert "Gone: the article is no longer there" in page.text_content()


def test_any_two_versions_can_be_compared(visitor: Visitor, store: Store) -> None:
    old, new = (row["id"] for row in versions(store, STORM))
    page = tree(visitor, STORM)
    form = next(form for form in page.forms if form.action == "/compare")
    assert dict(form.form_values()) == {"a": old, "b": new}
    assert [field.get("value") for field in form.cssselect("input[name=a]")] == [old, new]
    assert link("/compare", a=old, b=new) in [a.get("href") for a in page.cssselect(".timeline a")]
    assert visitor.get("/compare", **dict(form.form_values())).status_code == 200


def test_a_long_time_line_has_pages(visitor: Visitor, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.web.pages.history as module

    monkeypatch.setattr(module, "_MOST", 2)
    old, new = (row["id"] for row in versions(store, STORM))
    pages = [html.document_fromstring(visitor.get("/history", url=STORM, page=str(n)).text) for n in (1, 2, 3, 4)]
    tags = [[tag.text for tag in page.cssselect(".timeline .tag:not(.is-silent)")] for page in pages]
    assert [tag for page in reversed(tags) for tag in page][-2:] == ["changed", "gone"]
    assert tags[0] == ["changed", "gone"]
    assert tags[1][0] in ("first version", "page unchanged")
    assert [field.get("value") for field in pages[0].cssselect("input[name=b]")] == [new]
    assert link("/compare", a=old, b=new) in [a.get("href") for a in pages[0].cssselect(".timeline a")]
    assert [a.get("href") for a in pages[0].cssselect("nav.pages a")] == [link("/history", url=STORM, page=2)]
    assert "2 versions of the page" in pages[0].text_content()


def test_one_version_has_nothing_to_compare(visitor: Visitor) -> None:
    assert not [form for form in tree(visitor, FERRY).forms if form.cssselect("button.main")]


def test_the_same_story_elsewhere(visitor: Visitor) -> None:
    page = tree(visitor, STORM)
    assert page.cssselect("#alike ~ ul li.hit h3 a")[0].get("href") == link("/article", url=COPY)


def test_addresses_without_an_article(visitor: Visitor) -> None:
    page = tree(visitor, "https://ellery.test/pic.png")
    assert "No article was read from this address" in page.text_content()
    answer = visitor.get("/history", url="https://nothing.test/")
    assert answer.status_code == 404
    assert "has nothing of https://nothing.test/" in answer.text
    assert visitor.get("/history").status_code == 400
