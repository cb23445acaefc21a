"""The commands as a user has them: real runs of ``scrapy`` from the project's folder."""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from scrapy.settings import default_settings
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.storage import Store
from crawler.demo.newspapers import SOURCES, Newspapers
from settings import base
from tests.archive.inspection.files import Wacz
from tests.archive.inspection.files import good as good_records
from tests.archive.inspection.files import put as write_warc
from tests.archive.inspection.keys import anonymous, sign_package
from tests.archive.zips import File
from tests.archive.zips import put as write_zip
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

SCRAPY = Path(sys.executable).with_name("scrapy")
COMMANDS = sorted(path.stem for path in (ROOT / "crawler" / "commands").glob("[a-z]*.py"))
PAPER = "harbour_courier"
KEYS = (
    "input url kind headline standfirst text authors published modified language section tags image captions "
    "comments updates coverage_end canonical_url paywalled rights removed evidence"
).split()
JOINED = "می\u200cخواهم क्\u200dष"
"""Words with joiners in them."""
HOSTILE = f"\x1b[31mRed\x1b[0m \x9b2J\x07 {JOINED} \u202edetrevni"
"""Colours, a cleared screen, a bell and text that runs backwards."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was said on standard error."""
        return self.err.splitlines()


def scrapy(*args: object, given: bytes = b"", **settings: Any) -> Ended:
    """Run ``scrapy ARGS -s NAME=VALUE...`` in the project's folder; there must be no traceback."""
    command = [str(SCRAPY), *map(str, args)]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=given, capture_output=True, timeout=120, check=False
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err, err
    return Ended(done.returncode, out, err)


def head(*args: object, **settings: object) -> Ended:
    """Run ``scrapy ARGS | head -1``; the exit code is scrapy's."""
    options = [f"-s {name}={value}" for name, value in settings.items()]
    line = " ".join([str(SCRAPY), *map(str, args), *options])
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -1; exit ${{PIPESTATUS[0]}}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def crawl(store: Path, *args: object, **settings: Any) -> Ended:
    """Run ``scrapy ARGS`` over loopback into a store, without pauses."""
    return scrapy(
        *args,
        ARCHIVE_STORE=store,
        CONTACT="https://operator.example/",
        EXTRACT_WORKERS=1,
        LOG_LEVEL="WARNING",
        **LOOPBACK,
        **settings,
    )


def page(headline: str, text: str = "The ferry came back with pears and a tired crew.") -> bytes:
    """A page whose JSON-LD holds the headline, control characters and all."""
    data = json.dumps(
        {"@type": "NewsArticle", "headline": headline, "author": {"name": headline}, "keywords": headline}
    )
    shown = "".join(c for c in headline if unicodedata.category(c) != "Cc")
    paragraphs = "".join(f"<p>{text} It was day {day} of a long winter on the sound.</p>" for day in range(5))
    return (
        f'<html><head><title>{shown}</title><script type="application/ld+json">{data}</script></head>'
        f"<body><article><h1>{shown}</h1>{paragraphs}</article></body></html>"
    ).encode()


def reply(body: bytes) -> Reply:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return Reply((head.encode() + body,))


def warc(*pages: tuple[str, bytes], gzipped: bool = True) -> bytes:
    """A WARC file as other software writes it."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=gzipped)
    records = [writer.create_warcinfo_record("other.warc", {"software": "other"})]
    for url, body in pages:
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        records.append(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=headers))
    for record in records:
        writer.write_record(record)
        record.raw_stream.close()
    return file.getvalue()


def is_safe(text: str) -> bool:
    """Whether a terminal shows the text and does nothing else with it: no controls, no turns of direction."""
    return not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper of the demo, crawled twice, and an article with a hostile headline."""
    folder = tmp_path_factory.mktemp("commands")
    with Newspapers() as papers, RawServer() as server:
        settings = {"SOURCES": SOURCES, "CONNECT_TO": ",".join(papers.connect_to)}
        for _ in range(2):
            assert crawl(folder / "store", "crawl", PAPER, "-a", "fresh=1", **settings).code == 0
        sources = folder / "sources"
        sources.mkdir()
        (sources / "hostile.toml").write_text(
            f'title = "Hostile"\nhome = "{server.url("/")}"\narticle_urls = ["/a/.*"]\n'
        )
        url = server.add("/a/hostile", reply(page(HOSTILE)))
        assert crawl(folder / "store", "crawl", "hostile", "-a", f"url={url}", SOURCES=sources).code == 0
    return folder / "store"


