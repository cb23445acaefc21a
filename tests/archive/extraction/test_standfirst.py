import lxml.html
import pytest

from archive.extraction.standfirst import choose_standfirst

HEADLINE = "Ferry Ada is back home"
TEXT = "After nine years in foreign waters the old boat lies at her pier again."
LONG = "The boat came in at dawn, with three men on board and a cargo of salt, and nobody was there to see it."


def choose(after, described=()):
    tree = lxml.html.document_fromstring(f"<article><h1>{HEADLINE}</h1>{after}</article>")
    return choose_standfirst(HEADLINE, tree.find(".//h1"), described)


@pytest.mark.parametrize(
    ("after", "evidence"),
    [
        (f"<p class='article-standfirst big'>{TEXT}</p>", "html:p.article-standfirst"),
        (f"<div class='articleSubTitle'>{TEXT}</div>", "html:div.articleSubTitle"),
        (f"<p itemprop=description>{TEXT}</p>", "html:p.description"),
        (f"<div><p data-testid='Lead'>{TEXT}</p></div>", "html:p"),
        (f"<h2>{TEXT}</h2>", "html:h2"),
        (f"<figure>x</figure><p>{LONG}</p><p class=lead>{TEXT}</p>", "html:p.lead"),
    ],
)
def test_shown(after, evidence):
    assert choose(after, [("Some description.", "meta:description")]) == (TEXT, evidence)


@pytest.mark.parametrize(
    "after",
    [
        "<p class=lead>Too short</p>",
        f"<p class='lead-image-caption'>{TEXT}</p>",
        f"<div class=lead><img src=x>{TEXT}</div>",
        f"<p>{LONG}</p><p>{LONG}</p><p class=lead>{TEXT}</p>",
        f"<p>{LONG}</p><h2>{TEXT}</h2>",
        f"<h2><a href=x>{TEXT}</a></h2>",
        f"<p class=lead>{HEADLINE}, at last</p>",
        f"<div class=lead>{TEXT * 20}</div>",
        f"<footer></footer><p class=lead>{TEXT}</p>",
    ],
)
def test_not_shown(after):
    assert choose(after) is None
    assert choose(after, [("Some description.", "meta:description")]) == ("Some description.", "meta:description")


def test_a_paragraph_that_stands_out_and_is_the_description():
    described = [(TEXT, "meta:description")]
    assert choose(f"<p><strong>{TEXT}</strong></p>", described) == (TEXT, "html:p")
    assert choose(f"<p>{TEXT}</p>", described) == (TEXT, "meta:description")


def test_several_lines():
    assert choose("<ul class=x></ul><div class=summary><ul><li>The boat is back.<li>The crew is well.</ul></div>") == (
        "The boat is back.\nThe crew is well.",
        "html:div.summary",
    )
    likes = "<p class=lead>The boat is back at her pier.</p><p class=lead>The crew is well.</p>"
    assert choose(likes)[0] == "The boat is back at her pier.\nThe crew is well."


def test_a_caption_before_the_description():
    after = f"<div class=intro><div>The boat. Photo: Ben Stone</div><p>{TEXT}</p></div>"
    assert choose(after, [(TEXT, "meta:description")])[0] == TEXT


def test_the_whole_of_a_description_that_is_cut_off():
    described = [("After nine years in...", "meta:og:description"), (TEXT, "meta:description")]
    assert choose("", described) == (TEXT, "meta:description")


def test_a_description_that_repeats_the_headline():
    assert choose("", [(HEADLINE + ".", "meta:description")]) is None
