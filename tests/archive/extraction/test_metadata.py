import datetime as dt
import json

import lxml.html
import pytest
from lxml import etree

from archive.errors import SourceError
from archive.extraction.metadata import read_metadata
from archive.rules import SiteRules

URL = "https://www.harbourcourier.example/local/2024/ferry-returns"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
HEADLINE = "Ferry Ada returns to the harbour after nine years"


def page(head="", body="", lang=""):
    language = f' lang="{lang}"' if lang else ""
    return lxml.html.document_fromstring(f"<html{language}><head>{head}</head><body>{body}</body></html>")


def block(**node):
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def meta(**contents):
    return "".join(f'<meta property="{k.replace("__", ":")}" content="{v}">' for k, v in contents.items())


def read(head="", body="", *, lang="", url=URL, **more):
    return read_metadata(page(head, body, lang), url=url, now=NOW, **more)


def test_an_empty_page_says_nothing():
    found = read()
    assert found.evidence == {}
    assert (found.headline, found.authors, found.published, found.paywalled) == (None, (), None, None)


def test_the_tree_stays_as_it_is():
    tree = page(block(headline=HEADLINE), f"<h1>{HEADLINE}</h1><p class=byline>By Ada Brook</p>")
    before = etree.tostring(tree)
    read_metadata(tree, url=URL)
    assert etree.tostring(tree) == before


def test_json_ld_with_its_evidence():
    head = block(
        headline=HEADLINE,
        description="The boat is back.",
        author=[{"@type": "Person", "name": "Ada Brook"}, {"@type": "Person", "name": "Ben Stone"}],
        datePublished="2024-05-03T08:30:00+02:00",
        dateModified="2024-05-04",
        inLanguage="en_gb",
        articleSection=["Local", "Sea"],
        keywords="ferry, harbour , ferry",
        image={"@type": "ImageObject", "url": "/pictures/ada.jpg"},
        url=URL,
        isAccessibleForFree="False",
    )
    found = read(head)
    assert found.headline == HEADLINE
    assert found.standfirst == "The boat is back."
    assert found.authors == ("Ada Brook", "Ben Stone")
    assert found.published == "2024-05-03T08:30:00+02:00"
    assert found.modified == "2024-05-04"
    assert found.language == "en-GB"
    assert found.section == "Local"
    assert found.tags == ("ferry", "harbour")
    assert found.image == "https://www.harbourcourier.example/pictures/ada.jpg"
    assert found.canonical_url == URL
    assert found.paywalled is True
    assert found.evidence["headline"] == "json-ld:NewsArticle.headline"
    assert found.evidence["standfirst"] == "json-ld:NewsArticle.description"
    assert found.evidence["paywalled"] == "json-ld:NewsArticle.isAccessibleForFree"
    assert len(found.evidence) == 11


def test_meta_elements_with_their_evidence():
    head = (
        meta(
            og__title=f"{HEADLINE} | Harbour Courier",
            og__site_name="Harbour Courier",
            og__description="The boat &amp;amp; its crew are back.",
            article__published_time="2024-05-03T08:30:00Z",
            article__modified_time="2024-05-03T10:00:00Z",
            article__section="Local",
            article__content_tier="metered",
            og__image="//img.harbourcourier.example/ada.jpg",
            og__url=URL + "?page=1",
            og__locale="de_AT",
        )
        + '<meta name="author" content="Ada Brook and Ben Stone"><meta name="news_keywords" content="a1; b2">'
    )
    found = read(head)
    assert found.headline == HEADLINE
    assert found.standfirst == "The boat & its crew are back."
    assert found.authors == ("Ada Brook", "Ben Stone")
    assert (found.published, found.modified) == ("2024-05-03T08:30:00+00:00", "2024-05-03T10:00:00+00:00")
    assert (found.section, found.tags, found.language) == ("Local", ("a1", "b2"), "de-AT")
    assert found.image == "https://img.harbourcourier.example/ada.jpg"
    assert found.canonical_url == URL + "?page=1"
    assert found.paywalled is True
    assert found.evidence["published"] == "meta:article:published_time"
    assert found.evidence["authors"] == "meta:author"


