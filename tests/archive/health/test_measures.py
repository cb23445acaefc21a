"""What is measured of one article."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article, Update
from archive.capture import Announcement
from archive.catalogue import Catalogue
from archive.extraction.extractor import extract, read_page
from archive.health.measures import containment, fields_of, measured
from archive.rebuild import rebuild
from archive.storage import Store
from tests.archive.making import SENTENCES, dump, exchange, keep_page, page, read_json, records, running, wire

BODY = "\n".join(SENTENCES)
STATED = BODY.replace("\n", "\\n")
LINKED = '<script type="application/ld+json">{{"@type": "NewsArticle", "articleBody": "{}"}}</script>'
URL = "https://ellery.test/storm"

words = st.lists(st.sampled_from("storm ice mole pilots the of a 12 北 港 が".split()), min_size=30)


@given(words, words)
def test_containment_is_a_share_of_words_as_often_as_they_stand(part: list[str], whole: list[str]) -> None:
    share = containment(" ".join(part), " ".join(whole))
    left, found = list(whole), 0
    for word in part:
        if word in left:
            left.remove(word)
            found += len(word)
    assert share == found / len("".join(part))


@given(words)
def test_a_text_holds_itself_whatever_stands_around(part: list[str]) -> None:
    assert containment(" ".join(part).upper(), f"Before. {', '.join(part)}: after!") == 1


def test_scripts_without_spaces_are_compared_too() -> None:
    text = "港は氷が割れるまで閉鎖されたままである。港は氷が割れるまで閉鎖されたままである"
    assert containment(text, text) == 1
    assert 0.4 < (containment(text, text[:20]) or 0) < 0.7


def test_few_words_say_nothing() -> None:
    assert containment("The harbour is closed.", BODY) is None
    assert measured(Article(url=URL, text=BODY), summary="More soon…").agreement is None


def test_the_second_reading_is_the_stated_body_or_else_the_feeds() -> None:
    article = Article(url=URL, headline="Storm", standfirst="At night.", text=BODY)
    both = measured(article, stated=BODY, summary=SENTENCES[0])
    assert (both.length, both.agreement, both.second) == (len(BODY), 1, "json-ld")
    feed = measured(article, summary="Storm. At night. Nobody knew of it before these words and others.")
    assert feed.second == "feed"
    assert feed.agreement is not None
    assert 0 < feed.agreement < 0.8
    assert measured(article).agreement is None


def test_posts_belong_to_the_text_of_a_live_blog() -> None:
    article = Article(url=URL, text="Lead.", updates=(Update(text=BODY), Update(text="12", headline="Ice")))
    assert measured(article, stated=BODY).length == 5 + len(BODY) + 2
    assert measured(article, stated=BODY).agreement == 1


def test_fields() -> None:
    assert fields_of({"headline": "h", "authors": [], "tags": ["a"], "published": None, "url": "u"}) == "headline tags"


def test_what_json_ld_states_is_a_second_reading_unless_it_is_the_first() -> None:
    shown = page("Storm", head=LINKED.format(STATED))
    article, stated = read_page(shown, url=URL)
    assert article == extract(shown, url=URL)
    assert stated == BODY
    article, stated = read_page(page("Storm", sentences=(), head=LINKED.format(STATED)), url=URL)
    assert SENTENCES[0] in article.text
    assert stated is None
    assert read_page(page("Storm"), url=URL)[1] is None


def test_details_hold_the_measures_and_a_rebuild_has_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    lead = Announcement(url=URL + "/2", summary=SENTENCES[1])
    with running(store) as run:
        feed = run.keep(exchange("https://ellery.test/feed", wire(b"<rss/>", headers=["Content-Type: text/xml"])))
        run.keep_leads(feed, "feed", [lead])
        keep_page(run, URL, page("Storm", head=LINKED.format(STATED)))
        keep_page(run, lead.url, page("Twelve boats"))
        keep_page(run, URL + "/3", page("Ice"))
    about = [read_json(r)["measures"] for r in records(store, "metadata") if ":article:" in (r.url or "")]
    assert [(m["agreement"], m["second"]) for m in about] == [(1, "json-ld"), (1, "feed"), (None, None)]
    with Catalogue(store.catalogue_path) as catalogue:
        rows = [catalogue.versions(url)[0] for url in (URL, lead.url, URL + "/3")]
    assert [(r["agreement"], r["second"]) for r in rows] == [(1000, "json-ld"), (1000, "feed"), (None, None)]
    assert {r["text_length"] for r in rows} == {len(BODY)}
    assert {r["kind"] for r in rows} == {"article"}
    assert {r["fields"] for r in rows} == {"headline language"}
    before = dump(store)
    assert not rebuild(store)
    assert dump(store) == before
