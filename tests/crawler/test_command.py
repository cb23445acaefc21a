"""What the commands share: sentences on standard error, text that is fit for a terminal, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import StoreError
from crawler.command import complain, counted, json_line, moment, printable, through
from tests.server.raw import RawServer, Reply

ROOT = Path(__file__).parents[2]

# Text for a terminal


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    harmless = "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
    assert not any(unicodedata.category(c)[0] == "C" and c not in harmless for c in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Виктор, 新闻 — «Ja»\nÅ 🙂", "Виктор, 新闻 — «Ja»\nÅ 🙂"),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("\x9b2J\x07\b\r\t\0\x7f\x85", "\ufffd2J" + "\ufffd" * 7),
        ("left\N{RIGHT-TO-LEFT OVERRIDE}right", "left\ufffdright"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_spaces_of_other_kinds_are_text() -> None:
    """No-break spaces stand after every short word in some papers."""
    assert printable("a\N{NO-BREAK SPACE}b\N{IDEOGRAPHIC SPACE}c\N{THIN SPACE}d").split() == ["a", "b", "c", "d"]


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.text(), st.text()))
def test_json_is_one_harmless_line_that_says_the_same(value: dict[str, str]) -> None:
    line = json_line(value)
    assert json.loads(line) == value
    assert not any(unicodedata.category(c) == "Cc" for c in line)


@pytest.mark.parametrize(("number", "told"), [(0, "0 texts"), (1, "1 text"), (2, "2 texts")])
def test_counted(number: int, told: str) -> None:
    assert counted(number, "text") == told


@pytest.mark.parametrize("error", [StoreError("It is full."), "It is full."])
def test_complaints_go_to_standard_error(error: StoreError | str, capsys: pytest.CaptureFixture[str]) -> None:
    complain(error)
    assert capsys.readouterr() == ("", "newswarc: It is full.\n")


# Exit codes of several crawls in one process

SCRIPT = """
import json, sys
import scrapy
from pathlib import Path
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.utils.project import get_project_settings
from archive.errors import ArchiveError
from crawler.command import Crawls

class Works(scrapy.Spider):
    name = "works"
    def __init__(self, url, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [url]
    def parse(self, response):
        Path(sys.argv[1], response.url.rpartition("/")[2]).write_text(str(response.status))

class Refuses(scrapy.Spider):
    name = "refuses"
    def __init__(self, **kwargs):
        raise ArchiveError("The moon is in the wrong house.")

class Breaks(scrapy.Spider):
    name = "breaks"
    def __init__(self, **kwargs):
        raise ValueError("a fault of ours")

kinds = {"works": Works, "refuses": Refuses, "breaks": Breaks}
settings = get_project_settings()
for name, value in json.loads(sys.argv[2]).items():
    settings.set(name, value, priority="cmdline")
crawls = Crawls(AsyncCrawlerProcess(settings))
for spider, arguments in json.loads(sys.argv[3]):
    crawls.add(kinds.get(spider, spider), arguments)
sys.exit(crawls.run() + 40)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "crawls.py"
    path.write_text(SCRIPT)
    return path


def run(script: Path, folder: Path, *crawls: tuple[str, dict[str, str]]) -> tuple[int, str]:
    """Exit code (of `Crawls.run`, and 40) and standard error."""
    shared = {
        "ARCHIVE_STORE": str(folder / "store"),
        "AUTOTHROTTLE_ENABLED": False,
        "TDMREP": False,
        "DOWNLOAD_DELAY": 0,
        "LOG_LEVEL": "ERROR",
        "PRIVATE_NETWORKS_ALLOWED": ["127.0.0.0/8"],
        "ROBOTSTXT_OBEY": False,
    }
    done = subprocess.run(
        [sys.executable, str(script), str(folder), json.dumps(shared), json.dumps(crawls)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_crawls_that_cannot_begin_leave_the_others_alone(script: Path, tmp_path: Path) -> None:
    with RawServer() as server:
        answer = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",))
        one, two = server.add("/one", answer), server.add("/two", answer)
        code, err = run(
            script,
            tmp_path,
            ("refuses", {}),
            ("works", {"url": one}),
            ("no_such_source", {}),
            ("works", {"url": two}),
        )
    assert code == 41
    assert "newswarc: The moon is in the wrong house.\n" in err
    assert "newswarc: There is no source 'no_such_source'; the sources are: " in err
    assert "Traceback" not in err
    assert {p.name: p.read_text() for p in tmp_path.iterdir() if p.is_file()} == {"one": "200", "two": "200"}


def test_crawls_that_work(script: Path, tmp_path: Path) -> None:
    with RawServer() as server:
        one = server.add("/one", Reply((b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",)))
        code, err = run(script, tmp_path, ("works", {"url": one}))
    assert (code, err) == (40, "")  # an error answer is an answer, and archived


def test_a_fault_of_ours_is_not_hidden(script: Path, tmp_path: Path) -> None:
    code, err = run(script, tmp_path, ("breaks", {}))
    assert code == 41
    assert "ValueError: a fault of ours" in err


def test_what_is_complained_of_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A file's name may hold anything, also a line that looks like one of ours, and half characters."""
    complain("a\nnewswarc: all is well\x1b[2J\u202e\udce9.warc.gz: is cut short.")
    assert (
        capsys.readouterr().err
        == "newswarc: a\ufffdnewswarc: all is well\ufffd[2J\ufffd\ufffd.warc.gz: is cut short.\n"
    )


@pytest.mark.parametrize(
    ("date", "end"),
    [
        (None, None),
        ("2026-11-30", "2026-12-01"),
        ("2028-02-28", "2028-02-29"),
        ("2026-11", "2026-12"),
        ("2026-12", "2027-01"),
        ("2026", "2027"),
        ("2026-11-20T09:30", "2026-11-20T09:30"),
        ("9999-12-31", None),
        ("9999-12", None),
        ("9999", None),
        ("9999-11", "9999-12"),
        ("2026-13", "2026-13"),
        ("2026-02-30", "2026-02-30"),
        ("0000", "0000"),
        ("soon", "soon"),
    ],
)
def test_a_span_goes_through_its_last_day(date: str | None, end: str | None) -> None:
    assert through(date) == end


@pytest.mark.parametrize("date", ["2026", "2026-11", "2026-11-20"])
def test_days_months_and_years_begin_warc_dates(date: str) -> None:
    assert moment(date, "--since") == date