def test_microdata():
    body = f"""
      <div itemscope itemtype="https://schema.org/NewsArticle">
        <h1 itemprop="headline">{HEADLINE}</h1>
        <span itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Ada Brook</b></span>
        <meta itemprop="datePublished" content="2024-05-03T08:30:00Z">
        <div itemprop="comment" itemscope itemtype="https://schema.org/Comment">
          <span itemprop="author">Some Reader</span><time itemprop="datePublished" datetime="2024-05-09">9 May</time>
        </div>
      </div>
      <div itemscope itemtype="https://schema.org/NewsArticle"><span itemprop="author">Other Person</span></div>
    """
    found = read(body=body)
    assert found.headline == HEADLINE
    assert found.authors == ("Ada Brook",)
    assert found.published == "2024-05-03T08:30:00+00:00"
    assert found.evidence["published"] == "microdata:datePublished"


def test_an_old_page_without_any_markup():
    body = """
      <table><tr><td><a href="/">Home</a></td></tr>
      <tr><td><h1>Council&nbsp;agrees on a   new pier</h1>
      <h2>Work on the pier is to begin in spring and to end, if all goes well, before the regatta.</h2>
      Harbour Courier/News Desk
      <div class="author">Harbour Courier/News Desk</div>
      <span>Last Mod: 11 Mart 2014, 00:18</span>
      <p>The council has agreed.</p></td></tr></table>
    """
    found = read("<title>Council agrees on a new pier</title>", body, timezone="Europe/Istanbul")
    assert found.headline == "Council agrees on a new pier"
    assert found.standfirst.startswith("Work on the pier")
    assert found.evidence["standfirst"] == "html:h2"
    assert found.authors == ("Harbour Courier/News Desk",)
    assert found.published is None
    assert found.modified == "2014-03-11T00:18:00+02:00"
    assert found.evidence["modified"] == "html:span"


def test_a_blog_of_old():
    body = """
      <h2 class="date-header"><span>Monday, March 11, 2013</span></h2>
      <div class="post hentry"><h3 class="post-title">Notes from the pier</h3><div class="post-body">Long text.</div>
      <div class="post-footer">Posted by <span class="post-author">Ada Brook</span> at
      <abbr class="published" title="2013-03-11T15:05:00-07:00">3:05 PM</abbr></div></div>
    """
    found = read("<title>Ada's Notes: Notes from the pier</title>", body, url="https://ada.example/2013/03/notes.html")
    assert found.published == "2013-03-11T15:05:00-07:00"
    assert found.evidence["published"] == "html:abbr[title]"


def test_rules_win_over_everything():
    rules = SiteRules(headline=".head", standfirst=".deck", authors=".who", published=".day", modified=".changed")
    head = block(headline="Other words", author="Other Person", datePublished="2020-01-01", description="Other text.")
    body = """
      <p class=head>Ferry  returns</p><p class=deck>Nine years later.</p><p class=who>By Ada Brook</p>
      <p class=who>Ben Stone</p><p class=day>3.5.2024 08:30</p><p class=changed>never</p>
    """
    found = read(head, body, rules=rules, timezone="Europe/Vienna")
    assert (found.headline, found.standfirst) == ("Ferry returns", "Nine years later.")
    assert found.authors == ("Ada Brook", "Ben Stone")
    assert found.published == "2024-05-03T08:30:00+02:00"
    assert found.modified is None
    ruled = {"headline", "standfirst", "authors", "published"}
    assert {field: found.evidence[field] for field in ruled} == {field: f"rule:{field}" for field in ruled}


def test_a_rule_that_is_no_css():
    with pytest.raises(SourceError, match="headline of the site rules is no CSS selector"):
        read(rules=SiteRules(headline="p[["))


