"""``scrapy replay`` as a user has it: over a paper of the demo, with a rule that was written later."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.storage import Store
from crawler.demo.newspapers import SOURCES, Newspapers
from tests.archive.making import page
from tests.test_commands import PAPER, ROOT, SCRAPY, Ended, crawl, is_safe, scrapy, warc

RULE = '\n[[rules]]\nnote = "a test"\nremove_text = ["Money for the repairs.*"]\n'
SENTENCE = "Money for the repairs came from an insurance payment"


class Desk:
    """A store, and a folder with sources of its own."""

    def __init__(self, folder: Path) -> None:
        self.store, self.sources = folder / "store", folder / "sources"

    def copy(self, folder: Path) -> Desk:
        for name in ("store", "sources"):
            shutil.copytree(getattr(self, name), folder / name)
        return Desk(folder)

    def write_rule(self) -> None:
        path = self.sources / f"{PAPER}.toml"
        path.write_text(path.read_text() + RULE)

    def run(self, *args: object) -> Ended:
        return scrapy(*args, ARCHIVE_STORE=self.store, SOURCES=self.sources, EXTRACT_WORKERS=2)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("replay"))
    shutil.copytree(SOURCES, desk.sources)
    with Newspapers() as papers:
        settings = {"SOURCES": desk.sources, "CONNECT_TO": ",".join(papers.connect_to)}
        assert crawl(desk.store, "crawl", PAPER, **settings).code == 0
    yield desk


@pytest.fixture
def desk(crawled: Desk, tmp_path: Path) -> Desk:
    return crawled.copy(tmp_path / "desk")


def archive_of(desk: Desk) -> dict[str, bytes]:
    files = (path for path in sorted(desk.store.rglob("*")) if path.is_file())
    return {p.name: p.read_bytes() for p in files if p.parent.name not in ("locks", "work")}


def test_right_after_a_crawl_nothing_would_change(desk: Desk) -> None:
    before = archive_of(desk)
    ended = desk.run("replay")
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(rf"{PAPER}: \d+ pages, nothing would change.*\nNothing would change\.\n", ended.out)
    assert archive_of(desk) == before


def test_a_rule_is_shown_and_accepted(desk: Desk) -> None:
    desk.write_rule()
    before = archive_of(desk)
    shown = desk.run("replay")
    assert (shown.code, shown.err) == (0, "")
    assert re.search(rf"{PAPER}: \d+ pages, 2 altered", shown.out)
    assert "removed    2 paragraphs: site-rule:always:text 2" in shown.out
    assert f"- {SENTENCE}" in shown.out
    assert shown.out.endswith("Nothing was stored; --accept stores what changes.\n")
    assert archive_of(desk) == before
    accepted = desk.run("replay", "--accept")
    assert (accepted.code, accepted.err) == (0, "")
    assert accepted.out.splitlines()[-1] == f"{PAPER}: 2 articles stored."
    assert "all is well" in desk.run("verify").out
    assert desk.run("replay").out.endswith("Nothing would change.\n")
    (url,) = re.findall(r"altered    (\S+/archive/\S+)", shown.out)
    text, _, removed = desk.run("show", url).out.partition("Removed:")
    assert SENTENCE not in text
    assert f"[site-rule:always:text] {SENTENCE}" in removed


def test_what_differs_is_printed_article_by_article(desk: Desk) -> None:
    desk.write_rule()
    ended = desk.run("replay", "--diff")
    (line,) = {line for line in ended.out.splitlines() if SENTENCE in line}
    assert line.startswith("  - [site-rule:always:text] ")
    assert re.search(rf"^altered  {PAPER}  2\d\d\d-.*  http://", ended.out, re.MULTILINE)


def test_json_lines_hold_the_whole_change(desk: Desk) -> None:
    desk.write_rule()
    ended = desk.run("replay", "--json")
    assert ended.err == "Nothing was stored; --accept stores what changes.\n"
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert (line["source"], line["change"]) == (PAPER, "altered")
        ((removed),) = line["removed"]
        assert removed["rule"] == "site-rule:always:text"
        assert removed["text"].startswith(SENTENCE)
        assert {"url", "date", "capture", "fields", "restored", "rewritten"} <= line.keys()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "yesterday"], "--since yesterday: is no date such as 2026-11-20"),
        (["--until", "2026-13-01"], "--until 2026-13-01: is no date"),
        (["--source", "nobody"], "The archive has no page to read for --source nobody."),
        (["--since", "2099-01-01"], "The archive has no page to read for --since 2099-01-01."),
        (["--url", "http://nowhere.example/"], "has no page to read for --url http://nowhere.example/"),
        (["no/such/file.warc.gz"], "there is no such file or folder"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(options: list[str], words: str, crawled: Desk) -> None:
    ended = crawled.run("replay", *options)
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.lines) == 1
    assert words in ended.err


def test_no_archive_is_one_sentence(tmp_path: Path) -> None:
    for option in ([], ["--accept"]):
        ended = scrapy("replay", *option, ARCHIVE_STORE=tmp_path / "none")
        assert (ended.code, len(ended.lines)) == (1, 1)
        assert "no archive there" in ended.err
    assert not (tmp_path / "none").exists()


def test_unknown_options_are_usage_errors(crawled: Desk) -> None:
    assert crawled.run("replay", "--frobnicate").code == 2
    assert crawled.run("replay", "--diff", "--json").code == 2


def test_a_broken_definition_leaves_out_its_source_alone(desk: Desk) -> None:
    (desk.sources / f"{PAPER}.toml").write_text("title = ")
    ended = desk.run("replay")
    assert ended.code == 1
    assert f"{PAPER}.toml" in ended.lines[0]
    assert ended.lines[0].endswith("its pages are left out.")
    assert len(ended.lines) == 2
    ended = desk.run("replay", "--source", PAPER)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert f"{PAPER}.toml" in ended.err


def test_a_crawl_of_the_source_is_in_work(desk: Desk) -> None:
    desk.write_rule()
    with Store(desk.store).lock(f"source-{PAPER}", "a crawl of it"):
        ended = desk.run("replay", "--accept")
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert f"source-{PAPER} is in use by a crawl of it" in ended.err
    assert desk.run("replay", "--accept").code == 0


def _heeding_ctrl_c() -> None:
    """Who starts tests in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_it_with_one_sentence_and_it_goes_on(desk: Desk) -> None:
    from tests.archive.making import exchange, later, running, wire

    with running(Store(desk.store), "slow") as run:
        for n in range(500):
            run.keep(exchange(f"http://slow.example/{n}", wire(page(f"Report {n}")), at=later(n)))
    command = [str(SCRAPY), "replay", "--accept", f"-sARCHIVE_STORE={desk.store}", f"-sSOURCES={desk.sources}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heeding_ctrl_c,  # noqa: PLW1509 - nothing else runs in this process
    )
    work = desk.store / "work" / "replay.sqlite"
    while not (work.exists() and work.with_name("replay.sqlite-wal").exists()) and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    lines = [line for line in said.decode().splitlines() if not line.startswith("reading ")]
    assert (process.returncode, lines) == (
        130, ["newswarc: stopped; what was read is remembered, and the same command goes on."]
    )  # fmt: skip
    ended = desk.run("replay", "--accept")
    assert ended.code == 0
    assert not any(line.startswith("newswarc:") for line in ended.lines)
    assert "slow: 500 articles stored" in ended.out
    assert "all is well" in desk.run("verify", "--no-extraction").out


