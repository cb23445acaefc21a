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


BODY = f"<div class=body><p>{LONG}</p><p>{LONG}</p></div>"


@pytest.mark.parametrize(
    "byline", ["<time>3 May</time>", "<div class=byline>Ada Brook</div>", "<address>Ada</address>"]
)
@pytest.mark.parametrize("element", ["<div>{}</div>", "<p class=x1>{}</p>", "<div><b>{}</b></div>"])
def test_a_sentence_before_the_byline(byline, element):
    found = choose(f"{element.format(TEXT)}<div>{byline}</div>{BODY}")
    assert found in [(TEXT, "html:div"), (TEXT, "html:p")]


@pytest.mark.parametrize(
    "after",
    [
        f"<p>{TEXT}</p>{BODY}<time>3 May</time>",
        f"<time>3 May</time><p>{TEXT}</p><time>4 May</time>{BODY}",
        f"<p>{TEXT}</p><p>{LONG}</p><time>3 May</time><p>{LONG}</p>",
        f"<p>{TEXT}</p><time>3 May</time>",
        f"<figure><div>{TEXT}</div></figure><time>3 May</time>{BODY}",
        f"<div class=caption>{TEXT}</div><time>3 May</time>{BODY}",
        f"<div>{TEXT[:50]}</div><time>3 May</time>{BODY}",
    ],
    ids=["behind", "posts", "body", "no body", "figure", "caption", "short"],
)
def test_a_sentence_that_is_not_one_by_its_place(after):
    assert choose(after) is None


def test_the_one_that_the_description_repeats_wins():
    described = [(TEXT, "meta:description")]
    after = f"<h2 class=subheading>The mayor is going to sleep now</h2><p class=lead>{TEXT}</p>"
    assert choose(after, described) == (TEXT, "html:p.lead")


def test_a_description_that_is_shown_behind_a_place():
    described = [
        ("Another description of the page, which nobody but a machine ever sees.", "json-ld:Article.description")
    ]
    described.append((TEXT, "meta:description"))
    after = f"<div><span>Wexcombe.</span> <span>{TEXT}</span></div>"
    assert choose(after, described) == (f"Wexcombe. {TEXT}", "meta:description")
    assert choose(f"<div><p>Wexcombe</p><p>{TEXT}</p></div>", described) == (TEXT, "meta:description")


def test_a_picture_below_the_standfirst():
    after = f"<div class=preamble><p>{TEXT}</p><p>More.</p><figure><p>A boat.</p></figure><p>Rest.</p></div>"
    assert choose(after) == (f"{TEXT}\nMore.", "html:div.preamble")


def test_an_offer_is_none():
    assert choose(f"<p class='paywall-description'>{TEXT}</p>") is None


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
