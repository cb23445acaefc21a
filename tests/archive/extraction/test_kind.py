import json

import lxml.html
import pytest

from archive.extraction.extractor import extract
from archive.extraction.kind import names_live_blog
from archive.extraction.metadata import read_metadata
from tests.archive.extraction.pages import HEADLINE, REPORT, paragraphs

SITE = "https://www.harbourcourier.example"
STORY = f"{SITE}/local/2024/eastern-wall-repaired"
EXCERPT = "The council met on Tuesday evening and talked for three hours about what is to become of the old mill."


def linked(*nodes):
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def og(kind):
    return f'<meta property="og:type" content="{kind}">'


def teasers(count, excerpt=EXCERPT):
    story = "<article><h3><a href='/local/story-{0}'>Story number {0} of the quiet harbour</a></h3><p>{1}</p></article>"
    return "".join(story.format(n, excerpt) for n in range(count))


def page(body, head="", attributes=""):
    return f"<html><head><title>Harbour Courier</title>{head}</head><body{attributes}>{body}</body></html>"


def kind(body, head="", url=STORY, attributes=""):
    found = read_metadata(lxml.html.document_fromstring(page(body, head, attributes)), url=url)
    return found.kind, found.evidence.get("kind")


STORY_BODY = f"<h1>{HEADLINE}</h1>{paragraphs(*REPORT)}"


@pytest.mark.parametrize(
    ("head", "url", "expected"),
    [
        ("", STORY, (None, None)),
        (linked({"@type": "NewsArticle"}), STORY, (None, None)),
        (linked({"@type": "OpinionNewsArticle"}), STORY, ("opinion", "json-ld:OpinionNewsArticle")),
        (linked({"@type": ["NewsArticle", "LiveBlogPosting"]}), STORY, ("live-blog", "json-ld:LiveBlogPosting")),
        (linked({"@type": "VideoObject", "name": "Divers"}), STORY, ("video", "json-ld:VideoObject")),
        (linked({"@type": "VideoObject"}, {"@type": "Article"}), STORY, (None, None)),
        (linked({"@type": "VideoObject"}) + og("article"), STORY, (None, None)),
        (og("video.other"), STORY, ("video", "meta:og:type")),
        (linked({"@type": "NewsArticle", "articleSection": "Meinung"}), STORY, ("opinion", "section")),
        ("", f"{SITE}/opinion/eastern-wall", ("opinion", "url")),
        ("", f"{SITE}/opini%C3%A3o/eastern-wall", ("opinion", "url")),
        ("", f"{SITE}/local/opinion", (None, None)),
        (linked({"@type": "Article", "headline": f"Kommentar: {HEADLINE}"}), STORY, ("opinion", "headline")),
    ],
)
def test_articles_of_all_kinds(head, url, expected):
    assert kind(STORY_BODY, head, url) == expected


def test_a_live_blog_in_microdata():
    post = "<div itemprop=liveBlogUpdate itemscope itemtype='https://schema.org/BlogPosting'>The wall holds.</div>"
    assert kind(STORY_BODY + post) == ("live-blog", "microdata:liveBlogUpdate")


@pytest.mark.parametrize(
    ("url", "headline", "expected"),
    [
        (f"{SITE}/live-blog/wall", "The wall", True),
        (f"{SITE}/news_liveticker_wall", "The wall", True),
        (f"{SITE}/2024/en-direct-la-digue", None, True),
        (STORY, "Live: the wall is falling", True),
        (STORY, "Harbour wall – live updates", True),
        (STORY, "The wall: as it happened", True),
        (f"{SITE}/live/wall", "The wall", True),
        (f"{SITE}/live", "Where divers live", False),
        (f"{SITE}/olive-bloggers", "Delivered: a new wall", False),
        (STORY, None, False),
    ],
)
def test_names_of_live_blogs(url, headline, expected):
    assert names_live_blog([url, None], headline) is expected


# Lists


