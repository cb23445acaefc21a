"""`scrapy health`, the end of a crawl and the reading room, as users meet them while a source is in trouble."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from scrapy.settings import Settings

from archive.storage import Store
from crawler.commands import health
from tests.archive.health.servers import facts, hanging_server, web_server
from tests.archive.health.test_troubles import PAPER, keep
from tests.archive.making import running
from tests.archive.web.rooms import Visitor
from tests.server.crawl import crawl


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty articles, and ten that are not as they were."""
    root = tmp_path_factory.mktemp("health") / "store"
    with running(Store(root)) as run:
        for number in range(50):
            keep(run, number, bad=number >= 40)
    return root


def ran(folder: Path, *arguments: str) -> int:
    command = health.Command()
    command.settings = Settings({"ARCHIVE_STORE": str(folder)})
    command.exitcode = 0
    parser = argparse.ArgumentParser(prog="scrapy")
    command.add_options(parser)
    opts, args = parser.parse_known_args(list(arguments))
    command.run(args, opts)
    return command.exitcode


def test_what_fell_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ellery: has become worse; 10 texts in quarantine."
    assert lines[1].endswith("characters, first seen in a page of 2026-11-22 01:00 UTC.")
    assert "field published fell from 100% to 0%" in lines[2]
    assert lines[3].startswith("  article: 20 of 50 articles, ")


def test_the_same_as_json_and_the_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(folder, "ellery", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["source"], told["is_well"], told["quarantined"]) == ("ellery", False, 10)
    assert told["kinds"][0]["fields"]["published"] == 0.5
    assert ran(folder, "ellery", "--quarantined") == 0
    out = capsys.readouterr().out
    assert out.count(PAPER) == 10
    assert "2026-11-22  ellery               Boat 40 is safe" in out


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [(("elery",), 1, "has nothing of a source elery"), (("--release",), 2, "name one source"), (("a", "b"), 2, "one")],
)
def test_mistakes(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, why: str
) -> None:
    assert ran(folder, *arguments) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line


def test_a_direct_link_shows_the_text_with_a_banner(folder: Path) -> None:
    room = Visitor(Store(folder))
    shown = room.get("/article", url=f"{PAPER}45")
    assert shown.status_code == 200
    assert "In quarantine." in shown.text
    assert "Accept all cookies" in shown.text
    assert "In quarantine." not in room.get("/article", url=f"{PAPER}3").text
    assert f"{PAPER}45" not in room.get("/search", q="boat").text


def test_a_crawl_tells_the_webhook_and_waits_for_no_mail_server(folder: Path, tmp_path: Path) -> None:
    with web_server() as (hook, posted), hanging_server() as smtp:
        settings = {"ARCHIVE_STORE": folder, "ALARM_WEBHOOK": hook, "ALARM_TIMEOUT": 5}
        _, log = crawl([[]], tmp_path, settings)
        assert [facts(one)["event"] for one in posted] == ["alarm"]
        assert "the articles of ellery have become worse" in log
        mail = {"ALARM_MAIL_TO": "desk@ellery.test", "ALARM_SMTP": smtp, "ALARM_TIMEOUT": 0.5}
        _, log = crawl([[]], tmp_path, {**settings, **mail})
    assert len(posted) == 1
    assert "have become worse" not in log
    assert "in time" in log


def test_settings_that_make_no_sense_end_a_crawl_with_one_sentence(folder: Path, tmp_path: Path) -> None:
    _, log = crawl([[]], tmp_path, {"ARCHIVE_STORE": folder, "ALARM_WEBHOOK": "ftp://x"}, code=1)
    assert "ALARM_WEBHOOK must be an https URL" in log
    assert "Traceback" not in log


def test_texts_are_released_by_hand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Store(folder), "nordlys") as run:
        keep(run, 1)
    assert ran(folder, "nordlys", "--keep") == 1
    assert "in no trouble" in capsys.readouterr().err
    assert ran(folder, "ellery", "--release") == 0
    assert "ellery: 10 texts published." in capsys.readouterr().out
    assert ran(folder, "ellery") == 0
    assert "ellery: is as it was." in capsys.readouterr().out
