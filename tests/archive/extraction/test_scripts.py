import json

import pytest

from archive.extraction.blocks import words_key
from archive.extraction.document import parse
from archive.extraction.extractor import extract
from archive.extraction.scripts import StatedBody, body_in_scripts, stated_body
from tests.archive.extraction.pages import HEADLINE, REPORT, page, paragraphs

URL = "https://herald.example/wall"
OFFER = "Whoever takes the ferry to the islands this summer travels with a picnic from the harbour kitchen."


def ld(text, **more):
    data = {"@type": "NewsArticle", "headline": HEADLINE, "articleBody": text, **more}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def read(body, head=""):
    return extract(page(f"<h1>{HEADLINE}</h1>{body}", head=head).encode(), url=URL)


def test_the_stated_body_is_the_longest():
    tree = parse(page("", head=ld(" ".join(REPORT)) + ld("short")).encode())
    stated = stated_body(tree)
    assert stated is not None
    assert stated.holds(words_key(REPORT[2]))
    assert not stated.holds(words_key(OFFER))
    assert stated_body(parse(page("", head=ld("short")).encode())) is None


def test_a_line_may_begin_or_end_in_it():
    stated = StatedBody("\n".join(REPORT))
    assert stated.holds(words_key(f"Wexcombe. {REPORT[1]}"))
    assert not stated.holds(words_key(f"Wexcombe. {REPORT[1]}"), wholly=True)


@pytest.mark.parametrize("between", ["\n", " ", "\n\n", "<br><br>"])
def test_a_body_that_only_json_ld_states(between):
    found = read("<div id=root></div>", ld(between.join(REPORT)))
    assert words_key(found.text) == words_key(" ".join(REPORT))
    assert found.trace.evidence["text"] == "json-ld:articleBody"


@pytest.mark.parametrize("escaped", [False, True])
def test_a_body_in_the_data_of_a_script(escaped):
    data = json.dumps({"props": {"article": {"title": HEADLINE, "html": paragraphs(*REPORT)}}})
    data = data.replace("<", "\\u003c").replace(">", "\\u003e")
    script = f"self.__data.push([1,{json.dumps(data)}])" if escaped else f"window.__data={data}"
    found = read("<div id=root></div>", f"<script>{script}</script>")
    assert found.text.split("\n") == list(REPORT)
    assert found.trace.evidence["text"] == "script"


def test_a_page_that_shows_its_text_needs_no_script():
    data = json.dumps({"html": "<p>" + "</p><p>".join([OFFER] * 9) + "</p>"}).replace("<", "\\u003c")
    found = read(paragraphs(*REPORT), f"<script>window.__data={data}</script>")
    assert found.text.split("\n") == list(REPORT)
    assert "text" not in found.trace.evidence


def test_what_the_stated_body_leaves_out_is_not_the_articles():
    found = read(paragraphs(*REPORT[:3], OFFER, *REPORT[3:]), ld("\n".join(REPORT)))
    assert found.text.split("\n") == list(REPORT)
    assert [r.rule for r in found.trace.removed if r.text == OFFER] == ["outside-article:json-ld"]


def test_a_stated_body_that_is_cut_off_removes_nothing():
    found = read(paragraphs(*REPORT), ld("\n".join(REPORT[:3])))
    assert found.text.split("\n") == list(REPORT)


def test_subheadings_and_the_standfirst_need_not_be_stated():
    lead = "For six weeks no heavy ship will find a berth at Wexcombe, and the town is glad of the quiet."
    body = f"<p><b>{lead}</b></p>{paragraphs(*REPORT[:3])}<h2>At the gate</h2>{paragraphs(*REPORT[3:])}"
    found = read(body, ld("\n".join(REPORT)))
    assert [*(found.standfirst or "").split("\n"), *found.text.split("\n")][-8:].count("At the gate") == 1
    assert lead in (found.standfirst or "") + found.text


def test_no_scripts_no_body():
    assert body_in_scripts(parse(page("").encode()), None) is None
