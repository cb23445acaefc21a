import datetime as dt
import json

import lxml.html
import pytest

from archive.extraction.dateline import read_dateline
from archive.extraction.markup import Markup

URL = "https://courier.example/local/ferry"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def dates(body="", head="", *, url=URL, **article):
    script = f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **article})}</script>'
    tree = lxml.html.document_fromstring(f"<html><head>{script}{head}</head><body><h1>Ferry</h1>{body}</body></html>")
    markup = Markup(tree, url)
    return read_dateline(
        markup,
        markup.linked.about(url),
        tree.find(".//h1"),
        url=url,
        timezone="Europe/Vienna",
        language="en-GB",
        now=NOW,
    )


def test_the_order_of_the_sources():
    head = '<meta property="article:published_time" content="2024-05-04T10:00:00Z">'
    found = dates("<time datetime='2024-05-05T10:00:00Z'></time>", head, datePublished="2024-05-03T10:00:00Z")
    assert found.published == ("2024-05-03T10:00:00+00:00", "json-ld:NewsArticle.datePublished")
    assert dates("<time datetime='2024-05-05T10:00:00Z'></time>", head).published[1] == "meta:article:published_time"


def test_a_later_source_adds_the_time_of_the_same_day():
    found = dates("<time datetime='2024-05-03T10:00:00Z'></time>", datePublished="2024-05-03")
    assert found.published == ("2024-05-03T10:00:00+00:00", "html:time[datetime]")
    found = dates("<time datetime='2024-05-04T10:00:00Z'></time>", datePublished="2024-05-03")
    assert found.published == ("2024-05-03", "json-ld:NewsArticle.datePublished")


def test_a_later_source_adds_the_zone():
    head = '<meta property="article:published_time" content="2024-05-03T10:00:00+05:00">'
    assert dates(head=head, datePublished="2024-05-03T10:00:00").published[0] == "2024-05-03T10:00:00+05:00"


def test_an_old_date_in_the_markup():
    assert dates(datePublished="1921-05-03").published == ("1921-05-03", "json-ld:NewsArticle.datePublished")
    assert dates("<p>3 May 1921</p>").published is None


@pytest.mark.parametrize(
    ("body", "published", "modified"),
    [
        ("<p>Published 3 May 2024 10:00 | Updated 4 May 2024 11:30</p>", "2024-05-03T10:00", "2024-05-04T11:30"),
        ("<p>3 May 2024, last modified 4 May 2024</p>", "2024-05-03", "2024-05-04"),
        ("<div>Updated: <time datetime='2024-05-04T11:30'>x</time></div>", None, "2024-05-04T11:30"),
        (
            "<time class=updated datetime='2024-05-04'></time><time datetime='2024-05-03'></time>",
            "2024-05-03",
            "2024-05-04",
        ),
        ("<aside class=related-card><time datetime='2024-05-03'></time></aside>", "2024-05-03", None),
        ("<div><time class=related datetime='2024-05-03'></time></div>", None, None),
        ("<p>It was on 3 May 2024 that the old boat came home, as the whole town remembers.</p>", None, None),
    ],
)
def test_dates_that_readers_see(body, published, modified):
    found = dates(body)
    assert (found.published and found.published[0][: len(published or "")]) == published
    assert (found.modified and found.modified[0][: len(modified or "")]) == modified


def test_the_last_resorts():
    script = "<script>window.page = {'publishDate' : '2024-05-03T10:00:00Z', 'id': 5}</script>"
    assert dates(script).published == ("2024-05-03T10:00:00+00:00", "script:publishDate")
    script = r'<script>push([1,"{\"deployDt\":\"2024.05.03 10:00\",\"topInfo\":\"A\"}"])</script>'
    assert dates(script).published == ("2024-05-03T10:00:00+02:00", "script:deployDt")
    far = "<p>x</p>" * 200 + "<div class='article-date'>3 May 2024</div>"
    assert dates(far).published == ("2024-05-03", "html:div")
    for path in ("/2024/05/03/ferry", "/posts/2024-05-03-ferry", "/20240503/ferry"):
        assert dates(url="https://courier.example" + path).published == ("2024-05-03", "url")
    assert dates(url="https://courier.example/2024/13/03/ferry").published is None


def test_nothing_from_the_future():
    assert dates(datePublished="2026-07-01").published is None
