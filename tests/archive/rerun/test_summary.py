"""What a re-run would change, in numbers."""

from __future__ import annotations

from archive.rerun.change import Change, Paragraph
from archive.rerun.summary import Summary

APPEAL, RELATED = Paragraph("Please give.", "appeal"), Paragraph("Read more", "related:words")


def test_everything_is_counted() -> None:
    summary = Summary("courier")
    summary.add("u1", Change(kind="altered", removed=(APPEAL, APPEAL, RELATED), fields={"headline": ("a", "b")}))
    summary.add(
        "u2", Change(kind="altered", restored=(RELATED,), rewritten=(("a", "b"),), fields={"tags": ([], ["x"])})
    )
    summary.add("u3", Change(kind="altered", moved=True, fields={"tags": ([], ["y"])}))
    for kind in ("gained", "lost", "same", "same", "nothing", "explained"):
        summary.add(kind, Change(kind=kind))  # type: ignore[arg-type]
    summary.add("u4", None)
    assert summary.pages == 10
    assert dict(summary.kinds) == {
        "altered": 3, "gained": 1, "lost": 1, "same": 2, "nothing": 1, "explained": 1, "failed": 1
    }  # fmt: skip
    assert summary.removed == {"appeal": 2, "related:words": 1}
    assert summary.restored == {"related:words": 1}
    assert summary.fields == {"headline": 1, "tags": 2}
    assert (summary.rewritten, summary.moved) == (1, 1)


def test_a_few_of_each_kind_are_examples() -> None:
    summary = Summary("courier")
    for number in range(1000):
        summary.add(f"a{number}", Change(kind="altered"))
    summary.add("g", Change(kind="gained"))
    assert [url for url, _ in summary.examples] == ["a0", "a1", "a2", "g"]
