import lxml.html
import pytest

from archive.extraction.furniture import naming_words, telling_word


def kind(markup):
    return telling_word(lxml.html.fragment_fromstring(markup))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("newsletter-box", "subscription"),
        ("c-article__newsletter", "subscription"),
        ("articleNewsletter", "subscription"),
        ("read-more", "related"),
        ("ReadNext", "related"),
        ("cookie_banner", "consent"),
        ("share-buttons", "share"),
        ("author-bio", "author-biography"),
        ("supportUs", "appeal"),
        ("site-footer", "navigation"),
        ("ad", "advertisement"),
        ("comments", "comment"),
        ("overlay", "dialogue"),
        ("story body text", None),
        ("shared-housing advice", None),
        ("badge adaptation header", None),
        ("", None),
    ],
)
def test_names_that_tell(name, found):
    assert kind(f'<div class="{name}">x</div>') == found
    assert kind(f'<div id="{name.replace(" ", "-")}">x</div>') == found


@pytest.mark.parametrize(
    "name",
    [
        "has-sidebar",
        "with-comments",
        "no-comments",
        "hide-menu",
        "comments-open",
        "before-ad",
        "after-ad",
        "has-ads",
        "no-ads",
        "share-price",
        "menu-of-the-day",
        "nav-offset",
        "tag-social category-related",
        "paragraph-ad-sibling",
    ],
)
def test_names_of_what_stands_beside_or_is_something_else(name):
    assert kind(f'<div class="{name}">x</div>') is None


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ("<nav>x</nav>", "navigation"),
        ("<footer>x</footer>", "navigation"),
        ("<form>x</form>", "form"),
        ("<button>x</button>", "form"),
        ("<dialog>x</dialog>", "dialogue"),
        ('<div role="dialog">x</div>', "dialogue"),
        ("<div>x</div>", None),
        ("<x-story>x</x-story>", None),
    ],
)
def test_tags_and_roles_that_tell(markup, found):
    assert kind(markup) == found


def test_naming_words_are_single_and_in_pairs():
    assert set(naming_words("readMore top_bar")) >= {"readmore", "read", "more", "topbar", "top", "bar"}
    assert list(naming_words("")) == []


def test_tabs_that_are_not_shown_are_hidden():
    assert kind('<div class="tab-pane">') == "hidden"
    assert kind('<div class="tab-pane active">') is None
    assert kind('<div class="tab-pane is-active">') is None
    assert kind('<div class="tabs">') is None


def test_boxes_and_posts_of_others():
    assert kind('<aside class="fact-box wide">') == "box"
    assert kind('<div class="infobox">') == "box"
    assert kind('<blockquote class="twitter-tweet">') == "embed"