def test_what_pages_say_is_harmless_on_a_terminal(desk: Desk) -> None:
    from tests.archive.making import exchange, running, wire

    with running(Store(desk.store), "hostile") as run:
        for n in range(2):
            html = page(f"Storm \x1b[31mred\x1b[0m \u202eturned {n}")
            run.keep(exchange(f"http://hostile.example/\u202e{n}", wire(html)))
    for option in ([], ["--diff"], ["--json"]):
        ended = desk.run("replay", "--source", "hostile", *option)
        assert ended.code == 0
        if option != ["--json"]:
            assert is_safe(ended.out)
        assert "\x1b" not in ended.out


# Files that are not ours


def test_a_foreign_file_is_shown_without_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "other.warc.gz"
    path.write_bytes(warc(("http://other.example/1", page("Storm")), ("http://www.paper.example/2", page("Ferry"))))
    ended = scrapy("replay", path, ARCHIVE_STORE=tmp_path / "none", EXTRACT_WORKERS=1)
    assert (ended.code, ended.err) == (0, "")
    assert "other_example: 1 page, 1 gained" in ended.out
    assert "paper_example: 1 page, 1 gained" in ended.out
    assert not (tmp_path / "none").exists()


def test_a_foreign_file_is_taken(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "other.warc.gz"
    own = "http://www.harbour-courier.example/2026/10/16/from-elsewhere-a99999"
    html = page("Pears from elsewhere")
    path.write_bytes(warc((own, html), ("http://other.example/1", page("Storm over the harbour"))))
    shown = desk.run("replay", path)
    assert (shown.code, shown.err) == (0, "")
    ended = desk.run("replay", "--accept", path)
    assert (ended.code, ended.err) == (0, "")
    assert f"{PAPER}: 1 capture taken, 1 article stored." in ended.out
    assert "other_example: 1 capture taken, 1 article stored." in ended.out
    assert "all is well" in desk.run("verify").out
    assert desk.run("rebuild").code == 0
    assert "all is well" in desk.run("verify").out
    assert "Pears from elsewhere" in desk.run("search", "elsewhere").out
    assert "Pears from elsewhere" in desk.run("show", own).out
    again = desk.run("replay", "--accept", path)
    assert (again.code, again.err) == (0, "")
    assert again.out.endswith("Nothing has changed.\n")
    assert "taken" not in again.out


def test_only_one_source_of_a_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "other.warc"
    pages = [("http://other.example/1", page("Storm")), ("http://paper.example/2", page("Ferry"))]
    path.write_bytes(warc(*pages, gzipped=False))
    ended = desk.run("replay", "--accept", "--source", "other_example", path)
    assert ended.code == 0
    assert "other_example: 1 capture taken, 1 article stored." in ended.out
    assert "paper_example" not in ended.out


def test_several_files(desk: Desk, tmp_path: Path) -> None:
    for n in range(2):
        (tmp_path / f"{n}.warc.gz").write_bytes(warc((f"http://other.example/{n}", page(f"Storm {n}"))))
    ended = desk.run("replay", tmp_path / "0.warc.gz", tmp_path / "1.warc.gz", "--accept")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("other_example: 1 capture taken, 1 article stored.") == 2


@pytest.mark.parametrize("data", [b"", b"no warc at all", b"PK\x03\x04 no zip", b"\x1f\x8b\x08 torn"])
def test_what_is_no_archive_is_said(data: bytes, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "file.warc.gz"
    path.write_bytes(data)
    ended = desk.run("replay", "--accept", path)
    assert ended.code == 1
    assert ended.out == ""
    assert all(line.startswith("newswarc: ") for line in ended.lines)
