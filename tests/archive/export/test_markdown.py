from __future__ import annotations

import re
import unicodedata
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from archive.article import Article, Update
from archive.capture import Capture
from archive.export.markdown import file_name, markdown, safe_name
from archive.export.selection import Entry
from archive.storage import Store
from tests.archive.export.papers import STORM, handed_over, keep_text, paper
from tests.archive.making import running

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.test/x.png)",
    "# not a heading",
    "- not a list",
    "1. not a list",
    "12345) not a list",
    "> not a quotation",
    "```",
    "~~~",
    "---",
    "===",
    "+++",
    "* * *",
    "_emphasis_ and **more** and `code`",
    "| a | b |",
    "&lt;b&gt; &amp; &#60; AT&T",
    "http://evil.test/ <http://evil.test/>",
    "a \\ b \\",
    "\tindented",
    "[x]: http://evil.test/",
    "[^1]: note",
    "--- # end of the front matter",
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(HOSTILE)
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")


def entry(article: Article, source: str = "ellery", version: str = "0a1b2c3d-4e5f-4000-8000-000000000000") -> Entry:
    capture = Capture(
        id="urn:uuid:1",
        kind="response",
        url=article.url,
        date="2026-11-20T09:00:00Z",
        status=200,
        mime=None,
        payload_digest=None,
        file="f",
        offset=0,
        length=1,
        record_digest="d",
    )
    row = {
        "id": f"urn:uuid:{version}",
        "source": source,
        "date": capture.date,
        "text_digest": article.text_digest,
        "rights": 0,
    }
    return Entry(row, capture, article, [], [])


def shown(text: str) -> tuple[dict[str, object], list[tuple[str, str]]]:
    """The front matter, and the blocks that a reader sees: their tags and plain text."""
    _, front, body = text.split("---\n", 2)
    tokens = RENDERER.parse(body)
    found = []
    for before, token in pairwise(tokens):
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "text_special", "strong_open", "strong_close"}, (kinds, token.content)
            words = "".join(child.content for child in token.children or ())
            found.append((before.tag, words))
    assert {token.type for token in tokens} <= {
        "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"
    }  # fmt: skip
    loaded = yaml.safe_load(front)
    assert isinstance(loaded, dict)
    return loaded, found


def folded(text: str) -> str:
    return " ".join(text.replace("\0", "\ufffd").split())


@settings(max_examples=400)
@given(TEXT, st.none() | TEXT, st.lists(TEXT, max_size=4))
def test_no_text_is_markup(headline: str, standfirst: str | None, paragraphs: list[str]) -> None:
    article = Article(url=STORM, headline=headline, standfirst=standfirst, text="\n".join(paragraphs))
    front, blocks = shown(markdown(entry(article)))
    assert (front.get("headline", ""), front.get("standfirst", "")) == (headline, standfirst or "")
    expected = [("h1", folded(headline))] if headline else []
    for tag, text in (("p", standfirst or ""), ("p", article.text)):
        expected += [(tag, folded(line)) for line in text.splitlines() if folded(line)]
    assert blocks == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_lines(text: str) -> None:
    article = Article(url=STORM, headline=text, text=text, updates=(Update(text, "2026-11-20", text),))
    _, blocks = shown(markdown(entry(article)))
    assert blocks == [
        ("h1", folded(text)),
        ("p", folded(text)),
        ("h2", f"2026-11-20 {folded(text)}"),
        ("p", folded(text)),
    ]


