import datetime as dt
import time
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import ExtractionError, NotAPage
from archive.extraction.blocks import blocks, words_key
from archive.extraction.document import parse
from archive.extraction.extractor import extract
from archive.rules import Reading, SiteRules
from tests.archive.extraction.pages import HEADLINE, REPORT, article, page, paragraphs

URL = "https://herald.example/wall"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
REMARK = "I never liked that wall, and my grandfather, who built boats below it, did not like it either."


def read(markup, **more):
    return extract(markup.encode() if isinstance(markup, str) else markup, url=URL, captured=NOW, **more)


def lines(markup, **more):
    return read(markup, **more).text.split("\n")


def rules_of(found, text):
    return [r.rule for r in found.trace.removed if r.text == text]


# What a body may look like


@pytest.mark.parametrize(
    "body",
    [
        f"<article>{paragraphs(*REPORT)}</article>",
        "".join(f"<div>{text}</div>" for text in REPORT),
        "".join(f"<div><span>{text}</span></div>" for text in REPORT),
        "".join(f"<section><p>{text}</p></section>" for text in REPORT),
        f"<div>{'<br><br>'.join(REPORT)}</div>",
        f"<div>{'<br>'.join(REPORT)}</div>",
        f"<p>{'<br>'.join(REPORT)}</p>",
        f"<table><tr><td>{paragraphs(*REPORT)}</td></tr></table>",
        f"<article>{paragraphs(REPORT[0])}<ul>{''.join(f'<li>{text}</li>' for text in REPORT[1:])}</ul></article>",
        f"<article>{paragraphs(REPORT[0])}<ul>{''.join(f'<li><p>{t}</p></li>' for t in REPORT[1:])}</ul></article>",
        f"<article>{paragraphs(*REPORT[:5])}<blockquote>{REPORT[5]}</blockquote></article>",
        f"<article>{paragraphs(*REPORT[:5])}<blockquote><p>{REPORT[5]}</p></blockquote></article>",
        f"<font size=2>{'<p>'.join(REPORT)}</font>",
        f"<center>{paragraphs(*REPORT)}</center>",
        "<div>" * 300 + paragraphs(*REPORT) + "</div>" * 300,
        f"<form action=/><div>{paragraphs(*REPORT)}</div></form>",
        f"<aside><div>{paragraphs(*REPORT)}</div></aside>",
        f"<noscript>{paragraphs(*REPORT)}</noscript>",
        f"<article><header>{paragraphs(REPORT[0])}</header>{paragraphs(*REPORT[1:])}</article>",
    ],
)
def test_bodies_of_all_kinds(body):
    assert lines(page(body)) == list(REPORT)


@pytest.mark.parametrize(
    "name",
    [
        "has-sidebar",
        "with-comments",
        "no-comments",
        "comments-open",
        "comments",
        "comment-body",
        "article-comment",
        "ad-free",
        "share-price",
        "menu-of-the-day",
        "category-social tag-credit",
        "credit",
        "caption",
        "story newsletter",
        "membership-content",
        "related-content",
        "popup-story",
        "respond",
    ],
)
@pytest.mark.parametrize("around", ["<div {}>{}</div>", "<article><div {}>{}</div></article>"])
@pytest.mark.parametrize("attribute", ["class", "id"])
def test_a_name_on_the_wrapper_of_the_text_says_nothing(name, around, attribute):
    assert lines(page(around.format(f'{attribute}="{name}"', paragraphs(*REPORT)))) == list(REPORT)


@pytest.mark.parametrize("name", ["has-sidebar", "with-comments no-ads", "single-post", "comments-open ad-free"])
def test_a_name_on_the_body_says_nothing(name):
    assert lines(page(paragraphs(*REPORT), attributes=f' class="{name}"')) == list(REPORT)