@pytest.mark.parametrize(
    ("lang", "head", "expected"),
    [
        ("EN", "", "en"),
        ("pt_br", "", "pt-BR"),
        ("zh-hant-tw", "", "zh-Hant-TW"),
        ("en-US-x-news", "", "en-US"),
        ("english", block(inLanguage={"@type": "Language", "name": "German", "alternateName": "de"}), "de"),
        ("", '<meta http-equiv="Content-Language" content="fr, en">', "fr"),
        ("", "", None),
    ],
)
def test_language(lang, head, expected):
    assert read(head, lang=lang).language == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<link rel="canonical" href="/local/ferry">', "https://www.harbourcourier.example/local/ferry"),
        ('<base href="/a/"><link rel=canonical href="b">', "https://www.harbourcourier.example/a/b"),
        ('<link rel=canonical href="https://m.harbourcourier.example/x">', "https://m.harbourcourier.example/x"),
        ('<link rel=canonical href="https://www.harbourcourier.example/">', None),
        ('<link rel=canonical href="https://other.example/local/ferry">', None),
        ('<link rel=canonical href="http://[broken/x">', None),
        ('<link rel=canonical href="javascript:void(0)">', None),
        (
            '<link rel=canonical href="/">' + meta(og__url="/local/ferry"),
            "https://www.harbourcourier.example/local/ferry",
        ),
        (block(mainEntityOfPage={"@id": "/local/f"}), "https://www.harbourcourier.example/local/f"),
    ],
)
def test_canonical_url(head, expected):
    assert read(head).canonical_url == expected


def test_canonical_url_of_another_host_of_the_domain():
    head = '<link rel="canonical" href="https://news.courier.co.uk/a">'
    assert read(head, url="https://www.courier.co.uk/b").canonical_url == "https://news.courier.co.uk/a"
    assert read(head, url="https://www.herald.co.uk/b").canonical_url is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (block(isAccessibleForFree=True), False),
        (block(isAccessibleForFree="http://schema.org/False"), True),
        (block(isAccessibleForFree=[1], hasPart={"cssSelector": ".pay", "isAccessibleForFree": "false"}), True),
        (meta(article__content_tier="free"), False),
        (meta(article__content_tier="locked"), True),
        (meta(article__content_tier="unheard-of"), None),
        (block(isAccessibleForFree={"a": 1}), None),
    ],
)
def test_paywalled(head, expected):
    assert read(head).paywalled is expected


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/pictures/logo.png", False),
        ("/static/harbourcourier-logo-1200x630.png", False),
        ("/og-default.jpg?v=3", False),
        ("/img/placeholder_large.webp", False),
        ("/pictures/google-logo.jpg", True),
        ("/default/ada.jpg", True),
        ("/pictures/1234.jpg", True),
        ("/pictures/x", True),
    ],
)
def test_the_sites_logo_is_no_picture_of_the_article(address, kept):
    found = read(meta(og__image=address) + '<meta name="twitter:image" content="/ada.jpg">').image
    expected = address if kept else "/ada.jpg"
    assert found == f"https://www.harbourcourier.example{expected}"


def test_values_of_wrong_types_are_passed_over():
    head = block(
        headline={"a": [1]},
        author=[None, 5, {"name": {"x": 1}}, {"@type": ["Person"], "name": ["Ada Brook"]}],
        datePublished=["soon", {"@value": "2024-05-03"}],
        keywords={"name": [1]},
        image=[[[["x"]]], None],
        publisher="Harbour Courier",
        inLanguage={"name": 5},
        url=[1],
    )
    found = read(head, f"<h1>{HEADLINE}</h1>")
    assert found.headline == HEADLINE
    assert found.authors == ("Ada Brook",)


def test_a_page_that_nests_deeply():
    body = f"<h1>{HEADLINE}</h1>" + "<div class=author>" * 3_000 + "By Ada Brook"
    assert read(body=body).headline == HEADLINE


@pytest.mark.parametrize(
    ("head", "body", "end", "evidence"),
    [
        (
            block(**{"@type": "LiveBlogPosting"}, coverageEndTime="2026-05-03T18:30:00+02:00"),
            "",
            "2026-05-03T18:30:00+02:00",
            "json-ld:LiveBlogPosting.coverageEndTime",
        ),
        (
            "",
            "<article itemscope itemtype='https://schema.org/LiveBlogPosting'><h1>Ferry</h1>"
            "<meta itemprop=coverageEndTime content='2026-05-03T18:30Z'></article>",
            "2026-05-03T18:30:00+00:00",
            "microdata:coverageEndTime",
        ),
        (block(**{"@type": "LiveBlogPosting"}, coverageEndTime="2031-05-03"), "", None, None),
        (block(**{"@type": "LiveBlogPosting"}, coverageEndTime="soon"), "", None, None),
    ],
)
def test_the_end_of_a_live_blog(head, body, end, evidence):
    found = read(head, body)
    assert (found.coverage_end, found.evidence.get("coverage_end")) == (end, evidence)