def test_a_plain_article() -> None:
    article = Article(
        url=STORM,
        headline="Storm keeps boats out",
        standfirst="All stay in.",
        text="A storm - says the harbour master - came.\nHe is 61.",
        authors=("A. Berg",),
        published="2026-11-20T08:30:00+01:00",
        paywalled=False,
    )
    assert markdown(entry(article)) == (
        '---\nkind: "article"\nheadline: "Storm keeps boats out"\nstandfirst: "All stay in."\nauthors: ["A. Berg"]\n'
        'published: "2026-11-20T08:30:00+01:00"\npaywalled: false\nsource: "ellery"\n'
        f'url: "{STORM}"\ncaptured: "2026-11-20T09:00:00Z"\ncapture: "urn:uuid:1"\npayload_digest: null\n'
        f'version: "urn:uuid:0a1b2c3d-4e5f-4000-8000-000000000000"\ntext_digest: "{article.text_digest}"\n'
        "rights: []\nrights_marks: []\n---\n\n"
        "# Storm keeps boats out\n\n**All stay in.**\n\n"
        "A storm - says the harbour master - came.\n\nHe is 61.\n"
    )


# Names


@settings(max_examples=400)
@given(TEXT | st.sampled_from(["../../etc/passwd", "CON", "nul.txt", "a" * 999, "文" * 999, ".", ""]), TEXT, TEXT)
def test_names_are_allowed_on_every_file_system(headline: str, source: str, published: str) -> None:
    article = Article(url=STORM, headline=headline, published=published)
    name = file_name(entry(article, source=source))
    folder, file = name.split("/")
    for part in (folder, file.removesuffix(".md")):
        assert part
        assert part.casefold() == unicodedata.normalize("NFC", part).casefold()
        assert not re.search(r'[<>:"/\\|?*.\s\x00-\x1f\x7f]', part)
        assert all(unicodedata.category(c)[0] in "LNM" or c in "-_" for c in part)
        assert not re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9¹²³]", part, re.IGNORECASE)
    assert len(folder.encode()) <= 255
    assert len(file.encode()) <= 255
    assert re.match(r"[0-9]{4}(-[0-9]{2}){0,2}-", file)


def test_names_tell_what_is_inside() -> None:
    article = Article(url=STORM, headline="  Straße № 7: «Ørsted» & 東京!  ", published="2026-11")
    assert file_name(entry(article)) == "ellery/2026-11-strasse-no-7-ørsted-東京-0a1b2c3d4e5f.md"
    assert file_name(entry(Article(url=STORM))) == "ellery/2026-11-20-untitled-0a1b2c3d4e5f.md"


@pytest.mark.parametrize("name", ["CON", "Aux", "com1", "LPT²"])
def test_names_of_devices(name: str) -> None:
    assert safe_name(name, 99).endswith("-")


# Files


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


def test_a_folder_and_a_zip_hold_the_same(store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a", "markdown", versions="all")
    handed_over(store, tmp_path / "a.zip", "markdown", versions="all")
    folder = {p.relative_to(tmp_path / "a").as_posix(): p.read_bytes() for p in (tmp_path / "a").rglob("*.*")}
    with zipfile.ZipFile(tmp_path / "a.zip") as zip_:
        assert folder == {name: zip_.read(name) for name in zip_.namelist()}
    assert folder.pop("coverage.jsonl").count(b"\n") == 3
    assert len(folder) == 4
    assert {name.split("/")[0] for name in folder} == {"ellery", "nordlys"}
    names = [name for name in folder if "storm-keeps" in name]
    assert sorted(re.sub("-[0-9a-f]{12}", "", name) for name in names) == [
        "ellery/2026-11-20-storm-keeps-nine-boats-out.md",
        "ellery/2026-11-20-storm-keeps-twelve-boats-out.md",
    ]


def test_articles_with_one_headline_do_not_meet(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        for n in range(20):
            url = f"{STORM}{n}"
            keep_text(run, url, Article(url=url, headline="../../Storm", text=f"{n}", published="2026-11-20"))
    handed_over(store, tmp_path / "a", "markdown")
    names = [path.relative_to(tmp_path / "a").as_posix() for path in (tmp_path / "a").rglob("*.md")]
    assert len(names) == 20
    assert all(re.fullmatch(r"ellery/2026-11-20-storm-[0-9a-f]{12}\.md", name) for name in names)
