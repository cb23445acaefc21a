import lxml.html
import pytest

from archive.extraction.markup import Markup, class_tokens, fold, key, near, visible_lines, visible_text


def element(markup):
    return lxml.html.fragment_fromstring(markup)


def test_fold():
    assert fold(" a\u00a0 b\n\u200bc&amp;quot; <em>d</em> AT&T \u00adx") == 'a b c" d AT&T x'


def test_key():
    assert key("‘Ferry’ – back!") == key("ferry back")


def test_visible_text():
    body = "<div>a<b>b</b><script>x</script>c<br>d<p>e</p>f<i class='sr-only'>x</i><i hidden>x</i> g</div>tail"
    tree = element(f"<main>{body}</main>")
    assert visible_text(tree[0]) == "abc d e f g"
    assert visible_lines(tree[0]) == ["abc", "d", "e", "f g"]


def test_class_tokens():
    assert class_tokens(element("<p class='article__subTitle big-LEAD' id=x1 data-testid=Deck title=no>")) == {
        *("article", "sub", "title", "big", "lead", "x", "deck")
    }


def test_near_goes_on_in_page_order():
    tree = lxml.html.document_fromstring("<div><h1>x</h1><p><b>1</b></p></div><style>x</style><ul><li>2</ul>")
    assert [e.tag for e in near(tree.find(".//h1"), 10)] == ["p", "b", "ul", "li"]
    assert [e.tag for e in near(tree.find(".//h1"), 2)] == ["p", "b"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [("b?c=1", "https://x.example/a/b?c=1"), ("//y.example/", "https://y.example/"), ("mailto:a@b", None), ("", None)],
)
def test_absolute(address, expected):
    markup = Markup(lxml.html.document_fromstring("<base href='/a/'><p>"), "https://x.example/z")
    assert markup.absolute(address) == expected
