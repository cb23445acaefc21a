import json

import lxml.html
import pytest

from archive.extraction.access import read_paywalled
from archive.extraction.markup import Markup
from tests.archive.extraction.pages import REPORT, paragraphs

URL = "https://courier.example/a"
PROMPT = "This story is for subscribers. Subscribe now for 2 pounds a month and read on. <a href=/s>Subscribe</a>"


def paywalled(head="", body=""):
    tree = lxml.html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    markup = Markup(tree, URL)
    return read_paywalled(markup, markup.linked.about(URL))


def linked(**node):
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (linked(isAccessibleForFree=True), False),
        (linked(isAccessibleForFree="http://schema.org/False"), True),
        (linked(hasPart={"cssSelector": ".pay", "isAccessibleForFree": "false"}), True),
        (linked(hasPart=[{"isAccessibleForFree": "false"}]), None),
        (linked(isAccessibleForFree={"a": 1}), None),
        ("", None),
    ],
)
def test_json_ld(head, expected):
    found = paywalled(head)
    assert (found and found[0]) is expected
    assert found is None or found[1] == "json-ld:NewsArticle.isAccessibleForFree"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("article:content_tier", "free", False),
        ("article:content_tier", "metered", True),
        ("og:article:content_tier", "LOCKED", True),
        ("x1:paid", "0", False),
        ("x1:recs-ispaidcontent", "true", True),
        ("page.isPaid", "yes", True),
        ("x1:paywall", "false", False),
        ("article:content_tier", "unheard-of", None),
        ("x1:paywall_user", "1", None),
        ("prepaid", "1", None),
        ("adv:premium", "yes", None),
    ],
)
def test_meta_elements(name, content, expected):
    found = paywalled(f'<meta name="{name}" content="{content}">')
    assert found == (None if expected is None else (expected, f"meta:{name.lower()}"))


def test_microdata():
    assert paywalled('<meta itemprop="isAccessibleForFree" content="False">') == (True, "microdata:isAccessibleForFree")


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (f"<div class='story-paywall'>{PROMPT}</div>", True),
        (f"<section id='regWall'><p>{PROMPT}</p></section>", True),
        ("<div class='paywall'>Weiterlesen! Der ganze Text für 0.99 € an jedem Tag</div>", True),
        (f"<div class='paid-barrier'>{PROMPT}</div>", True),
        (f"<div class='paywall' style='display:none'>{PROMPT}</div>", None),
        (f"<div hidden><div class='paywall'>{PROMPT}</div></div>", None),
        (f"<div class='paywall hide'>{PROMPT}</div>", None),
        (f"<div class='paywall'>{paragraphs(*REPORT)}{PROMPT * 2}</div>", None),
        (f"<div class='paywall'>{REPORT[1]}</div>", None),
        ("<div class='paywall'></div>", None),
        (f"<div class='wallpaper'>{PROMPT}</div>", None),
        (f"<template><div class='paywall'>{PROMPT}</div></template>", None),
    ],
)
def test_a_barrier_that_readers_see(element, expected):
    found = paywalled(body=paragraphs(*REPORT[:2]) + element)
    assert (found and found[0]) is expected


def test_what_the_page_states_comes_first():
    assert paywalled(linked(isAccessibleForFree=True), f"<div class='paywall'>{PROMPT}</div>")[0] is False
