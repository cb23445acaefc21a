import datetime as dt
import json

import pytest

from archive.article import Update
from archive.cleaning import PageBytes, extract_page
from archive.extraction.extractor import extract
from archive.rules import Reading
from tests.archive.extraction.pages import REPORT

URL = "https://www.harbourcourier.example/local/eastern-wall"
LIVE_URL = "https://www.harbourcourier.example/live-blog/eastern-wall"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
LEAD = REPORT[:2]
TEXTS = (
    "Divers have found a second crack below the water line, twelve metres from the first one.",
    "The fire brigade has brought two pumps to the quay. Nobody is allowed to go past the customs house.",
    "Ferry Ada turns round in the bay and goes back to Ambleford with all of her passengers.",
    "The mayor says that the wall is going to hold. She has slept for two hours since yesterday.",
)
HEADLINES = ("A second crack", "Pumps at the quay", "Ferry turns back", "The mayor speaks")
TIMES = tuple(f"2026-05-03T{18 - n}:30:00+02:00" for n in range(4))


def linked(**node):
    return f'<script type="application/ld+json">{json.dumps({"@type": "LiveBlogPosting", **node})}</script>'


def stated(texts=TEXTS):
    return [
        {"@type": "BlogPosting", "headline": headline, "articleBody": text, "datePublished": time}
        for headline, text, time in zip(HEADLINES, texts, TIMES, strict=True)
    ]


def post(text, time, headline="", name="post"):
    title = f"<h3>{headline}</h3>" if headline else ""
    share = "<div class=share><a href=/s>Share this post with your friends</a></div>"
    header = f"<header><time datetime='{time}'>{time[11:16]}</time>{title}</header>"
    return f"<div class='{name}'>{header}<p>{text}</p>{share}</div>"


def posts(name="post"):
    return "".join(map(post, TEXTS, TIMES, HEADLINES, [name] * 4))


def page(body, head=""):
    lead = "".join(f"<p>{text}</p>" for text in LEAD)
    head = f"<title>The wall of the harbour is failing</title>{head}"
    body = f"<article><h1>The wall of the harbour is failing</h1>{lead}{body}</article>"
    return f"<html lang=en><head>{head}</head><body>{body}</body></html>"


def read(markup, url=URL, timezone="UTC"):
    return extract(markup.encode(), url=url, captured=NOW, reading=Reading(timezone=timezone))


EXPECTED = tuple(map(Update, TEXTS, TIMES, HEADLINES))


@pytest.mark.parametrize(
    ("markup", "url", "evidence"),
    [
        (page(posts(), linked()), URL, "html:time"),
        (page(posts()), LIVE_URL, "html:time"),
        (page(f"<div><div class=day>{posts()}</div></div>"), LIVE_URL, "html:time"),
        (page(f"<ul>{posts().replace('<div class=', '<li><div class=')}</ul>"), LIVE_URL, "html:time"),
        (page("", linked(liveBlogUpdate=stated())), URL, "json-ld:liveBlogUpdate"),
        (page("".join(f"<p>{t}</p>" for t in TEXTS), linked(liveBlogUpdate=stated())), URL, "json-ld:liveBlogUpdate"),
        (page(posts(), linked(liveBlogUpdate=stated(("",) * 4))), URL, "html:time"),
    ],
    ids=["certain", "by address", "days", "a list", "no markup", "no posts in markup", "headlines only"],
)
def test_the_lead_is_the_text_and_the_posts_are_updates(markup, url, evidence):
    found = read(markup, url)
    assert found.updates == EXPECTED
    assert found.text.split("\n") == list(LEAD)
    assert found.kind == "live-blog"
    assert found.trace.evidence["updates"] == evidence


def test_what_is_left_of_a_post_is_told():
    gone = [removed for removed in read(page(posts(), linked())).trace.removed if "Share" in removed.text]
    assert [removed.rule for removed in gone] == ["share"] * 4
    told = {removed.text for removed in read(page(posts(), linked())).trace.removed}
    assert told.isdisjoint(TEXTS)
    assert told.isdisjoint(HEADLINES)