@pytest.fixture(scope="module")
def urls(store: Path) -> dict[str, str]:
    """The addresses of the paper's articles by their headlines."""
    from archive.catalogue import Catalogue

    catalogue = Catalogue(Store(store).catalogue_path)
    rows = catalogue.articles(limit=100)
    catalogue.close()
    return {row["headline"]: row["url"] for row in rows}


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_what_a_command_does(command: str) -> None:
    ended = scrapy(command, "--help")
    usage, _, options = ended.out.partition("Options\n=======")
    assert ended.code == 0
    assert f"scrapy {command}" in usage
    assert options
    text = " ".join(usage.split("\n\n", 1)[1].split())
    assert re.fullmatch(r"[A-Z].{40,}\.", text), text
    assert not re.search(r"\bTODO\b|None", text)


def test_the_list_of_commands_has_one_line_for_each() -> None:
    ended = scrapy()
    lines = dict(line.split(None, 1) for line in ended.out.splitlines() if line.startswith("  "))
    assert set(COMMANDS) <= set(lines)
    assert all(len(lines[command]) > 10 for command in COMMANDS)


# Documentation

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    text = "\n".join(path.read_text("utf-8") for path in PAGES)
    assert re.search(rf"(scrapy|make) {command}\b", text)


def ours() -> set[str]:
    """Settings that are not Scrapy's: those with a default, and others that the code asks for."""
    asked = re.compile(r"""settings(?:\.get(?:int|float|bool|list)?\(|\[)\s*"([A-Z_]+)""")
    code = [path.read_text("utf-8") for path in (ROOT / "crawler").rglob("*.py")]
    names = {*filter(str.isupper, dir(base)), *asked.findall("\n".join(code))}
    return {name for name in names if not hasattr(default_settings, name)}


@pytest.mark.parametrize("setting", sorted(ours()))
def test_every_setting_of_ours_is_documented(setting: str) -> None:
    assert re.search(rf"`{setting}\b", (ROOT / "docs" / "settings.md").read_text("utf-8"))


def test_every_documented_setting_is_asked_for() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r"`([A-Z_]+)`", " ".join(rows)))
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "crawler").rglob("*.py"))
    assert len(named) > 20
    rights = {"RIGHTS_NOT_FETCHED", "RIGHTS_NOT_SHOWN", "RIGHTS_NOT_EXPORTED", "RIGHTS_RESERVED"}
    assert 'f"RIGHTS_{question.upper()}"' in code
    assert not {name for name in named - rights if f'"{name}"' not in code}


def test_documents_lead_somewhere() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


# clean


def articles(ended: Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.out.splitlines()]


def test_clean_reads_files_of_every_kind_in_their_order(tmp_path: Path) -> None:
    names = {
        "plain.html": page("Plain"),
        "packed.html.gz": gzip.compress(page("Packed")),
        "missing.html": None,
        "other.warc.gz": warc(("http://w.example/1", page("First")), ("http://w.example/2", page("Second"))),
        "image.png": b"\x89PNG\r\n\x1a\n" + bytes(99),
        "other.warc": warc(("http://w.example/3", page("Third")), gzipped=False),
        "empty.html": b"",
        "torn.html.gz": gzip.compress(page("Torn"))[:15],
        "folder": "",
        "nothing.html": b"<html><body><p></p></body></html>",
        "last.html": page("Last"),
    }
    for name, data in names.items():
        if isinstance(data, bytes):
            (tmp_path / name).write_bytes(data)
        elif data is not None:
            (tmp_path / name).mkdir()
    inputs = [str(tmp_path / name) for name in names]
    inputs.insert(2, "-")
    ended = scrapy("clean", *inputs, given=page("Piped"))
    found = articles(ended)
    assert ended.code == 1
    assert [list(article) for article in found] == [KEYS] * len(found)
    wanted = [
        ("plain.html", "Plain"),
        ("packed.html.gz", "Packed"),
        ("-", "Piped"),
        ("other.warc.gz", "First"),
        ("other.warc.gz", "Second"),
        ("other.warc", "Third"),
        ("last.html", "Last"),
    ]
    got = [(article["input"].removeprefix(f"{tmp_path}/"), article["headline"]) for article in found]
    assert got == wanted
    for name in ("missing.html", "image.png", "empty.html", "torn.html.gz", "folder", "nothing.html"):
        assert len([line for line in ended.lines if line.startswith(f"newswarc: {tmp_path / name}: ")]) == 1, ended.err
    assert len(ended.lines) == 6
    first = found[0]
    assert first["text"].count("\n") == 4
    assert first["evidence"]["headline"]
    assert [article["url"] for article in found if article["input"].endswith("other.warc.gz")] == [
        "http://w.example/1",
        "http://w.example/2",
    ]


