"""The log as JSON: one object a line, whatever is logged."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.settings import Settings
from scrapy.utils import log

from archive import clock
from crawler.watching.json_log import JsonLog, fields_of, use_json_logs
from crawler.watching.output import Output

NOW = dt.datetime(2026, 11, 30, 12, 0, 0, 5, tzinfo=dt.UTC)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger, and what it writes."""
    monkeypatch.setattr(JsonLog, "about", {})
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLog())
    logger = logging.Logger("tests.json_log", logging.INFO)  # on its own: pytest would pass half characters on as UTF-8
    logger.addHandler(handler)
    yield logger, out


def objects(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_an_object(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = logged
    logger.info("%s is done:\n  3 pages", "gazette")
    logger.warning("%s", "\x1b[2J \x9b \u202e \ud800 груши")
    first, second = objects(out)
    assert list(first) == ["time", "level", "logger", "message"]
    assert (first["level"], first["logger"]) == ("INFO", "tests.json_log")
    assert first["message"] == "gazette is done:\n  3 pages"
    assert dt.datetime.fromisoformat(first["time"]).utcoffset() == dt.timedelta(0)
    assert second["message"] == "\x1b[2J \x9b \u202e \ud800 груши"
    assert out.getvalue().isascii()
    assert "\x1b" not in out.getvalue()


def test_exceptions_are_text(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = logged
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.exception("It failed.")
    (record,) = objects(out)
    assert record["exception"].startswith("Traceback")
    assert record["exception"].endswith("ZeroDivisionError: division by zero")


def test_the_source_and_the_run(logged: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    logger, out = logged
    monkeypatch.setattr(JsonLog, "about", {"source": "gazette", "run": "r1"})
    logger.info("a")
    logger.info("b", extra={"spider": SimpleNamespace(name="gazette")})
    logger.info("c", extra={"spider": SimpleNamespace(name="herald")})
    assert [(r["source"], r.get("run")) for r in objects(out)] == [
        ("gazette", "r1"), ("gazette", "r1"), ("herald", None),
    ]  # fmt: skip


def test_scrapy_writes_so_from_the_first_line_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before = log._get_formatter
    monkeypatch.setattr(log, "_get_formatter", before)
    use_json_logs(Settings({"LOG_JSON": "0"}))
    assert log._get_formatter is before
    use_json_logs(Settings({"LOG_JSON": "1"}))
    assert isinstance(log._get_handler(Settings()).formatter, JsonLog)


@pytest.mark.parametrize(
    "line", ["", "text", "{", "{}", '{"message": 5}', '["message"]', '{"message": "a"} b', '{"a":' * 100_000]
)
def test_other_lines(line: str) -> None:
    assert fields_of(line) is None


def test_a_scheduler_passes_lines_on(capfd: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    own = '{"time": "t", "message": "a", "source": "gazette", "later": [1]}'
    with clock.showing(lambda: NOW):
        output.tell("gazette", own)
        output.tell("gazette", '{"message": "early"}')
        output.tell("gazette", "newswarc: It can't.")
        output.tell("gazette", "Killed")
        output.tell("gazette", "")
        output.say("gazette", "begins.")
        output.say("", "stops.")
        output.complain("x.toml is wrong.")
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == own
    assert json.loads(lines[1]) == {"message": "early", "source": "gazette"}
    told = [json.loads(line) for line in lines[2:]]
    assert {line.pop("time") for line in told} == {"2026-11-30T12:00:00.000005Z"}
    assert told == [
        {"level": "ERROR", "logger": "crawl", "message": "newswarc: It can't.", "source": "gazette"},
        {"level": "INFO", "logger": "crawl", "message": "Killed", "source": "gazette"},
        {"level": "INFO", "logger": "schedule", "message": "gazette begins.", "source": "gazette"},
        {"level": "INFO", "logger": "schedule", "message": "The scheduler stops."},
        {"level": "ERROR", "logger": "newswarc", "message": "x.toml is wrong."},
    ]


def test_as_text(capfd: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    with clock.showing(lambda: NOW):
        output.tell("gazette", "\x1b[2Jline")
        output.say("", "stops.")
        output.complain("x.toml is wrong.")
    assert capfd.readouterr().err.splitlines() == [
        "gazette: \ufffd[2Jline",
        f"{NOW.astimezone():%Y-%m-%d %H:%M:%S} [schedule] The scheduler stops.",
        "newswarc: x.toml is wrong.",
    ]