@pytest.mark.parametrize(
    "name", ["before-ad", "after-ad", "has-ad", "no-ads", "has-sidebar", "share-price", "menu-of-the-day", "tag-social"]
)
def test_a_paragraph_called_after_what_it_is_not(name):
    marked = f'<p class="{name}">{REPORT[3]}</p>'
    body = f"<article>{paragraphs(*REPORT[:3])}{marked}{paragraphs(*REPORT[4:])}</article>"
    assert lines(page(body)) == list(REPORT)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("newsletter", "subscription"),
        ("donate-box", "appeal"),
        ("related", "related"),
        ("cookie-consent", "consent"),
        ("author-bio", "author-biography"),
        ("advert", "advertisement"),
        ("modal", "dialogue"),
    ],
)
def test_small_boxes_by_name(name, rule):
    box = f'<div class="{name}"><p>{REMARK}</p></div>'
    found = read(page(f"<article>{paragraphs(*REPORT[:3])}{box}{paragraphs(*REPORT[3:])}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, REMARK) == [rule]


# What must not be lost among the paragraphs


def test_repeated_short_lines_stay_and_long_ones_go():
    texts = [REPORT[0], '"Yes," he said.', '"No."', '"Yes," he said.', REPORT[1], '"Yes," he said.', *REPORT[2:]]
    assert lines(article(*texts)) == texts
    found = read(article(*REPORT, REPORT[0]))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, REPORT[0]) == ["duplicate:repeated"]


def test_speech_that_begins_with_a_dash_keeps_it():
    texts = [
        REPORT[0],
        "– Who will pay for it? she asked.",
        "– The county, he said, and nobody else will.",
        *REPORT[1:],
    ]
    assert lines(article(*texts)) == texts


def test_short_lines_in_a_second_part_of_the_text_stay():
    body = (
        f"<div class=part>{paragraphs(*REPORT[:5])}</div><div class=slot></div>"
        f"<div class=rest>{paragraphs('“Is it deep?”', REPORT[5], '“Yes.”')}</div>"
    )
    assert lines(page(body)) == [*REPORT[:5], "“Is it deep?”", REPORT[5], "“Yes.”"]


def test_short_lines_beside_the_text_go():
    body = f"<div class=part>{paragraphs(*REPORT)}</div><div class=rest><p>All about quays</p></div>"
    assert lines(page(body)) == list(REPORT)


def test_subheadings_lists_and_tables():
    body = (
        f"<article>{paragraphs(REPORT[0])}<h2>What broke</h2>{paragraphs(REPORT[1])}"
        "<ul><li>Timber</li><li><p>Coal, in sacks.</p><p>It is heavy.</p></li></ul>"
        "<table><tr><th>Port</th><th>Ships</th></tr><tr><td>Wexcombe</td><td>120</td></tr></table>"
        f"{paragraphs(*REPORT[2:])}</article>"
    )
    found = read(page(body))
    assert found.text.split("\n") == [
        REPORT[0],
        "What broke",
        REPORT[1],
        "Timber",
        "Coal, in sacks.",
        "It is heavy.",
        "| Port | Ships |",
        "| Wexcombe | 120 |",
        *REPORT[2:],
    ]
    assert found.trace.removed == ()


def test_subheadings_with_the_day_of_publication():
    head = '<meta property="article:published_time" content="2024-05-03T08:00:00Z">'
    for heading in ("The strike of 3 May 2024", "Friday, 3 May 2024: the wall falls"):
        body = f"<article>{paragraphs(*REPORT[:3])}<h2>{heading}</h2>{paragraphs(*REPORT[3:])}</article>"
        assert heading in lines(page(body, head=head))
    found = read(page(f"<article><p>Friday, 3 May 2024</p>{paragraphs(*REPORT)}</article>", head=head))
    assert rules_of(found, "Friday, 3 May 2024") == ["byline:date"]


def test_what_is_dropped_inside_a_paragraph_comes_back():
    sentence = "The port authority's <em>own <b>engineers</b></em> met on <time>Friday</time> with divers and guests."
    body = f"<article>{paragraphs(REPORT[0])}<p>{sentence}</p>{paragraphs(*REPORT[1:])}</article>"
    assert "The port authority's own engineers met on Friday with divers and guests." in lines(page(body))


def test_a_button_in_a_paragraph_is_named_in_the_trace():
    long = " ".join(REPORT[:2])
    markup = f"<p>{long}<br>Share this story with <button>everyone and all</button></p>"
    body = f"<article>{markup}{paragraphs(*REPORT[2:])}</article>"
    found = read(page(body))
    said = " ".join([found.text, *(r.text for r in found.trace.removed)])
    assert "everyone and all" in said


def test_the_first_paragraph_as_bare_text():
    assert lines(f"<body><h1>{HEADLINE}</h1><div>{'<p>'.join(REPORT)}</div>") == list(REPORT)


def test_a_teaser_with_the_same_words_is_another_block():
    body = (
        f"<nav><ul><li>{REPORT[0]}</li></ul></nav><div class=related><p>{REPORT[2]}</p></div>"
        f"<article>{paragraphs(*REPORT)}</article><div style='display:none'><p>{REPORT[4]}</p></div>"
    )
    found = read(page(body))
    assert found.text.split("\n") == list(REPORT)
    assert [len(rules_of(found, REPORT[i])) for i in (0, 2, 4)] == [1, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "<script> is the element that pages use to run code, and many wish that it had never been invented at all.",
        "<b> and <i> are older than <strong>, and whoever built pages in those years still writes them, she said.",
        "Fish & chips cost £5 < £6 — “cheap”, says A&B, whose owner has fried there for more than twenty years.",
    ],
)
def test_text_about_markup_is_text(text):
    assert lines(article(REPORT[0], text, *REPORT[1:])) == [REPORT[0], text, *REPORT[1:]]


