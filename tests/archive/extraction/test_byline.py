import json

import lxml.html
import pytest

from archive.extraction.byline import read_byline
from archive.extraction.markup import Markup

SITE = ("Harbour Courier",)


def byline(body="", head="", **article):
    script = f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **article})}</script>'
    tree = lxml.html.document_fromstring(f"<html><head>{script}{head}</head><body><h1>Ferry</h1>{body}</body></html>")
    markup = Markup(tree, "https://courier.example/a")
    return read_byline(markup, markup.linked.about("https://courier.example/a"), tree.find(".//h1"), SITE)


def test_people_come_before_the_site():
    found = byline("<p class=byline>By Ada Brook</p>", author={"@type": "Organization", "name": "Harbour Courier"})
    assert found == (("Ada Brook",), "html:.byline")


def test_the_site_signs_when_nobody_does():
    found = byline(author={"@type": "Organization", "name": "Harbour Courier"})
    assert found == (("Harbour Courier",), "json-ld:NewsArticle.author")


def test_the_site_goes_where_people_are():
    assert byline(author=["Harbour Courier", "Ada Brook"])[0] == ("Ada Brook",)


def test_names_in_json_ld():
    people = [
        {"@type": "Person", "name": "Ada Brook"},
        {"@type": "Person", "givenName": "Ben", "familyName": "Stone"},
        {"@type": "Person", "name": ["Cy Field"]},
        "Di Meadow",
    ]
    assert byline(author=people)[0] == ("Ada Brook", "Ben Stone", "Cy Field", "Di Meadow")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<a rel=author href=x>Ada Brook</a>, <a rel=author href=y>Ben Stone</a>", ("Ada Brook", "Ben Stone")),
        ("<div class='post-author'>Author: Ada Brook</div>", ("Ada Brook",)),
        ("<div class=byline><span>By</span> <span>Ada Brook</span></div>", ("Ada Brook",)),
        ("<div class=authors><span>Ada Brook</span> <span>Ben Stone</span></div>", ("Ada Brook", "Ben Stone")),
        ("<div class=byline><p>Ada Brook</p><p>3 May 2024</p></div>", ("Ada Brook",)),
        ("<div><span class='sr-only'>x</span><p>By Ada Brook</p></div>", ("Ada Brook",)),
        ("<font>Autor: Ada Brook - 17 March 2005</font>", ("Ada Brook",)),
        ("<div><span>Text: Ada Brook</span></div>", ("Ada Brook",)),
        ("<p>von <a href=x>Dr. Ada Brook</a></p>", ("Dr. Ada Brook",)),
    ],
)
def test_bylines_that_readers_see(body, expected):
    assert byline(body)[0] == expected


@pytest.mark.parametrize(
    "body",
    [
        "<div class=comments><b class=comment-author>Some Reader</b></div>",
        "<aside><p class=author>Other Person</p></aside>",
        "<div class='author-bio'>Other Person</div>",
        "<p>By the river the boats lie still and wait for better days.</p>" * 2,
        f"<div class=author>{'Word ' * 60}</div>",
    ],
)
def test_no_bylines(body):
    assert byline(body) is None


def test_meta_labels_of_twitter():
    head = '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ada Brook">'
    assert byline(head=head) == (("Ada Brook",), "meta:twitter:data1")


def test_meta_labels_of_search_engine_tools():
    head = '<meta name="author" content="a.brook@courier.example">'
    head += '<meta name="twitter:misc:Written by" content="Ada Brook">'
    assert byline(head=head) == (("Ada Brook",), "meta:twitter:misc:written by")


ADA = {"@type": "Person", "name": "Ada Brook"}


@pytest.mark.parametrize(
    ("body", "head", "expected"),
    [
        ("", "<meta name=author content='Ada Brook and Ben Stone, dpa'>", ("Ada Brook", "Ben Stone", "dpa")),
        ("<p class=byline>Ada Brook, Reuters</p>", "", ("Ada Brook", "Reuters")),
        ("<p class=byline>Ada Brook, Ben Stone</p>", "", ("Ada Brook",)),
        ("", "<meta name=author content='Ben Stone, Cy Field'>", ("Ada Brook",)),
        ("", "<meta name=author content='Ada Brook, Ben Stone, Cy Field, Di Meadow'>", ("Ada Brook",)),
    ],
    ids=["more names", "an agency", "seen only", "others", "too many"],
)
def test_a_later_source_that_names_more(body, head, expected):
    assert byline(body, head, author=ADA)[0] == expected
