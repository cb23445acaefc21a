"""What a re-run would change, as people and programs read it."""

from __future__ import annotations

import json

import pytest

from archive.capture import Capture
from archive.collection.adoption import Adopted
from archive.errors import ExtractionError
from archive.rerun import Accepted, Change, Reread
from archive.rerun.change import Paragraph
from crawler.rerun_report import RerunReport, sentence_of

APPEAL = Paragraph("Please support us.", "appeal:words")


def reread(change: Change | None, number: int = 1, source: str = "courier") -> Reread:
    capture = Capture(
        id=f"urn:uuid:{number}",
        kind="response",
        url=f"https://courier.example/{number}",
        date="2026-11-20T09:00:00Z",
        status=200,
        mime="text/html",
        payload_digest=None,
        file="f",
        offset=0,
        length=1,
        record_digest="sha256:0",
    )
    problem = ExtractionError("It took too long.") if change is None else None
    return Reread(capture=capture, source=source, change=change, problem=problem)


def test_the_summary_is_by_source(capsys: pytest.CaptureFixture[str]) -> None:
    report = RerunReport()
    report.add(reread(Change(kind="altered", headline="A", removed=(APPEAL,), fields={"tags": ([], ["x"])})))
    report.add(reread(Change(kind="altered", headline="B", rewritten=(("old", "new"),)), 2))
    report.add(reread(Change(kind="lost", headline="C", why="the page is a list of others"), 3))
    report.add(reread(None, 4))
    report.add(reread(Change(kind="nothing"), 5))
    report.add(reread(Change(kind="gained", headline="D"), 6, "gazette"))
    report.print_summary()
    assert capsys.readouterr().out.splitlines() == [
        "courier: 4 pages, 1 lost, 2 altered, 1 that can't be read",
        "  removed    1 paragraph: appeal:words 1",
        "  rewritten  1 paragraph",
        "  fields     tags 1",
        "  altered    https://courier.example/1",
        "    - Please support us.  [appeal:words]",
        "  altered    https://courier.example/2",
        "    - old",
        "    + new",
        "  lost       https://courier.example/3",
        "    the page is a list of others",
        "gazette: 1 page, 1 gained",
        "  gained     https://courier.example/6",
        "    D",
    ]
    assert (report.pages, report.changed, report.lost) == (6, 4, {"courier": 1})


def test_each_article_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    report = RerunReport(diff=True)
    moved = Change(
        kind="altered", headline="A", moved=True, fields={"headline": ("A\x1b[1m", "B"), "tags": (["x"], [])}
    )
    report.add(reread(moved))
    report.add(reread(Change(kind="same"), 2))
    assert capsys.readouterr().out.splitlines() == [
        "altered  courier  2026-11-20T09:00:00Z  https://courier.example/1",
        "  A",
        "  headline: A\ufffd[1m -> B",
        '  tags: ["x"] -> nothing',
        "  the same paragraphs in another order",
        "",
    ]


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report = RerunReport(as_json=True)
    report.add(reread(Change(kind="altered", headline="A\x9b", restored=(APPEAL,))))
    report.add(reread(None, 2))
    report.add(reread(Change(kind="explained"), 3))
    out = capsys.readouterr().out
    assert "\x9b" not in out
    first, second = map(json.loads, out.splitlines())
    assert first["restored"] == [{"text": "Please support us.", "rule": "appeal:words"}]
    assert first["headline"] == "A\x9b"
    assert (second["change"], second["why"]) == ("failed", "It took too long.")


def test_what_is_only_explained_otherwise_is_said_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for explained, changed in ((False, 0), (True, 1)):
        report = RerunReport(explained=explained)
        report.add(reread(Change(kind="explained")))
        report.print_summary()
        assert capsys.readouterr().out == "courier: 1 page, 1 only explained otherwise\n"
        assert report.changed == changed


@pytest.mark.parametrize(
    ("accepted", "sentence"),
    [
        (Accepted(source="a", articles=1, renewed=0), "a: 1 article stored."),
        (Accepted(source="a", articles=2, renewed=1), "a: 2 articles stored, 1 text cleaned again."),
        (Accepted(source="a", articles=0, renewed=0, adopted=Adopted(stored=3)), "a: 3 captures taken."),
        (
            Accepted(source="a", articles=1, renewed=2, adopted=Adopted(stored=1)),
            "a: 1 capture taken, 1 article stored, 2 texts cleaned again.",
        ),
    ],
)
def test_what_was_stored_is_one_sentence(accepted: Accepted, sentence: str) -> None:
    assert sentence_of(accepted) == sentence