def test_clean_complains_of_a_warc_file_that_is_cut_short(tmp_path: Path) -> None:
    for gzipped, name in ((True, "cut.warc.gz"), (False, "cut.warc")):
        (tmp_path / name).write_bytes(warc(("http://w.example/", page("Cut")), gzipped=gzipped)[:-80])
    ended = scrapy("clean", tmp_path / "cut.warc.gz", tmp_path / "cut.warc")
    assert (ended.code, len(ended.lines)) == (1, 2)


def test_clean_gives_a_file_the_address_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(page("Addressed"))
    ended = scrapy("clean", "--url", "http://paper.example/story", tmp_path / "page.html")
    assert (ended.code, ended.err) == (0, "")
    assert [article["url"] for article in articles(ended)] == ["http://paper.example/story"]


def test_clean_without_input() -> None:
    ended = scrapy("clean")
    assert (ended.code, len(ended.lines), ended.out) == (2, 1, "")


def test_clean_fetches_and_archives_urls(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(page("Local"))
    with RawServer() as server:
        good, missing = server.add("/good", reply(page("Fetched"))), server.url("/missing")
        closed = server.url("/closed")
        robots = b"User-agent: *\nDisallow: /closed\n"
        server.add("/robots.txt", reply(robots))
        ended = crawl(
            tmp_path / "store",
            *("clean", closed, tmp_path / "page.html", good, missing, "http://nowhere.invalid/", good),
            RETRY_TIMES=0,
        )
        stored, failures = read_store(tmp_path / "store")
    assert ended.code == 1
    assert [(a["input"], a["url"], a["headline"]) for a in articles(ended)] == [
        (str(tmp_path / "page.html"), "", "Local"),
        (good, good, "Fetched"),
        (good, good, "Fetched"),
    ]
    assert [line.partition(" ")[2].partition(": ")[0] for line in ended.lines] == [
        closed,
        missing,
        "http://nowhere.invalid/",
    ]
    assert "robots.txt" in ended.lines[0]
    assert "no address" in ended.lines[2]
    assert {exchange.facts["url"] for exchange in stored} == {server.url("/robots.txt"), good, missing}
    assert "http://nowhere.invalid/robots.txt" in {failure["url"] for failure in failures}
    assert scrapy("verify", ARCHIVE_STORE=tmp_path / "store").code == 0


def test_clean_says_what_a_server_answers(tmp_path: Path) -> None:
    with RawServer() as server:
        ended = crawl(tmp_path / "store", "clean", server.url("/missing"))
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "404" in ended.err
    assert "robots.txt" not in ended.err


# show, search, list


def test_list_names_the_sources() -> None:
    ended = scrapy("list", SOURCES=SOURCES)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.split() == sorted(path.stem for path in SOURCES.glob("*.toml"))


def test_the_sources_of_the_repository_are_sound() -> None:
    ended = scrapy("list")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.split() == sorted(path.stem for path in (ROOT / "settings" / "sources").glob("*.toml"))


def test_search_finds_what_show_shows(store: Path, urls: dict[str, str]) -> None:
    headline, url = next((h, u) for h, u in urls.items() if "127.0.0.1" not in u)
    ended = scrapy("search", *re.findall(r"\w{4,}", headline), "--source", PAPER, ARCHIVE_STORE=store)
    assert (ended.code, ended.err) == (0, "")
    assert url in ended.out
    assert headline in ended.out
    shown = scrapy("show", url, ARCHIVE_STORE=store)
    assert (shown.code, shown.err) == (0, "")
    assert re.match(r"Announced\n  \S+Z  (?:feed   |section)  http://", shown.out)
    captures, _, rest = shown.out.partition("\nVersions\n")
    assert captures.count(" 200 response ") == 1
    assert captures.count(" 200 revisit ") == 1
    versions, _, rest = rest.partition(f"\n{headline}\n")
    assert versions.count("  first  ") == 1
    assert "changed" not in versions
    assert re.search(r"^Removed: \d+ blocks", rest, re.MULTILINE)
    provenance = json.loads(rest[rest.index("\n{") :])
    assert {"entity", "activity", "agent", "used", "wasGeneratedBy", "wasDerivedFrom"} <= set(provenance)


def test_search_limits_and_misses(store: Path) -> None:
    ended = scrapy("search", "the", "--limit", 2, ARCHIVE_STORE=store)
    hit = r"^\d{4}-\d\d-\d\d  \w+ .*\n    http.*\n    .*\bthe\b"
    assert len(re.findall(hit, ended.out, re.MULTILINE)) == 2
    assert re.fullmatch(r"2 of \d+ articles; --limit \d+ shows all\.\n", ended.err)
    for words in (["zwieselbrunz"], ["..."], [], ['"'], ["the", "--since", "soon"], ["the", "--until", "1999"]):
        ended = scrapy("search", *words, ARCHIVE_STORE=store)
        assert (ended.code, len(ended.lines), ended.out) == (1, 1, ""), words
    assert "character 5 of the search: NOT needs a word" in scrapy("search", "the", "NOT", ARCHIVE_STORE=store).err


def test_search_says_why_it_found_nothing(store: Path) -> None:
    for words, said in (
        ([], "say which words to look for"),
        (["zwieselbrunz"], "no article holds all these words"),
        (["the", "--source", "nosuch"], f"the archive holds nothing of nosuch; its sources are: {PAPER}, hostile."),
        (["the", "--language", "de", "--source", PAPER], "no article that fits --source, --language holds all"),
        (["the", "--since", "2026-11", "--until", "2026-10"], "--until 2026-10 is before --since 2026-11"),
    ):
        assert said in scrapy("search", *words, ARCHIVE_STORE=store).err, words


def test_search_by_source_language_and_date(store: Path) -> None:
    every = scrapy("search", "the", "--limit", 999, ARCHIVE_STORE=store).out
    same = scrapy("search", "the", "--limit", 999, "--language", "en-AU", "--since", "1999", ARCHIVE_STORE=store).out
    assert same == every
    newest = scrapy("search", "the", "--limit", 999, "--newest", ARCHIVE_STORE=store).out
    days = re.findall(r"^\d{4}-\d\d-\d\d", newest, re.MULTILINE)
    assert days == sorted(days, reverse=True)
    assert sorted(newest.splitlines()) == sorted(every.splitlines())
    assert scrapy("search", "the", "--language", "de", ARCHIVE_STORE=store).code == 1


def test_search_emphasises_on_a_terminal_alone(store: Path) -> None:
    command = [str(SCRAPY), "search", "the", "--limit", "1", "-s", f"ARCHIVE_STORE={store}"]
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb") as shown:
        subprocess.run(command, cwd=ROOT, stdout=end, check=True)
        os.close(end)
        assert re.search(rb"\x1b\[1m[Tt]he\x1b\[0m", shown.read1(1 << 16))
    assert "\x1b" not in scrapy("search", "the", "--limit", 1, ARCHIVE_STORE=store).out


def test_show_says_what_it_does_not_have(store: Path) -> None:
    for given in (["http://nowhere.invalid/"], [], ["http://a.example/", "http://b.example/"]):
        ended = scrapy("show", *given, ARCHIVE_STORE=store)
        assert (bool(ended.code), len(ended.lines), ended.out) == (True, 1, ""), given


@pytest.mark.parametrize("command", [["search", "x"], ["show", "http://x.example/"], ["verify"], ["rebuild"]])
def test_a_missing_store_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    ended = scrapy(*command, ARCHIVE_STORE=tmp_path / "none")
    assert (ended.code, len(ended.lines), ended.out) == (1, 1, "")
    assert str(tmp_path / "none") in ended.err
    assert not (tmp_path / "none").exists()


def test_escape_sequences_never_reach_the_terminal(store: Path, urls: dict[str, str]) -> None:
    url = next(u for u in urls.values() if "127.0.0.1" in u)
    for command in (["search", "ferry"], ["show", url]):
        ended = scrapy(*command, ARCHIVE_STORE=store)
        assert ended.code == 0
        assert "Red" in ended.out
        assert is_safe(ended.out + ended.err), [c for c in ended.out if not is_safe(c)]


def test_clean_prints_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(page(HOSTILE))
    ended = scrapy("clean", tmp_path / "page.html")
    assert ended.code == 0
    assert [c for c in ended.out if unicodedata.category(c) == "Cc"] == ["\n"]


def test_words_of_all_languages_reach_the_terminal(store: Path) -> None:
    ended = scrapy("search", "ferry", "--source", "hostile", ARCHIVE_STORE=store)
    assert JOINED in ended.out


def test_head_ends_a_command_quietly(store: Path, urls: dict[str, str], tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.html").write_bytes(page(f"Number {number}"))
    url = next(u for u in urls.values() if "127.0.0.1" not in u)
    for command in (
        ["search", "the", "--limit", 50],
        ["show", url],
        ["list"],
        ["verify"],
        ["verify", "--url", url],
        ["clean", *(tmp_path / f"{number}.html" for number in range(40))],
    ):
        ended = head(*command, ARCHIVE_STORE=store)
        assert len(ended.out.splitlines()) == 1, command
        assert ended.err == "", command


# verify, rebuild


def test_verify_names_what_was_changed(store: Path, tmp_path: Path) -> None:
    ended = scrapy("verify", ARCHIVE_STORE=store)
    assert (ended.code, ended.err) == (0, "")
    assert "all is well" in ended.out
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    name = next(name for name in Store(copy).files("derived"))
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    ended = scrapy("verify", "--no-extraction", ARCHIVE_STORE=copy)
    assert ended.code == 1
    assert re.search(rf"^FAULT {re.escape(name)}", ended.out, re.MULTILINE)
    assert re.search(r": \d+ faults?\.\n$", ended.out)
    assert bytes(data) == (copy / name).read_bytes()


def test_verify_judges_files_of_anyone(tmp_path: Path) -> None:
    """No archive is needed, and none is looked at."""
    records = good_records()
    good = write_warc(tmp_path / "good.warc.gz", *records)
    settings = {"ARCHIVE_STORE": tmp_path / "none"}
    ended = scrapy("verify", good, **settings)
    assert (ended.code, ended.out, ended.err) == (0, "1 file, 6 records, 0 texts: all is well.\n", "")
    bad = write_warc(tmp_path / "bad.warc.gz", *records[1:4], records[1])
    ended = scrapy("verify", bad, **settings)
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[0] == f"ADVICE {bad}: begins with a response instead of a warcinfo record"
    assert re.match(rf"FAULT {re.escape(str(bad))}, byte \d+: has the WARC-Record-ID of another record", lines[-2])
    assert lines[-1].endswith(": 1 fault.")
    ended = scrapy("verify", tmp_path, tmp_path / "lost.wacz", **settings)
    assert ended.code == 1
    assert f"FAULT {tmp_path}/lost.wacz: can't be read: No such file or directory\n" in ended.out


def test_verify_ends_quietly_when_nobody_reads_on(tmp_path: Path) -> None:
    lost = [tmp_path / f"{n}-{'x' * 150}" for n in range(400)]
    ended = head("verify", *lost, ARCHIVE_STORE=tmp_path)
    assert ended.err == ""
    assert ended.out.startswith(f"FAULT {lost[0]}: can't be read")


def test_verify_judges_packages_and_names_signers(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    path = sign_package(Wacz(), lambda digest: anonymous(key, digest)).build(tmp_path / "a.wacz")
    ended = scrapy("verify", path)
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert re.fullmatch(rf"SIGNED {path}: signed at .* with the key sha256:[0-9a-f]{{64}}", lines[0])
    write_zip(path, File(name="a\x1b[2J\nFAULT x", data=b"x"))
    ended = scrapy("verify", path)
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert "\x1b" not in ended.out
    assert all(line.startswith(("FAULT /", "ADVICE /")) for line in lines[:-1])


def test_verify_checks_one_article_step_by_step(store: Path, urls: dict[str, str], tmp_path: Path) -> None:
    url = next(u for u in urls.values() if "127.0.0.1" not in u)
    ended = scrapy("verify", "--url", url, ARCHIVE_STORE=store)
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"^  ok     provenance   It names this text ", ended.out, re.MULTILINE)
    assert re.search(r"^\d+ texts?: all is well\.\n$", ended.out, re.MULTILINE)
    assert "FAULT" not in ended.out
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    for name in Store(copy).files("originals"):
        (copy / name).unlink()
    ended = scrapy("verify", "--url", url, ARCHIVE_STORE=copy)
    assert ended.code == 1
    assert re.search(r"^  FAULT  page  .* \(originals/.*, byte \d+\)$", ended.out, re.MULTILINE)
    ended = scrapy("verify", "--url", "https://nowhere.example/", ARCHIVE_STORE=store)
    assert (ended.code, ended.out, len(ended.lines)) == (1, "", 1)


def test_rebuild_makes_the_catalogue_again(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    before = scrapy("search", "harbour", ARCHIVE_STORE=copy).out
    for path in copy.glob("catalogue*"):
        path.unlink()
    ended = scrapy("search", "harbour", ARCHIVE_STORE=copy)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "scrapy rebuild" in ended.err
    ended = scrapy("rebuild", ARCHIVE_STORE=copy)
    assert (ended.code, ended.err) == (0, "")
    assert re.match(r"The catalogue holds 3 runs, ", ended.out)
    assert scrapy("search", "harbour", ARCHIVE_STORE=copy).out == before
    assert scrapy("verify", ARCHIVE_STORE=copy).code == 0


# runspider, and Scrapy's own commands

SPIDER = """
import scrapy

class PlainSpider(scrapy.Spider):
    name = "Plain spider!"

    async def start(self):
        yield scrapy.Request(self.url)

    def parse(self, response):
        yield {"seen": response.url, "capture": response.meta["capture"].id}
"""


@pytest.fixture
def site() -> Iterator[tuple[RawServer, str]]:
    with RawServer() as server:
        yield server, server.add("/page", reply(page("Page")))


def test_runspider_archives(site: tuple[RawServer, str], tmp_path: Path) -> None:
    server, url = site
    (tmp_path / "plain.py").write_text(SPIDER)
    ended = crawl(
        tmp_path / "store", "runspider", tmp_path / "plain.py", "-a", f"url={url}", "-O", tmp_path / "seen.jsonl"
    )
    assert (ended.code, ended.err) == (0, "")
    stored, _ = read_store(tmp_path / "store")
    by_path = {exchange.path: exchange for exchange in stored}
    assert by_path["/page"].response.block == bytes(server.log[-1].response)
    assert json.loads((tmp_path / "seen.jsonl").read_text()) == {
        "seen": url,
        "capture": by_path["/page"].response.id.strip("<>"),
    }
    assert scrapy("verify", ARCHIVE_STORE=tmp_path / "store").code == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [("missing.py", None), ("none.py", "x = 1\n"), ("broken.py", "def\n"), ("notes.txt", "x")],
)
def test_runspider_says_what_is_wrong_with_a_file(name: str, text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    ended = crawl(tmp_path / "store", "runspider", tmp_path / name)
    assert ended.code in (1, 2)
    assert len([line for line in ended.lines if str(tmp_path / name) in line]) == 1
    assert not (tmp_path / "store").exists()


def test_fetch_archives(site: tuple[RawServer, str], tmp_path: Path) -> None:
    _, url = site
    ended = crawl(tmp_path / "store", "fetch", url)
    assert (ended.code, ended.err) == (0, "")
    assert "<h1>Page</h1>" in ended.out
    assert url in {exchange.facts["url"] for exchange in read_store(tmp_path / "store")[0]}


def test_shell_archives(site: tuple[RawServer, str], tmp_path: Path) -> None:
    _, url = site
    ended = crawl(tmp_path / "store", "shell", url, "-c", "response.status")
    assert (ended.code, ended.out.split()) == (0, ["200"])
    assert not list((tmp_path / "store").rglob("*.open"))
    assert url in {exchange.facts["url"] for exchange in read_store(tmp_path / "store")[0]}


# demo


def test_the_demo_can_be_repeated(tmp_path: Path) -> None:
    first, second = (scrapy("demo", ARCHIVE_STORE=tmp_path / "store") for _ in range(2))
    for ended in (first, second):
        assert (ended.code, ended.err) == (0, "")
        assert "all is well" in ended.out
        assert is_safe(ended.out)
    together = [re.findall(r"\d+", line) for line in (first.out + second.out).splitlines() if "together" in line]
    (pages, captures, revisits, texts, furniture), again = together
    assert int(texts) > 30
    assert int(furniture) > 0
    assert int(revisits) < int(captures)
    assert (again[1], again[3:]) == ("0", ["0", "0"])
    assert int(again[2]) > int(again[0]) > int(pages) // 3
