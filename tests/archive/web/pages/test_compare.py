from __future__ import annotations

from lxml import html

from archive.storage import Store
from archive.web.pages.compare import runs_of
from tests.archive.web.rooms import COPY, STORM, Visitor, versions


def tree(visitor: Visitor, a: str, b: str) -> html.HtmlElement:
    answer = visitor.get("/compare", a=a, b=b)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def test_words_are_added_removed_and_moved(visitor: Visitor, store: Store) -> None:
    old, new = (row["id"] for row in versions(store, STORM))
    page = tree(visitor, old, new)
    headline = page.cssselect(".headline")[0]
    assert [e.text for e in headline.cssselect("del")] == ["twelve"]
    assert [e.text for e in headline.cssselect("ins")] == ["fourteen"]
    labels = [label.text_content() for label in page.cssselect(".change .label")]
    assert labels.count("Changed") == 1
    assert labels.count("Added") == 1
    assert "Moved here" in labels
    (gone,) = page.cssselect(".is-left a")
    assert page.get_element_by_id(gone.get("href")[1:]).cssselect(".label")[0].text == "Moved here"
    assert "Changed: headline, text, published." in page.text_content()


def test_the_other_way_round(visitor: Visitor, store: Store) -> None:
    old, new = (row["id"] for row in versions(store, STORM))
    page = tree(visitor, new, old)
    assert [e.text for e in page.cssselect(".headline del")] == ["fourteen"]
    assert len(page.cssselect(".is-removed")) == 1


def test_two_papers(visitor: Visitor, store: Store) -> None:
    page = tree(visitor, versions(store, STORM)[-1]["id"], versions(store, COPY)[-1]["id"])
    assert page.cssselect("h1")[0].text == "The same story, told twice"
    assert "7 paragraphs that did not change" in page.text_content()
    assert [a.text for a in page.cssselect("ul.links a")][1:] == ["history of the first", "history of the second"]


def test_a_version_and_itself(visitor: Visitor, store: Store) -> None:
    one = versions(store, STORM)[0]["id"]
    page = tree(visitor, one, one)
    assert "The article has not changed: the two texts are the same to the letter." in page.text_content()
    assert not page.cssselect(".difference ins, .difference del")


def test_what_is_not_there(visitor: Visitor, store: Store) -> None:
    one = versions(store, STORM)[0]["id"]
    assert visitor.get("/compare", a=one, b="urn:uuid:none").status_code == 404
    assert visitor.get("/compare", a=one).status_code == 400


def test_long_stretches_without_change_are_folded() -> None:
    from archive.article import Article
    from archive.history.difference import difference

    lines = [f"Paragraph number {n} says something about item {n} of the list." for n in range(30)]
    changed = [*lines[:15], "Here an entirely new thought was put in by the night editor.", *lines[15:]]
    found = difference(
        Article(url="https://x.test/", text="\n".join(lines)), Article(url="https://x.test/", text="\n".join(changed))
    )
    runs = runs_of(found)
    assert [(folded, len(changes)) for folded, changes in runs] == [
        (True, 13),
        (False, 2),
        (False, 1),
        (False, 2),
        (True, 13),
    ]
    assert [c for _, changes in runs for c in changes] == list(found.paragraphs)
