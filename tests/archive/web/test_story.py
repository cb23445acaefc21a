from __future__ import annotations

from archive.article import Article, Removed, Trace
from archive.web.story import Story


def story(text: str, *removed: tuple[str, str, int | None]) -> Story:
    blocks = tuple(Removed(t, "main > p", rule, line) for t, rule, line in removed)
    return Story.of(Article(url="https://x.test/", text=text, trace=Trace(removed=blocks)))


def test_blocks_stand_where_they_stood() -> None:
    found = story(
        "one\ntwo",
        ("menu", "navigation", 0),
        ("search", "form", 0),
        ("give", "appeal", 1),
        ("more", "appeal", 1),
        ("read on", "related:words", 1),
        ("footer", "legal", 2),
        ("script", "hidden", None),
    )
    assert found.lines == ("one", "two")
    assert [[(g.kind, len(g.blocks)) for g in gap.groups] for gap in found.gaps] == [
        [("navigation", 1), ("form", 1)],
        [("appeal", 2), ("related", 1)],
        [("legal", 1)],
    ]
    assert [g.kind for g in found.elsewhere.groups] == ["hidden"]
    assert found.gaps[1].groups[1].rule == "related (told by its words)"
    assert found.gaps[1].count == 3
    assert [(k.kind, k.count) for k in found.gaps[1].kinds] == [("appeal", 2), ("related", 1)]


def test_kinds_are_counted_most_first() -> None:
    found = story("one", ("a", "form", 0), ("b", "duplicate:headline", 0), ("c", "duplicate:caption", 1))
    assert [(k.name, k.count) for k in found.kinds] == [("duplicate", 2), ("form", 1)]


def test_lines_that_cannot_be_are_drawn_to_the_ends() -> None:
    found = story("one", ("a", "form", 99), ("b", "form", -1))
    assert [gap.count for gap in found.gaps] == [1, 1]


def test_a_page_without_text() -> None:
    found = story("", ("a", "list-page", 0))
    assert found.lines == ()
    assert [gap.count for gap in found.gaps] == [1]
    assert found.kinds[0].name == "page without an article"
