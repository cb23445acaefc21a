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


def linked(text):
    return f'<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{text}"}}</script>'


SHOWN = "Ferry Ada back: prices, times, pictures of the boat"


def test_the_newsrooms_headline_wins_over_one_for_search_engines():
    head = f"<title>{SHOWN} | Harbour Courier</title>{og(SHOWN)}{linked('After nine years she is home')}"
    assert headline(head, f"<h1>{SHOWN}</h1>") == ("After nine years she is home", "json-ld:NewsArticle.headline")


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("Ferry Ada back: prices, times", SHOWN),
        ("Local: " + SHOWN, SHOWN),
        ("After nine years she is home", "After nine years she is home"),
        ("After nine years she is home", ""),
    ],
    ids=["cut off", "with a kicker", "in the title", "no title"],
)
def test_a_stated_headline_that_is_not_the_newsrooms_own(stated, title):
    head = f"<title>{title}</title>{og(SHOWN)}{linked(stated)}"
    assert headline(head, f"<h1>{SHOWN}</h1>") == (SHOWN, "html:h1")


def test_an_h1_that_only_the_title_confirms_loses_to_its_like():
    head = f"<title>{SHOWN} | Harbour Courier</title>{og('Ferry Ada back: prices and times')}"
    assert headline(head, f"<h1>{SHOWN}</h1>") == ("Ferry Ada back: prices and times", "meta:og:title")
    head = f"<title>{SHOWN} | Harbour Courier</title>{og('All of the news of the coast')}"
    assert headline(head, f"<h1>{SHOWN}</h1>") == (SHOWN, "html:h1")


def test_the_longer_claim_that_names_the_section_is_cut():
    head = f"<title>{SHOWN}-Local</title>{og(f'{SHOWN}-Local')}" + f'<meta name="headline" content="{SHOWN}">'
    assert headline(head) == (SHOWN, "meta:headline")


def test_a_kicker_that_runs_into_the_h1():
    body = "<h1><span>Local news</span>Ferry Ada is back home</h1>"
    assert headline(og("Local news / Ferry Ada is back home"), body) == (
        "Local news / Ferry Ada is back home",
        "html:h1",
    )


def test_the_site_before_a_colon_in_the_title():
    assert headline("<title>The Old Gazette: Bells ring again</title>", "<h1>Bells ring again</h1>") == (
        "Bells ring again",
        "html:h1",
    )


def test_a_short_headline_is_not_the_sites_name():
    head = "<title>“Restless work” – The New Harbour Gazette</title>"
    body = "<h1>“Restless work”</h1><footer><strong>The New Harbour Gazette</strong></footer>"
    assert headline(head, body) == ("“Restless work”", "html:h1")


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
