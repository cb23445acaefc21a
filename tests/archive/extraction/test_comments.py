import lxml.html
import pytest

from archive.article import Comment
from archive.extraction.comments import comment_containers, read_comments
from archive.rules import SiteRules
from tests.archive.extraction.pages import REPORT, page, paragraphs

REMARK = "I never liked that wall, and my grandfather, who built boats below it, did not like it either."
COMMENT = (
    f'<div class="comment"><b class="comment-author">Otto</b><div class="comment-body"><p>{REMARK}</p></div></div>'
)


def containers(body, rules=None, attributes=""):
    return comment_containers(lxml.html.document_fromstring(page(body, attributes=attributes)), rules)


def names(body, **more):
    return [e.get("class") or e.get("id") for e in containers(body, **more)]


@pytest.mark.parametrize(
    "name",
    [
        "comments",
        "Comments",
        "comment-list",
        "commentlist",
        "comments-area",
        "article-comments",
        "article__comments--list",
        "disqus_thread",
        "respond",
        "comment-form",
        "pageComments",
    ],
)
@pytest.mark.parametrize("attribute", ["class", "id"])
def test_containers_by_name(name, attribute):
    body = f'<article>{paragraphs(*REPORT)}</article><section {attribute}="{name}">{COMMENT}</section>'
    assert names(body) == [name]


@pytest.mark.parametrize(
    "name",
    ["no-comments", "with-comments", "has-comments", "comments-open", "comments-closed", "tag-comments", "commentary"],
)
def test_names_of_something_else(name):
    assert names(f'<div class="{name}">{paragraphs(*REPORT)}</div>') == []


def test_only_the_outermost_container_counts():
    body = f'<div class="comments"><ol class="comment-list"><li class="comment">{COMMENT}</li></ol></div>'
    assert names(f"<article>{paragraphs(*REPORT)}</article>{body}") == ["comments"]


@pytest.mark.parametrize(
    "body",
    [
        f'<div class="comments"><h1>Wall</h1>{COMMENT}</div>',
        f'<div class="comments"><div itemprop="articleBody">{paragraphs(*REPORT)}</div>{COMMENT}</div>',
        f'<div class="comments">{paragraphs(*REPORT)}</div>',
    ],
    ids=["headline", "article body", "most of the text"],
)
def test_what_holds_the_article_is_no_container(body):
    assert names(body) == []


def test_comments_longer_than_the_article_are_comments():
    body = f'<article>{paragraphs(*REPORT[:2])}</article><div class="comments">{COMMENT * 20}</div>'
    assert names(body) == ["comments"]


def test_comments_of_unknown_make_are_comments_beside_a_longer_article():
    body = f'<article>{paragraphs(*REPORT)}</article><div class="comments">{paragraphs(REMARK, REMARK, REMARK)}</div>'
    assert names(body) == ["comments"]


def test_rules_name_the_container():
    body = f'<div class="comments">a</div><div class="voices">{COMMENT}</div>'
    assert [e.get("class") for e in containers(body, SiteRules(comments="div.voices"))] == ["voices"]


def test_single_comments_with_author_and_date():
    body = (
        '<div class="comments"><ol>'
        '<li class="comment"><cite class="fn">Ida</cite><time datetime="2024-05-03T10:00">May</time><p>First\n word</p>'
        "<p>and more</p></li>"
        '<li class="comment"><div class="comment-text">Second</div></li>'
        '<li class="comment"></li>'
        '<li itemtype="https://schema.org/Comment"><b itemprop="author">Ada</b><p itemprop="text">Third</p></li>'
        "</ol></div>"
    )
    assert read_comments(containers(body)) == (
        Comment("First word and more", "Ida", "2024-05-03T10:00"),
        Comment("Second"),
        Comment("Third", "Ada"),
    )


def test_a_comment_twice_on_the_page_is_one():
    assert read_comments(containers(f'<div class="comments">{COMMENT}{COMMENT}</div>')) == (Comment(REMARK, "Otto"),)
