import re
import unicodedata

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extraction.blocks import blocks, fold, near, text_under, words_key


def texts(body):
    return [block.text for block in blocks(lxml.html.document_fromstring(f"<html><body>{body}</body></html>"))]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        (" a \n\t b ", "a b"),
        ("a\N{NO-BREAK SPACE}b\N{EM SPACE}c", "a b c"),
        ("co\N{SOFT HYPHEN}operate\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}", "cooperate"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The wall — is CLOSED!", "the wall is closed"),
        ("“Straße”", "strasse"),
        ("ﬁne ½", "fine 1 2"),
        ("snake_case", "snake case"),
        ("Ζεῦς", "ΖΕΥ͂Σ"),
        ("港は、閉鎖。", "港は 閉鎖"),
    ],
)
def test_words_key_of_texts_that_differ_in_dress_only(one, other):
    assert words_key(one) == words_key(other)


@given(st.text(st.characters(max_codepoint=127)))
def test_words_key_of_ascii_is_found_the_short_way(text):
    plain = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
    assert words_key(text) == plain


@given(st.text())
def test_words_key_of_a_key_is_the_key(text):
    key = words_key(text)
    assert words_key(key) == key == fold(key)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<p>One</p><p>Two</p>", ["One", "Two"]),
        ("<p>One <b>and <i>a</i></b> half</p>", ["One and a half"]),
        ("<div>Bare<p>One</p>tail</div>", ["Bare", "One", "tail"]),
        ("<ul><li>One</li><li><p>Two</p><p>Three</p></li></ul>", ["One", "Two", "Three"]),
        ("<p>One<br>line</p>", ["One line"]),
        ("<div>One<br><br/>Two<br> <br>Three</div>", ["One", "Two", "Three"]),
        ("<div>One<br><span> </span><br>Two</div>", ["One", "Two"]),
        ("<div>One<hr>Two</div>", ["One", "Two"]),
        ("<table><tr><td>One</td><td>Two</td></tr></table>", ["One", "Two"]),
        ("<dl><dt>One</dt><dd>Two</dd></dl>", ["One", "Two"]),
        ("<x-text><x-p>One</x-p>Two</x-text>", ["One", "Two"]),
        ("<noscript><p>One</p></noscript>", ["One"]),
        ("<span>On<!-- not here -->e</span>", ["One"]),
        ("<p> \n\N{NO-BREAK SPACE}</p>", []),
        ("", []),
    ],
)
def test_texts_between_boundaries(body, found):
    assert texts(body) == found


@pytest.mark.parametrize("tag", ["script", "style", "template", "svg", "iframe", "textarea", "select", "object"])
def test_what_no_reader_sees_is_no_block_and_its_tail_is(tag):
    assert texts(f"<p>One<{tag}>unseen</{tag}> and two</p>") == ["One and two"]


def test_a_page_without_a_body_has_none():
    assert blocks(lxml.html.document_fromstring("<html><frameset><frame src='a'></frameset></html>")) == []


def test_linked_characters():
    tree = lxml.html.document_fromstring('<body><p>See <a href="/a">the <b>whole</b> list</a>.</p><p>No</p></body>')
    first, second = blocks(tree)
    assert (first.text, first.linked) == ("See the whole list.", len("the") + len("whole") + len("list"))
    assert second.linked == 0


def test_a_link_around_paragraphs():
    tree = lxml.html.document_fromstring('<body><a href="/a"><p>One</p><p>Two</p></a>three</body>')
    assert [(b.text, b.linked) for b in blocks(tree)] == [("One", 3), ("Two", 3), ("three", 0)]


def test_place_is_a_short_path():
    body = '<main><article><div class="a b"><ul id="x"><li><p>One <b>and</b></p></li></ul></div></article></main>'
    (block,) = blocks(lxml.html.document_fromstring(body))
    assert block.place == "div.a > ul.x > li > p"
    assert block.element.tag == "p"
    (bare,) = blocks(lxml.html.document_fromstring("<body>bare</body>"))
    assert bare.place == ""


def test_prose_is_long_and_no_list_of_links():
    long = "word " * 20
    tree = lxml.html.document_fromstring(f"<p>{long}</p><p>short</p><p><a href=/a>{long}</a></p>")
    assert [block.is_prose for block in blocks(tree)] == [True, False, False]


def test_text_under_sums_up_to_the_root_with_deeper_elements_first():
    tree = lxml.html.document_fromstring("<body><div><p>a</p><p>b</p></div><p>c</p></body>")
    one, two, three = tree.iter("p")
    sums = text_under([(one, 1), (two, 20), (three, 300), (one, 4000)])
    div, body = one.getparent(), tree.find("body")
    assert {e: sums[e] for e in (one, two, three, div, body, tree)} == {
        one: 4001,
        two: 20,
        three: 300,
        div: 4021,
        body: 4321,
        tree: 4321,
    }
    assert list(sums).index(div) < list(sums).index(body)


def test_near_counts_the_element_itself():
    tree = lxml.html.document_fromstring("<body><div><p>a</p></div></body>")
    p = tree.find(".//p")
    assert [e.tag for e in near(p, 2)] == ["p", "div"]
    assert [e.tag for e in near(p)] == ["p", "div", "body", "html"]
