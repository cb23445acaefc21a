"""What the press prints is what the papers' data say, whatever characters they hold."""

from __future__ import annotations

import feedparser
import lxml.html
import msgspec
import pytest

from crawler.demo.paper import Paper, load_papers
from crawler.demo.press import Press

PAPERS = load_papers()
WILD = """</script><b a="1">&amp; $headline 'x'"""


@pytest.fixture(params=PAPERS, ids=lambda paper: paper.name)
def paper(request: pytest.FixtureRequest) -> Paper:
    found = request.param
    assert isinstance(found, Paper)
    return found


def body_of(press: Press, url: str) -> lxml.html.HtmlElement:
    page = press.pages()[url.removeprefix(press.paper.url(""))]
    return lxml.html.fromstring(page.body.decode()).find("body")


def squeezed(text: str) -> str:
    """Without any white space: the pages' own breaks don't count."""
    return "".join(text.split())


def test_pages_hold_every_line_of_article_and_furniture(paper: Paper) -> None:
    press = Press(paper)
    for article in press.printed():
        text = squeezed(body_of(press, article.url).text_content())
        lines = [article.headline, article.standfirst or "", *article.paragraphs, *article.captions]
        lines += [*article.authors, *article.furniture]
        lines += [line for comment in article.comments for line in (comment.text, comment.author or "")]
        missing = [line for line in lines if squeezed(line) not in text]
        assert not missing


def test_paragraphs_stand_in_order_among_the_furniture(paper: Paper) -> None:
    press = Press(paper)
    for article in press.printed():
        text = squeezed(body_of(press, article.url).text_content())
        places = [text.index(squeezed(paragraph)) for paragraph in article.paragraphs]
        assert places == sorted(places)
        assert not {*article.paragraphs} & {*article.furniture}


def test_some_appeals_are_bare_paragraphs_between_two_of_the_text() -> None:
    press = Press(next(p for p in PAPERS if p.name == "kestrel_valley_review"))
    article = next(a for a in press.printed() if "Trucks" in a.headline)
    paragraphs = [" ".join(p.text_content().split()) for p in body_of(press, article.url).iter("p")]
    place = paragraphs.index(article.furniture[1])
    assert "donation" in article.furniture[1]
    assert paragraphs[place - 2] in article.paragraphs
    assert paragraphs[place + 1] in article.paragraphs


def test_headlines_stand_as_often_as_in_the_manner_of_the_paper(paper: Paper) -> None:
    press = Press(paper)
    twice = paper.name in {"kestrel_valley_review", "lindwehrer_anzeiger"}
    for article in press.printed():
        blocks = body_of(press, article.url).xpath("//h1 | //h2 | //h3 | //div[not(*)]")
        headlines = [b for b in blocks if squeezed(b.text_content()) == squeezed(article.headline)]
        assert len(headlines) == 1 + twice


def test_short_words_are_tied_in_one_paper() -> None:
    pages = {p.name: Press(p).pages()[p.path(p.articles[0])] for p in PAPERS}
    tied = {name for name, page in pages.items() if "\N{NO-BREAK SPACE}" in page.body.decode()}
    assert tied == {"harbour_courier"}


def test_every_text_is_escaped(paper: Paper) -> None:
    article = msgspec.structs.replace(
        paper.articles[0],
        headline=WILD,
        standfirst=WILD,
        text="\n\n".join([WILD] * 5),
        caption=WILD,
        authors=(WILD,),
        biography=WILD if paper.articles[0].biography else None,
        tags=(WILD,),
    )
    press = Press(msgspec.structs.replace(paper, articles=(article,)))
    told = press.printed()[0]
    assert told.headline == WILD
    body = body_of(press, told.url)
    assert not body.xpath("//b[@a]")
    text = squeezed(body.text_content())
    assert all(squeezed(line) in text for line in (WILD, *told.furniture))
    for path, page in press.pages().items():
        if "xml" in page.media_type and not path.endswith(".svg"):
            feed = feedparser.parse(page.body)
            assert not feed.bozo
            if feed.entries:
                assert feed.entries[0].link == told.url


def test_json_ld_survives_any_text() -> None:
    paper = next(p for p in PAPERS if p.name == "harbour_courier")
    article = msgspec.structs.replace(paper.articles[0], headline=WILD)
    press = Press(msgspec.structs.replace(paper, articles=(article,)))
    page = press.pages()[paper.path(article)].body.decode()
    script = lxml.html.fromstring(page).xpath("//script[@type='application/ld+json']/text()")[0]
    assert msgspec.json.decode(str(script))["headline"] == WILD