@pytest.mark.parametrize(
    ("body", "head", "url", "evidence"),
    [
        (teasers(8), "", f"{SITE}/", "url"),
        (teasers(8), og("article"), SITE, "url"),
        (teasers(8), "", f"{SITE}/tag/harbour", "url"),
        (teasers(8), "", f"{SITE}/?s=wall+of+the+harbour", "url"),
        (teasers(8), og("website"), f"{SITE}/local", "meta:og:type"),
        (f"<h1>Local</h1><p>{EXCERPT}</p>{teasers(20)}", "", f"{SITE}/local", "html:teasers"),
        (f"<h1>Results for wall of the harbour</h1>{teasers(20)}", "", f"{SITE}/find", "html:teasers"),
        (teasers(20, ""), "", f"{SITE}/local", "html:teasers"),
        (teasers(5), linked({"@type": "CollectionPage"}), f"{SITE}/local", "json-ld:CollectionPage"),
        (teasers(5), linked({"@type": "SearchResultsPage"}) + og("article"), STORY, "json-ld:SearchResultsPage"),
        (
            f"<h1>Ada Brook</h1><p>{EXCERPT}</p>{teasers(9)}",
            linked({"@type": "ProfilePage", "mainEntity": {"@type": "Person"}}),
            f"{SITE}/ada",
            "json-ld:ProfilePage",
        ),
        (teasers(9), linked(*({"@type": "NewsArticle", "url": f"/{n}"} for n in range(9))), f"{SITE}/", "url"),
    ],
)
def test_lists(body, head, url, evidence):
    assert kind(body, head, url) == ("list", evidence)


def test_a_wordpress_archive():
    assert kind(teasers(8), url=f"{SITE}/local", attributes=" class='archive category'") == ("list", "html:body")
    assert kind(teasers(20), url=f"{SITE}/local", attributes=" class='post-template single-post'")[0] is None


@pytest.mark.parametrize(
    "around", ["{}" + teasers(40), teasers(40) + "{}", f"<aside>{teasers(40)}</aside><main>{{}}</main>"]
)
@pytest.mark.parametrize("url", [STORY, f"{SITE}/tag/harbour", f"{SITE}/", ""])
def test_an_article_among_many_teasers(around, url):
    assert kind(around.format(STORY_BODY), url=url)[0] is None


@pytest.mark.parametrize(
    "head",
    [
        linked({"@type": "NewsArticle", "url": STORY}) + linked({"@type": "CollectionPage"}),
        linked({"@type": "NewsArticle"}),
        linked({"@type": "NewsArticle", "url": f"{SITE}/other"}),
        og("article"),
        "<meta property='article:published_time' content='2024-05-03'>",
    ],
)
def test_a_short_article_that_says_it_is_one(head):
    assert kind(f"<h1>Wall closed</h1><p>{EXCERPT}</p>{teasers(40)}", head)[0] is None


def test_a_short_article_that_says_nothing():
    assert kind(f"<h1>{HEADLINE}</h1><p>{EXCERPT}</p>{teasers(40)}")[0] is None


def test_a_list_about_another_page_makes_no_list():
    head = linked({"@type": "CollectionPage", "url": f"{SITE}/local"})
    assert kind(f"<h1>{HEADLINE}</h1><p>{EXCERPT}</p>{teasers(40)}", head)[0] is None


@pytest.mark.parametrize("attributes", [" class='section-page'", ""])
def test_a_short_list_of_short_headlines(attributes):
    items = "".join(f"<h2><a href='/{n}'>Story {n}</a></h2><p>The water is cold.</p>" for n in range(6))
    assert kind(f"<h1>Local</h1>{items}", url=f"{SITE}/local", attributes=attributes)[0] == "list"


def test_dates_and_names_on_a_list_are_not_its_own():
    dated = teasers(20).replace("</p>", "</p><p class=byline>By Ada Brook</p><time datetime=2024-05-03>3 May</time>")
    found = extract(page(dated).encode(), url=f"{SITE}/")
    assert (found.kind, found.authors, found.published) == ("list", (), None)
    assert set(found.trace.evidence) == {"kind"}


def test_a_list_has_no_text():
    found = extract(page(teasers(20)).encode(), url=f"{SITE}/")
    assert (found.kind, found.text, found.standfirst, found.captions) == ("list", "", None, ())
    assert {removed.rule for removed in found.trace.removed} == {"list-page"}
    assert len(found.trace.removed) == 40


def test_an_article_is_one_without_saying_so():
    found = extract(page(STORY_BODY).encode(), url=STORY)
    assert found.kind == "article"
    assert "kind" not in found.trace.evidence
