from __future__ import annotations

from lxml import html

from archive.web.template import link
from tests.archive.web.rooms import ARABIC, STORM, Visitor


def tree(visitor: Visitor, path: str, **parameters: str | int) -> html.HtmlElement:
    answer = visitor.get(path, **parameters)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def test_results_say_what_where_and_when(visitor: Visitor) -> None:
    page = tree(visitor, "/search", q="fourteen boats", source="ellery")
    (hit,) = page.cssselect("li.hit")
    assert hit.cssselect("h2 a")[0].get("href") == link("/article", url=STORM)
    assert hit.cssselect("h2")[0].text_content().strip() == "Storm keeps fourteen boats out"
    facts = [fact.text_content() for fact in hit.cssselect("ul.facts li")]
    assert facts[0] == "Ellery"
    assert "English" in facts
    assert "2 different texts" in facts
    assert "boats" in [mark.text for mark in hit.cssselect("mark")]
    assert "1 article for “fourteen boats”" in page.cssselect("[role=status]")[0].text_content()


def test_the_form_keeps_what_was_asked(visitor: Visitor) -> None:
    page = tree(visitor, "/search", q='"a <b>"', source="sahil", language="he", since="2026-11-01", until="2026-11-30")
    form = page.forms[0]
    assert dict(form.form_values()) == {
        "q": '"a <b>"', "source": "sahil", "language": "he", "since": "2026-11-01", "until": "2026-11-30"
    }  # fmt: skip


def test_results_are_paged(visitor: Visitor) -> None:
    first = tree(visitor, "/search", q="high water", source="ellery")
    assert len(first.cssselect("li.hit")) == 20
    assert "23 articles" in first.text_content()
    (following,) = first.cssselect("a[rel=next]")
    second = tree(visitor, following.get("href"))
    assert len(second.cssselect("li.hit")) == 3
    assert second.cssselect("ol.hits")[0].get("start") == "21"
    assert second.cssselect("a[rel=prev]")
    assert not second.cssselect("a[rel=next]")
    beyond = visitor.get("/search", q="high water", page=7)
    assert "There is no page 7" in beyond.text


def test_mistakes_are_explained_and_shown(visitor: Visitor) -> None:
    answer = visitor.get("/search", q="harbour (bridge")
    assert answer.status_code == 400
    page = html.document_fromstring(answer.text)
    (note,) = page.cssselect("[role=alert]")
    assert "never closed" in note.text_content()
    assert note.cssselect("mark")[0].text == "(bridge"
    assert page.forms[0].fields["q"] == "harbour (bridge"
    for wrong in (
        {"since": "yesterday"},
        {"page": 0},
        {"q": "x" * 301},
        {"since": "2026-02-02", "until": "2026-02-01"},
    ):
        answer = visitor.get("/search", **wrong)
        assert answer.status_code == 400
        assert html.document_fromstring(answer.text).cssselect("[role=alert] p")[0].text.endswith(".")


def test_nothing_found_says_what_to_do(visitor: Visitor) -> None:
    assert "Fewer or shorter words" in visitor.get("/search", q="zeppelin").text
    assert "search without them" in visitor.get("/search", q="boats", language="ja").text
    assert "No article fits these filters" in visitor.get("/search", source="nobody").text


def test_scripts_have_their_direction(visitor: Visitor) -> None:
    (hit,) = tree(visitor, "/search", q="العاصفة").cssselect("li.hit")
    (headline,) = hit.cssselect("h2 a")
    assert headline.get("href") == link("/article", url=ARABIC)
    assert (headline.get("dir"), headline.get("lang")) == ("auto", "ar")
