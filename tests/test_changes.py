"""`scrapy changes` and `scrapy coverage`, as a user runs them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from scrapy.settings import Settings

from archive import clock
from archive.storage import Store
from crawler.command import ArchiveCommand
from crawler.commands import changes, coverage
from tests.archive.making import exchange, keep_page, later, page, running, wire

STORM, FERRY = "https://ellery.test/storm", "https://ellery.test/ferry"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of a paper that then goes quiet; one article is edited, one is withdrawn."""
    root = tmp_path_factory.mktemp("changes") / "store"
    with running(Store(root)) as run:
        for url in (STORM, FERRY):
            keep_page(run, url, page("Storm keeps twelve boats out"))
        keep_page(run, STORM, page("Storm keeps nine boats \x1b[31mout"), at=later(1))
        run.keep(exchange(FERRY, wire(b"gone", "410 Gone"), at=later(2)))
        for day in range(1, 15):
            for n in range(12 if day < 14 else 0):
                run.keep(exchange(f"https://ellery.test/{day}/{n}", wire(b"%d %d" % (day, n)), at=later(24 * day)))
            run.keep(exchange("https://ellery.test/", wire(b"%d" % day), at=later(24 * day)))
    return root


def ran(command: ArchiveCommand, store: Path, *arguments: str) -> int:
    command.settings = Settings({"ARCHIVE_STORE": str(store)})
    command.exitcode = 0
    parser = argparse.ArgumentParser(prog="scrapy")
    command.add_options(parser)
    opts, args = parser.parse_known_args(list(arguments))
    with clock.showing(lambda: later(24 * 15)):
        command.run(args, opts)
    return command.exitcode


def test_changes_in_words(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(changes.Command(), store) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    gone, edited = out.strip().split("\n2026-11-20 10:00")
    assert gone.splitlines() == [
        "2026-11-20 11:00  ellery               gone            Storm keeps twelve boats out",
        f"    {FERRY}",
        "    Since 2026-11-20T11:00:00Z the server answers that it is gone for good (410); last seen "
        "2026-11-20T09:00:00Z.",
    ]
    assert "edited silently" in edited
    assert "headline, number: “twelve boats out” became “nine boats" in edited


def test_changes_as_json_and_with_filters(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*arguments: str) -> list[str]:
        assert ran(changes.Command(), store, "--json", *arguments) == 0
        return [json.loads(line)["what"] for line in capsys.readouterr().out.splitlines()]

    assert listed() == ["gone", "edited"]
    assert listed("--silent") == listed("--kind", "number", "--kind", "quote") == listed(STORM) == ["edited"]
    assert listed("--gone") == listed("--since", "2026-11-20T11:00:00Z") == ["gone"]
    assert listed("--source", "nobody") == listed("--until", "2026-11-19") == listed("--kind", "moved") == []
    assert listed("--until", "2026-11-20") == listed("--until", "2026-11") == ["gone", "edited"]
    assert listed("--until", "2026-11-20T10:30:00Z") == ["edited"]
    assert listed("--limit", "1") == ["gone"]
    assert listed("--limit", "0", "--no-typos") == ["gone", "edited"]


@pytest.mark.parametrize("wrong", [["--kind", "spelling"], ["--since", "yesterday"], ["--limit", "-3"], ["a", "b"]])
def test_wrong_questions_about_changes(store: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(changes.Command(), store, *wrong) in (1, 2)
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)


def test_coverage_is_told_and_what_is_unusual(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(coverage.Command(), store) == 1
    head, *lines, trouble = capsys.readouterr().out.splitlines()
    assert head.split("\t")[:4] == ["source", "day", "announced", "captured"]
    assert [line.split("\t")[1] for line in (lines[0], lines[-1])] == ["2026-11-21", "2026-12-04"]
    assert trouble.startswith("ellery has only one article captured anew on 2026-12-04; usual")
    assert ran(coverage.Command(), store, "ellery", "--json", "--until", "2026-11-20") == 1
    day, told = map(json.loads, capsys.readouterr().out.splitlines())
    assert (day["day"], day["changed"], day["error"]) == ("2026-11-20", 1, 0)
    assert told["trouble"]["what"] == "captured"


@pytest.mark.parametrize("wrong", [["nobody"], ["--since", "yesterday"], ["a", "b"]])
def test_wrong_questions_about_coverage(store: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(coverage.Command(), store, *wrong) in (1, 2)
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