@pytest.mark.parametrize(
    "shown",
    [
        "<figcaption>The quay on Friday</figcaption>",
        '<img src="/quay.jpg" alt="" /><figcaption class="c">The quay on Friday</figcaption>',
        "<figcaption>The quay on Friday",
    ],
)
def test_a_caption_shown_as_markup_is_a_caption(shown):
    found = read(article(*REPORT[:2], shown, *REPORT[2:]))
    assert found.text.split("\n") == list(REPORT)
    assert found.captions == ("The quay on Friday",)
    assert rules_of(found, shown) == ["hidden:markup"]


def test_captions_have_their_field_and_leave_paragraphs_alone():
    figures = f"<figure><img src=a.jpg><figcaption>{REPORT[4]}</figcaption></figure><p class=caption>The quay</p>"
    found = read(page(f"<article>{paragraphs(*REPORT[:2])}{figures}{paragraphs(*REPORT[2:])}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert found.captions == (REPORT[4], "The quay")


def test_hidden_paragraphs_are_not_the_text():
    hidden = f"<p style='display: none'>{REMARK}</p><p hidden>{REMARK} Twice.</p>"
    found = read(page(f"<article>{paragraphs(*REPORT[:3])}{hidden}{paragraphs(*REPORT[3:])}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert {REMARK, f"{REMARK} Twice."} <= {r.text for r in found.trace.removed}


def test_a_live_page_is_read_post_by_post():
    posts = "".join(
        f"<div class=post><time datetime=2024-05-03T1{i}:00>1{i}.00</time><h3>News {i}</h3><p>{text}</p></div>"
        for i, text in enumerate(REPORT)
    )
    text = read(page(f"<article>{posts}</article>")).text
    assert [text.index(one) for one in REPORT] == sorted(text.index(one) for one in REPORT)


# Fields of their own


def test_the_only_paragraph_is_the_text_though_the_page_is_described_by_it():
    head = f'<meta property="og:description" content="{REPORT[0]}">'
    found = read(page(f"<article>{paragraphs(REPORT[0])}</article>", head=head))
    assert (found.text, found.standfirst) == (REPORT[0], None)


def test_what_is_called_a_description_is_the_text_if_there_is_no_other():
    found = read(page(f'<main><div class="video-description"><p>{REPORT[0]}</p></div></main>'))
    assert (found.text, found.standfirst) == (REPORT[0], None)


def test_a_first_paragraph_in_a_wrapper_like_the_others_is_no_standfirst():
    wrapped = "".join(f'<div class="block"><p>{text}</p></div>' for text in REPORT)
    head = f'<meta property="og:description" content="{REPORT[0]}">'
    assert read(page(f"<article>{wrapped}</article>", head=head)).text.split("\n") == list(REPORT)


def test_headline_and_byline_are_not_the_text():
    head = '<meta name="author" content="Ada Brook">'
    found = read(page(f"<article>{paragraphs('By Ada Brook', HEADLINE, *REPORT)}</article>", head=head))
    assert found.text.split("\n") == list(REPORT)
    assert (rules_of(found, "By Ada Brook"), rules_of(found, HEADLINE)) == (["byline:author"], ["duplicate:headline"])


def test_the_heading_is_not_the_text_where_the_headline_is_worded_otherwise():
    stated = '<script type="application/ld+json">{"@type": "Article", "headline": "Divers at work"}</script>'
    head = f'<meta property="og:title" content="{HEADLINE}">{stated}'
    found = read(page(f"<article><h1>{HEADLINE}</h1>{paragraphs(*REPORT)}</article>", head=head))
    assert found.headline == "Divers at work"
    assert HEADLINE not in found.text
    assert rules_of(found, HEADLINE) == ["duplicate:headline"] * 2


def test_a_page_without_headline_loses_no_signs():
    found = read(f"<body><article>{paragraphs('***', *REPORT, '***')}</article>")
    assert [r.text for r in found.trace.removed] == ["***", "***"]


def test_comments_are_kept_apart():
    comments = (
        f"<div id=comments><div class=comment><p>{REMARK}</p></div><div class=comment><p>{REPORT[1]}</p></div></div>"
    )
    found = read(page(f"<article>{paragraphs(*REPORT)}</article>{comments}"))
    assert found.text.split("\n") == list(REPORT)
    assert [c.text for c in found.comments] == [REMARK, REPORT[1]]
    assert rules_of(found, REMARK) == ["comment"]


# Site rules


def test_rules_remove_elements_and_lines_by_name():
    rules = SiteRules(from_=dt.date(2024, 7, 1), remove=("div.x9",), remove_text=(r"Drawing: .*",))
    box = f"<div class=x9><p>{REMARK}</p></div>"
    body = f"<article>{paragraphs(*REPORT[:3])}{box}{paragraphs('Drawing: Otto', *REPORT[3:])}</article>"
    found = read(page(body), reading=Reading(rules=rules))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, REMARK) == ["site-rule:2024-07-01:div.x9"]
    assert rules_of(found, "Drawing: Otto") == ["site-rule:2024-07-01:text"]
    assert found.trace.rules == rules.digest


def test_rules_name_the_body():
    body = f"<div class=a>{paragraphs(*REPORT[:2])}</div><div class=b>{paragraphs(*REPORT[2:])}</div>"
    assert lines(page(body), reading=Reading(rules=SiteRules(body="div.b"))) == list(REPORT[2:])
    assert lines(page(body), reading=Reading(rules=SiteRules(body="div.nowhere"))) == list(REPORT)


# Any bytes


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body></body></html>",
        b"<script>var a = 1</script>",
        b"<html><frameset cols='1,2'><frame src=a><frame src=b></frameset></html>",
        b"<html></html>",
        b"<title>A",
    ],
)
def test_pages_without_text(body):
    found = read(body)
    assert (found.text, found.standfirst, found.captions) == ("", None, ())


def test_nulls_and_half_characters():
    body = page(paragraphs(*REPORT)).replace("harbour", "har\0bour&#xD800;", 1)
    found = read(body)
    assert "harbour" in found.text.split("\n")[0]
    found.text.encode()
    found = read(page(paragraphs(*REPORT), head='<script type="application/ld+json">{"headline": "\\ud800"}</script>'))
    msgspec.json.encode(found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_an_article_or_no_page(body):
    try:
        found = read(body)
    except (NotAPage, ExtractionError) as error:
        assert str(error)
    else:
        msgspec.json.encode(found)


TAGS = (
    "p p p div div span b a em li ul ol blockquote table tr td h1 h2 section article aside figure figcaption time pre "
    "dl dd noscript form button nav header footer main details summary font center label sup q svg x-y"
).split()
NAMES = (
    "story comments comment share newsletter ad ad-free has-sidebar credit caption byline date donate paywall lead"
).split()
PHRASES = (
    "The harbour closed after the storm. We ask you to support our journalism! Subscribe now for £1. Read more. "
    "3 May 2024. By Ada Brook. ***. “Yes,” he said. &amp;lt;figcaption&amp;gt;. Residents heard the noise until eight "
    "at night and complained to the council, which promised to measure it and to publish the figures every Friday."
).split(". ")


@st.composite
def elements(draw, inner):
    """An element of any kind with numbered words, so that each word of a page can be told from the others."""
    tag, name = draw(st.sampled_from(TAGS)), draw(st.sampled_from(["", "", *NAMES]))
    words = " ".join(f"w{draw(st.integers(0, 10**9))}" for _ in range(draw(st.sampled_from([0, 1, 3, 20]))))
    attributes = (f' class="{name}"' if name else "") + draw(st.sampled_from(["", "", "", " hidden"]))
    content = draw(st.lists(inner, max_size=4))
    mark = draw(st.sampled_from(["", ".", "?", "<br>", "<br><br>", "<hr>"]))
    end = draw(st.sampled_from([f"</{tag}>"] * 5 + [""]))
    return f"<{tag}{attributes}>{draw(st.sampled_from(PHRASES))} {words}{mark}{''.join(content)}{end} tail {words[:5]}"


PAGES = st.lists(st.recursive(st.sampled_from(PHRASES), elements, max_leaves=12), max_size=8).map("".join)


def said(found):
    """The words of everything that an article and its trace hold."""
    comments = [f"{c.text} {c.author or ''}" for c in found.comments]
    removed = [r.text for r in found.trace.removed]
    texts = [found.headline or "", found.standfirst or "", found.text, *found.captions, *comments, *removed]
    return Counter(word for text in texts for word in words_key(text).split())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PAGES, st.sampled_from(["", f"<h1>{HEADLINE}</h1>"]), st.sampled_from(["", paragraphs(*REPORT)]))
def test_nothing_is_thrown_away_silently(body, headline, text):
    markup = f"<html><body>{headline}{text}{body}</body></html>".encode()
    try:
        words = said(read(markup))
    except NotAPage:
        return
    lost = [block.text for block in blocks(parse(markup)) if any(not words[w] for w in block.key.split())]
    assert lost == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PAGES)
