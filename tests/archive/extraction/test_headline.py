import lxml.html
import pytest

from archive.extraction.headline import headline_element, resemble, site_names, without_site_name
from archive.extraction.markup import Markup
from archive.extraction.metadata import read_metadata

URL = "https://www.harbour-courier.example/a"
SITE = ("Harbour Courier", "harbour-courier.example")


def headline(head, body=""):
    tree = lxml.html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    found = read_metadata(tree, url=URL)
    return found.headline, found.evidence.get("headline")


def og(title):
    return f'<meta property="og:site_name" content="Harbour Courier"><meta property="og:title" content="{title}">'


def test_an_h1_that_the_markup_confirms_but_for_punctuation():
    found = headline(
        og("Ferry Ada 'is back' - Harbour Courier"), "<h1>Menu of the day</h1><h1>Ferry Ada ‘is back’</h1>"
    )
    assert found == ("Ferry Ada ‘is back’", "html:h1")


def test_a_kicker_in_the_h1():
    body = "<h1><span>Local</span><br>Ferry Ada is back home</h1>"
    assert headline(og("Ferry Ada is back home"), body) == ("Ferry Ada is back home", "html:h1")


def test_a_site_name_in_the_h1():
    assert headline(og("Ferry Ada is back home"), "<h1>Harbour Courier</h1><h2>Ferry Ada is back home</h2>") == (
        "Ferry Ada is back home",
        "meta:og:title",
    )


@pytest.mark.parametrize(
    "h1",
    [
        "<ol class='breadcrumb'><li><h1>Ferry back, timetable, prices</h1></li></ol>",
        "<h1 class='visually-hidden'>Ferry back, timetable, prices</h1>",
        "<h1 style='display: none'>Ferry back, timetable, prices</h1>",
    ],
)
def test_an_h1_that_readers_do_not_see(h1):
    body = f"{h1}<h2>Ferry Ada is back home</h2><h2>Other news of the day</h2>"
    assert headline(og("Ferry Ada is back home"), body) == ("Ferry Ada is back home", "html:h2")


def test_an_h1_that_nothing_confirms_loses_to_what_most_say():
    head = og("Ferry Ada is back home") + '<meta name="twitter:title" content="Ferry Ada is back home">'
    assert headline(head, "<h1>Our newsletter for you</h1>")[0] == "Ferry Ada is back home"


def test_an_h1_alone():
    assert headline("<title>Untitled</title>", "<h1>Ferry&nbsp;Ada is\n back&shy;home</h1>") == (
        "Ferry Ada is backhome",
        "html:h1",
    )


def test_the_title_when_there_is_nothing_else():
    assert headline("<title>Ferry Ada is back &amp;amp; well | Local | Harbour Courier</title>") == (
        "Ferry Ada is back & well | Local",
        "html:title",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ferry back - Harbour Courier", "Ferry back"),
        ("Ferry back | harbour-courier.example", "Ferry back"),
        ("Ferry back – Harbour Courier Online › Local", "Ferry back"),
        ("Harbour Courier | Ferry back", "Ferry back"),
        ("BUDGET | Ferry back", "BUDGET | Ferry back"),
        ("Ferry - back", "Ferry - back"),
        ("Harbour Courier", "Harbour Courier"),
        ("フェリー戻る：Harbour Courier", "フェリー戻る"),
    ],
)
def test_without_site_name(text, expected):
    assert without_site_name(text, SITE) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.courier.example/a", ("courier.example", "courier")),
        ("https://news.courier.co.uk/a", ("news.courier.co.uk", "courier", "courier.co.uk")),
        ("http://127.0.0.1:8000/a", ()),
        ("http://[broken", ()),
    ],
)
def test_site_names(url, expected):
    assert site_names(Markup(lxml.html.document_fromstring("<p>"), url), url) == expected


def test_headline_element_where_there_is_no_h1():
    tree = lxml.html.document_fromstring("<h2>Other</h2><h3>Ferry Ada: back!</h3>")
    assert headline_element(Markup(tree, URL), "Ferry Ada back").tag == "h3"
    assert headline_element(Markup(tree, URL), "Nothing of it") is None


def test_resemble():
    assert resemble("Ferry Ada is back", "Ferry Ada is back home")
    assert not resemble("Ferry Ada is back", "Council agrees on a pier")
    assert not resemble("", "Council")