def test_days_that_are_sections():
    first = "".join(map(post, TEXTS[:2], TIMES, HEADLINES))
    second = "".join(map(post, TEXTS[2:], TIMES[2:], HEADLINES[2:]))
    body = f"<section class=day>{first}</section><section class=day>{second}</section>"
    assert read(page(body, linked())).updates == EXPECTED


@pytest.mark.parametrize("element", ["<h3><time datetime='{0}'>{1}</time> {2}</h3>", "<h3 class=time>{1} {2}</h3>"])
def test_posts_that_no_element_holds(element):
    body = "".join(
        f"{element.format(time, time[11:16], headline)}<p>{text}</p><p>{REPORT[4]}</p>"
        for text, time, headline in zip(TEXTS, TIMES, HEADLINES, strict=True)
    )
    head = linked(datePublished="2026-05-03T08:00:00+02:00")
    found = read(page(f"{body}<footer><p>{REPORT[3]}</p></footer>", head), timezone="Europe/Vienna")
    assert found.updates == tuple(
        Update(f"{text}\n{REPORT[4]}", time, headline)
        for text, time, headline in zip(TEXTS, TIMES, HEADLINES, strict=True)
    )


def test_a_time_without_a_day_is_of_the_articles_day():
    body = "".join(
        f"<div class=post><span class=time>{time[11:16]} Uhr</span><p>{text}</p></div>"
        for text, time in zip(TEXTS, TIMES, strict=True)
    )
    dated = page(body, linked(datePublished="2026-05-03T08:00:00+02:00"))
    found = read(dated, timezone="Europe/Vienna")
    assert [update.published for update in found.updates] == list(TIMES)
    changed = page(body, linked(datePublished="2026-05-03T08:00:00Z", dateModified="2026-05-04T08:00:00Z"))
    assert {update.published for update in read(changed).updates} == {None}


def test_a_time_that_only_json_ld_has():
    body = posts().replace("datetime=", "data-x=")
    short = [{**update, "articleBody": update["articleBody"][:50]} for update in stated()]
    assert read(page(body, linked(liveBlogUpdate=short))).updates == EXPECTED


def test_html_in_json_ld():
    body = f"<p>{TEXTS[0]}</p><p>{TEXTS[1]}<br>{TEXTS[2]}</p>"
    found = read(page("", linked(liveBlogUpdate=[{"articleBody": body}, {"headline": "No more"}, 5, {}])))
    assert found.updates == (Update("\n".join(TEXTS[:3])), Update("No more"))


def test_a_live_blog_without_a_lead():
    head = linked(description="All that happens at the wall, hour by hour.")
    found = read(f"<html><head>{head}</head><body><h1>The wall</h1><main>{posts()}</main></body></html>")
    assert (found.text, found.standfirst) == ("", None)
    assert found.updates == EXPECTED
    assert extract_page(PageBytes(page(posts(), linked()).encode(), URL)).updates


@pytest.mark.parametrize(
    "body",
    [
        posts(),
        posts("comment"),
        "".join(f"<p>{text}</p>" for text in TEXTS),
    ],
)
def test_a_page_that_is_no_live_blog_has_no_updates(body):
    found = read(page(body))
    assert (found.updates, found.kind) == ((), "article")


@pytest.mark.parametrize("name", ["comment", "related-story"])
def test_what_is_no_post(name):
    assert read(page("".join(f"<p>{t}</p>" for t in REPORT) + posts(name)), LIVE_URL).updates == ()


def test_teasers_are_no_posts():
    teasers = "".join(
        f"<div><time datetime='{t}'>x</time><a href=/x>{x}</a></div>" for t, x in zip(TIMES, TEXTS, strict=True)
    )
    assert read(page(teasers, linked())).updates == ()


def test_an_article_with_few_dated_boxes_is_none():
    body = "".join(f"<p>{text}</p>" for text in REPORT * 3) + posts()
    assert read(page(body), LIVE_URL).updates == ()