def test_a_text_depends_on_its_page_alone(body):
    markup = page(paragraphs(*REPORT[:3]) + body)
    before = msgspec.json.encode(read(markup))
    read(article(*REPORT))
    read(page(body * 3))
    assert msgspec.json.encode(read(markup)) == before


# Large pages


@pytest.mark.parametrize(
    "body",
    [
        f"<div>{'<br>'.join(f'{i}. {REPORT[0]}' for i in range(3000))}</div>",
        paragraphs(*(f"Please support our journalism with donation {i} today." for i in range(2000))),
        paragraphs(*('"Yes," he said.' for _ in range(8000))),
        "".join(f"<figure><figcaption>Caption {i}</figcaption></figure><p>{REPORT[0]}</p>" for i in range(2000)),
        "".join(f"<div><p>{i}. {REPORT[0]}</p>" for i in range(1200)),
        f"<div class=comments>{f'<div class=comment><p>{REMARK}</p></div>' * 4000}</div>",
        "".join(f"<p>{i} {REPORT[0]}</p>".replace("Monday", "<time>Monday</time>") for i in range(4000)),
    ],
    ids=["breaks", "appeals", "repeats", "captions", "nested", "comments", "dropped words"],
)
def test_large_pages_take_no_more_time_than_their_size(body):
    began = time.process_time()
    read(page(f"<article>{body}</article>"))
    assert time.process_time() - began < 15


