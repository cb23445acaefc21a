import lxml.html
import pytest

from archive.article import Comment
from archive.extraction.comments import comment_containers, read_comments
from archive.extraction.extractor import extract
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
        Comment("First word and more", "Ida", "2024-05-03T10:00:00+00:00"),
        Comment("Second"),
        Comment("Third", "Ada"),
    )


def test_a_comment_twice_on_the_page_is_one():
    assert read_comments(containers(f'<div class="comments">{COMMENT}{COMMENT}</div>')) == (Comment(REMARK, "Otto"),)


def read(body, **more):
    return read_comments(containers(f"<article>{paragraphs(*REPORT)}</article>{body}"), **more)


MANNERS = {
    "wordpress": (
        '<li class="comment even" id="comment-1"><article class="comment-body"><footer class="comment-meta">'
        '<div class="comment-author vcard"><b class="fn">Otto</b> <span class="says">says:</span></div>'
        '<div class="comment-metadata"><a href="#1"><time datetime="2024-05-03T10:00:00+02:00">May 3</time></a></div>'
        '</footer><div class="comment-content"><p>{text}</p></div>'
        '<div class="reply"><a href="#r">Reply</a></div></article></li>'
    ),
    "all in the body": (
        '<div class="comment"><div class="comment-body"><div class="comment-author">Otto</div>'
        '<span class="comment-date">3 May 2024, 10:00 CEST</span><p>{text}</p><a href="#">Like</a> '
        '<a href="#">Reply</a> <a href="#">Report</a></div></div>'
    ),
    "bold name": (
        '<div class="comment"><p><b>Otto</b></p><p>3 May 2024, 10:00 CEST</p><p>{text}</p><p>Reply · 3</p></div>'
    ),
    "list of definitions": (
        '<dd class="comment"><a rel="author" href="/otto">Otto</a>, <abbr class="date" '
        'title="2024-05-03T10:00:00+02:00">yesterday</abbr><blockquote>{text}</blockquote><button>Share</button></dd>'
    ),
    "german": (
        '<li class="comment-item"><i class="user-name">Otto</i><div class="timestamp">03.05.2024 10:00 MESZ</div>'
        '<div class="comment__text">{text}</div><ul class="actions"><li>Antworten</li><li>Melden</li></ul></li>'
    ),
    "microdata": (
        '<div itemscope itemtype="https://schema.org/Comment"><span itemprop="author" itemscope><span itemprop="name">'
        'Otto</span></span><meta itemprop="dateCreated" content="2024-05-03T10:00+02:00"><p itemprop="text">{text}</p>'
        "<a>Reply</a></div>"
    ),
    "one comment in two elements": (
        '<li class="comment-item"><i class="author">Otto</i><time datetime="2024-05-03T10:00:00+02:00">then</time>'
        '<div class="comment"><p>{text}</p></div></li>'
    ),
    "drupal": (
        '<div class="comment"><div class="submitted"><span class="username">Otto</span> <span property="dc:date" '
        'content="2024-05-03T10:00:00+02:00">3/5</span></div><div class="content"><div class="field-item"><p>{text}</p>'
        '</div><ul class="links"><li class="comment-reply"><a href="/r">reply</a></li></ul></div></div>'
    ),
}


@pytest.mark.parametrize("manner", MANNERS)
def test_author_time_and_text_in_the_manners_of_sites(manner):
    body = f'<div id="comments">{MANNERS[manner].format(text=REMARK)}</div>'
    assert read(body) == (Comment(REMARK, "Otto", "2024-05-03T10:00:00+02:00"),)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_reply_is_a_comment_of_its_own(manner):
    reply = MANNERS[manner].format(text="So did mine.").replace("Otto", "Ida").replace("10:00", "11:30")
    outer = MANNERS[manner].format(text=REMARK)
    end = outer.rindex("</")
    body = f'<div id="comments">{outer[:end]}<div class="children">{reply}</div>{outer[end:]}</div>'
    assert read(body) == (
        Comment(REMARK, "Otto", "2024-05-03T10:00:00+02:00"),
        Comment("So did mine.", "Ida", "2024-05-03T11:30:00+02:00"),
    )


@pytest.mark.parametrize(
    ("stated", "published"),
    [
        ('<time datetime="2024-05-03">then</time>', "2024-05-03"),
        ('<span class="date">3 May 2024</span>', "2024-05-03"),
        ('<span class="date">3 May 2024, 10:00</span>', "2024-05-03T10:00:00+02:00"),
        ('<span class="date">3 hours ago</span>', None),
        ("", None),
    ],
)
def test_times_are_as_precise_as_the_page(stated, published):
    body = f'<div id="comments"><div class="comment"><i class="author">Otto</i> {stated}<p>{REMARK}</p></div></div>'
    assert read(body, timezone="Europe/Berlin", language="en") == (Comment(REMARK, "Otto", published),)


@pytest.mark.parametrize(
    "text", ["10/10", "👍", "Reply to whom, Otto?", "In May 2024 it was the same, on the 3rd too."]
)
def test_what_is_said_is_not_taken_for_a_button_or_a_date(text):
    body = f'<div id="comments"><div class="comment"><i class="author">Ida</i><p>{text}</p><a>Reply</a></div></div>'
    assert read(body) == (Comment(text, "Ida"),)


def test_paragraphs_of_a_comment_are_apart_by_a_space():
    body = '<div id="comments"><div class="comment"><p>One.</p><p>Two<br>and <b>a</b> half.</p></div></div>'
    assert read(body) == (Comment("One. Two and a half."),)


LINKED = """<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Wall", "comment": [
{"@type": "Comment", "text": "First &amp; <b>best</b>", "author": {"@type": "Person", "name": "Ida"},
 "dateCreated": "2024-05-03T10:00:00Z", "comment": {"@type": "Comment", "text": "Second", "author": "Ada"}},
{"@type": "Comment", "text": ""}]}</script>"""


def test_comments_in_linked_data():
    tree = lxml.html.document_fromstring(page(f"<article>{paragraphs(*REPORT)}</article>", head=LINKED))
    assert read_comments([], tree=tree) == (
        Comment("First & best", "Ida", "2024-05-03T10:00:00+00:00"),
        Comment("Second", "Ada"),
    )


def test_linked_data_completes_what_the_page_shows():
    shown = '<div class="comments"><div class="comment"><p>First &amp; best</p></div></div>'
    tree = lxml.html.document_fromstring(page(f"<article>{paragraphs(*REPORT)}</article>{shown}", head=LINKED))
    assert read_comments(comment_containers(tree), tree=tree) == (
        Comment("First & best", "Ida", "2024-05-03T10:00:00+00:00"),
        Comment("Second", "Ada"),
    )


@pytest.mark.parametrize("manner", MANNERS)
def test_comments_are_never_in_the_text(manner):
    remarks = [f"{REMARK} {n}" for n in range(12)]
    body = "".join(MANNERS[manner].format(text=remark) for remark in remarks)
    document = page(f'<article>{paragraphs(*REPORT)}</article><div id="comments">{body}</div>')
    found = extract(document.encode(), url="https://herald.example/wall")
    assert found.text.split("\n") == list(REPORT)
    assert [comment.text for comment in found.comments] == remarks


def test_a_notice_about_comments_is_no_comment():
    notice = "<p>To read what our subscribers say, please log in.</p>"
    assert read(f'<section id="comments"><div class="comment-container">{notice}</div></section>') == ()
