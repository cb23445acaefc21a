import json

import lxml.html
import pytest

from archive.extraction.extractor import extract
from archive.extraction.markup import Markup
from archive.extraction.topics import are_of_site, read_section, read_tags
from tests.archive.extraction.pages import REPORT, page, paragraphs

URL = "https://courier.example/local/a"
SITE = ("Harbour Courier", "courier.example")
HEADLINE = "Ferry Ada is back"


def linked(**node):
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def crumbs(*names):
    items = [
        {"@type": "ListItem", "position": n, "item": {"@id": address, "name": name}}
        for n, (name, address) in enumerate(names)
    ]
    return linked(**{"@type": "BreadcrumbList"}, itemListElement=items)


def markup_of(head, body=""):
    return Markup(lxml.html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>"), URL)


def section(head):
    markup = markup_of(head)
    return read_section(markup, markup.linked.about(URL), HEADLINE, SITE)


def tags(head, body=""):
    markup = markup_of(head, body)
    return read_tags(markup, markup.linked.about(URL), SITE)


HOME, LOCAL, FERRIES, SELF = ("Home", "/"), ("Local", "/local"), ("Ferries", "/local/ferries"), ("Ferry back", URL)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (linked(articleSection=["Local", "Sea"]), ("Local", "json-ld:NewsArticle.articleSection")),
        (linked(articleSection="Local,Sea,News"), ("Local", "json-ld:NewsArticle.articleSection")),
        (linked(articleSection="Food, Drink"), ("Food, Drink", "json-ld:NewsArticle.articleSection")),
        ('<meta name="content_category" content="Sea">', ("Sea", "meta:content_category")),
        (linked(articleSection="https://courier.example/local"), None),
        (crumbs(HOME, LOCAL, FERRIES, SELF), ("Local", "json-ld:BreadcrumbList")),
        (crumbs(("Harbour Courier", "/news"), LOCAL, SELF), ("Local", "json-ld:BreadcrumbList")),
        (crumbs(HOME, (HEADLINE, "/x"), SELF), None),
        (crumbs(LOCAL), ("Local", "json-ld:BreadcrumbList")),
        (crumbs(HOME, SELF), None),
        ("", None),
    ],
)
def test_section(head, expected):
    assert section(head) == expected


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ("ferry, harbour , Ferry", ("ferry", "harbour")),
        (["type:story", "Ferry", "FERRY", "https://x.example", "Sea"], ("Ferry", "Sea")),
        (["26157981-b4f7-4929-adc1-e860c6f03636", "Category: Sea", "NLP Category: Travel", "Ada"], ("Ada",)),
        (["_prio_3", "100312362", "courier.example", "other.example", "Harbour Courier", "Ada"], ("Ada",)),
        (["topic/ferries & boats", "place/wexcombe"], ("ferries & boats", "wexcombe")),
        (["Ports/Ferries", "ports/ferries and boats", "Sea"], ("Ports/Ferries", "ports/ferries and boats", "Sea")),
        (["G20", "U.S.", "Covid-19", "50 years"], ("G20", "U.S.", "Covid-19", "50 years")),
    ],
)
def test_tags(keywords, expected):
    assert tags(linked(keywords=keywords)) == (expected, "json-ld:NewsArticle.keywords")


def test_tags_that_readers_see():
    assert tags("", "<a rel=tag href=/t>Ferries</a><a rel='x tag'>Sea</a>") == (("Ferries", "Sea"), "html:a[rel=tag]")


def test_keywords_of_the_whole_site():
    words = ("news", "sports", "weather", "business", "ports")
    assert are_of_site(words, "meta:keywords", "The ferry is back in Wexcombe.")
    assert not are_of_site(words, "meta:article:tag", "The ferry is back in Wexcombe.")
    assert not are_of_site(words[:3], "meta:keywords", "The ferry is back in Wexcombe.")
    assert not are_of_site(("ferry", "Wexcombe", "boats", "sea"), "meta:keywords", "The ferries of Wexcombe are back.")
    assert not are_of_site(("паромы", "порт", "море", "шторм"), "meta:keywords", "Паром вернулся в порт.")


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [("football, recipes, weather, stock market", ()), ("harbour, divers, Wexcombe, railway", 4)],
)
def test_an_article_has_its_own_keywords_only(keywords, expected):
    head = f'<meta name="keywords" content="{keywords}">'
    found = extract(page(paragraphs(*REPORT), head=head).encode(), url=URL)
    assert len(found.tags) == (expected or 0)
    assert ("tags" in found.trace.evidence) is bool(expected)