def test_a_page_nested_too_deeply_is_no_half_article():
    with pytest.raises(ExtractionError):
        read(page("<div>" * 10_000 + paragraphs(*REPORT)))


# What is put back, and what stands in the way


def test_a_chunk_of_the_body_behind_a_widget_is_put_back():
    offer = "Subscribers go to the harbour theatre for half the price this spring, whatever is on."
    widget = f"<aside class=teaser><a href=/2>{offer}</a></aside>" * 3
    chunks = [paragraphs(*REPORT[:3]), paragraphs(REPORT[3]), paragraphs(*REPORT[4:])]
    body = widget.join(f'<div class="chunk">{chunk}</div>' for chunk in chunks)
    assert lines(page(f"<article>{body}</article>")) == list(REPORT)


@pytest.mark.parametrize(
    "picture",
    [
        "<div class=image-widget><img src=/1.jpg><p>{}</p><p>Image: Ada Brook</p></div>",
        "<figure><img src=/1.jpg><p class=title>{}</p></figure>",
        "<figure><div><video src=/1.mp4></video></div><div><p>{}</p></div></figure>",
    ],
)
def test_what_stands_with_a_picture_is_no_part_of_the_text(picture):
    caption = "The hole in the eastern wall on Friday, seen from the boat of the harbour master."
    body = paragraphs(*REPORT[:2]) + picture.format(caption) + paragraphs(*REPORT[2:])
    found = read(page(f"<article>{body}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert caption in found.captions or rules_of(found, caption) == ["caption:figure"]


@pytest.mark.parametrize("place", ["$$ADSLOT$$", "{{ advert }}", "[[gallery]]"])
def test_places_that_a_script_would_fill(place):
    found = read(page(f"<article>{paragraphs(*REPORT[:2])}<p>{place}</p>{paragraphs(*REPORT[2:])}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, place) in ([], ["hidden:placeholder"])


def test_sources_below_the_text():
    body = paragraphs(*REPORT, "Ned Harrow contributed to this report.", "© Harbour Press 2024")
    found = read(page(f"<article>{body}</article>"))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, "© Harbour Press 2024") == ["legal:words"]


def test_words_behind_the_paywall_are_text():
    texts = "".join(f'<p class="paywall">{text}</p>' for text in REPORT[2:])
    assert lines(page(f"<article>{paragraphs(*REPORT[:2])}{texts}</article>")) == list(REPORT)


def test_what_stands_between_headline_and_text():
    above = "<header><h2>Harbour towns</h2><p>Wexcombe desk</p></header>"
    found = read(page(f"<article>{above}<div>{paragraphs(*REPORT)}</div></article>"))
    assert found.text.split("\n") == list(REPORT)


def test_a_subheading_right_above_the_text_stays():
    found = read(page(f"<article><div><h2>At the gate</h2>{paragraphs(*REPORT)}</div></article>"))
    assert found.text.split("\n") == ["At the gate", *REPORT]


def test_a_headline_behind_its_kicker_is_a_copy():
    kicker = f"Storm on the coast {HEADLINE}"
    found = read(page(f"<article><div><h2>{kicker}</h2>{paragraphs(*REPORT)}</div></article>"))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, kicker) == ["duplicate:headline"]


def test_who_the_author_is():
    head = '<meta name="author" content="Ada Brook">'
    about = "Ada Brook is a fellow of the institute of harbours and has written two books on walls."
    found = read(page(f"<article>{paragraphs(*REPORT, about)}</article>", head=head))
    assert found.text.split("\n") == list(REPORT)
    assert rules_of(found, about) == ["author-biography"]
