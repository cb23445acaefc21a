"""The catalogue comes back from the WARC files alone, row for row."""

from __future__ import annotations

import errno
import gzip
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import StoreError
from archive.reader import read_records
from archive.rebuild import catch_up, rebuild
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from archive.warc import OPEN_SUFFIX, Record, WarcWriter, sha256
from tests.archive.making import (
    PROLOGUE,
    ROOT,
    SETTINGS,
    digest_again,
    dump,
    exchange,
    failure,
    keep_page,
    killed,
    later,
    page,
    records,
    refused,
    running,
    varied_store,
    wire,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return varied_store(tmp_path_factory.mktemp("rebuild") / "archive").root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    """A copy of the store with some of everything."""
    return Store(shutil.copytree(made, tmp_path / "archive"))


def differences(one: dict[str, list[Row]], other: dict[str, list[Row]]) -> dict[str, list[Row]]:
    assert one.keys() == other.keys()
    return {
        t: [r for r in one[t] + other[t] if r not in one[t] or r not in other[t]] for t in one if one[t] != other[t]
    }


def fresh(store: Store, path: Path) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of a catalogue made from nothing, and what the files were reproached with."""
    catalogue = Catalogue(path / "fresh.sqlite", create=True)
    try:
        problems = catch_up(store, catalogue)
        return catalogue.dump(), problems
    finally:
        catalogue.close()


def test_the_catalogue_of_a_crawl_is_the_one_of_a_rebuild(store: Store) -> None:
    live = dump(store)
    assert {t: len(rows) for t, rows in live.items()} == {
        "files": 12,
        "runs": 5,
        "fetches": 17,
        "captures": 15,
        "leads": 0,
        "versions": 7,
        "paragraphs": 41,
        "furniture": 0,
        "troubles": 0,
        "articles": 5,
        "full_text": 5,
        "likeness": 5,
        "days": 6,
        "changes": 1,
        "unsettled": 0,
        "pages": 11,
    }
    for _ in range(2):
        assert rebuild(store) == []
        assert differences(live, dump(store)) == {}
    assert verify(store, extract=False).faults == []


def test_a_run_without_a_settings_digest_is_rebuilt_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Run(store, "ellery").finish("finished", {})
    live = dump(store)
    rebuild(store)
    assert differences(live, dump(store)) == {}


def test_originals_and_derived_files_of_later_runs_come_in_any_order(store: Store) -> None:
    live = dump(store)
    for n in range(3):  # names sort otherwise than they were written
        with running(store, f"a{9 - n}") as run:
            keep_page(run, "https://www.ellery.test/2026/11/storm", page(f"Storm, part {n}"), at=later(100 - n))
    live = dump(store)
    rebuild(store)
    assert differences(live, dump(store)) == {}


def test_a_large_file_is_indexed_in_batches(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        for n in range(520):
            run.keep(exchange(f"https://ellery.test/{n % 400}", wire(b"%d" % (n % 450))))
    live = dump(store)
    assert len(live["captures"]) == len(live["fetches"]) == 520
    rebuild(store)
    assert differences(live, dump(store)) == {}


@pytest.mark.parametrize("damage", ["missing", "empty", "no database", "newer", "half"])
def test_any_catalogue_can_be_rebuilt(store: Store, damage: str) -> None:
    live, path = dump(store), store.catalogue_path
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no database":
        path.write_bytes(b"nothing like it" * 1000)
    elif damage == "newer":
        data = bytearray(path.read_bytes())
        data[60:64] = (99).to_bytes(4, "big")  # user_version
        path.write_bytes(data)
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert rebuild(store) == []
    assert differences(live, dump(store)) == {}
    assert verify(store, extract=False).faults == []


def test_a_killed_rebuild_leaves_nothing_in_the_way(store: Store) -> None:
    live = dump(store)
    store.catalogue_path.with_suffix(".rebuilt").write_bytes(b"half a database")
    rebuild(store)
    assert differences(live, dump(store)) == {}
    assert {p.name for p in store.root.glob("catalogue*")} == {"catalogue.sqlite", "catalogue.sqlite.sha256"}


def test_a_rebuild_that_fails_at_its_end_leaves_the_old_catalogue_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed run wrote last stands in the journal alone, which goes before the new one takes its place."""
    store = Store(tmp_path / "store")
    killed(
        'run = Run(Store(sys.argv[1]), "ellery"); keep_page(run, "http://a.test", page("A")); run.flush()', store.root
    )
    assert store.catalogue_path.with_name("catalogue.sqlite-wal").stat().st_size

    replace = Path.replace

    def refuse(path: Path, to: Path) -> Path:
        if to == store.catalogue_path:
            raise OSError(errno.EIO, "Input/output error")
        return replace(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(StoreError, match="can't be replaced"):
            rebuild(store)
    with Catalogue(store.catalogue_path) as catalogue:
        assert len(catalogue.dump()["captures"]) == 1


def test_a_folder_with_nothing_but_warc_files_is_enough(store: Store, tmp_path: Path) -> None:
    bare = Store(tmp_path / "bare")
    for kind in ("originals", "derived"):
        shutil.copytree(store.root / kind, bare.root / kind)
    assert rebuild(bare) == []
    assert differences(dump(store), dump(bare)) == {}


def test_progress_names_each_file(store: Store) -> None:
    told: list[tuple[str, int, int]] = []
    rebuild(store, progress=lambda *what: told.append(what))
    names = store.files()
    assert told == [(name, number, len(names)) for number, name in enumerate(names, 1)]


# Locks


def test_no_rebuild_while_a_run_is_on_and_no_run_while_a_rebuild_is(store: Store) -> None:
    run = Run(store, "nordlys", settings_digest=SETTINGS)
    with pytest.raises(StoreError) as error:
        rebuild(store)
    assert "in use by a crawl of nordlys" in refused(error.value)
    run.finish("finished", {})
    assert rebuild(store, progress=lambda *_: beginning(store)) == []


def beginning(store: Store) -> None:
    with pytest.raises(StoreError) as error:
        Run(store, "nordlys")
    assert "in use by scrapy rebuild" in refused(error.value)


def test_no_archive_to_rebuild(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        rebuild(Store(tmp_path / "nothing"))
    assert "no archive there" in refused(error.value)


# Killed runs

KILLED = """
run = Run(Store(sys.argv[1]), "killed", settings_digest=SETTINGS)
keep_page(run, "https://killed.test/1", page("Seals return"))
if "flush" in sys.argv:
    run.flush()
keep_page(run, "https://killed.test/1", page("Seals stay"), at=later(1))
run.keep(exchange("https://killed.test/1", wire(page("Seals return")), at=later(2)))
run.keep_failure(failure("https://killed.test/2"))
"""


@pytest.mark.parametrize("flush", ["flush", "no flush"])
def test_the_next_run_brings_back_the_rows_of_a_killed_one(tmp_path: Path, flush: str) -> None:
    store = Store(tmp_path / "archive")
    killed(KILLED, store.root, flush)
    catalogue = Catalogue(store.catalogue_path)
    assert catalogue.counts()["captures"] < 3
    catalogue.close()
    with running(store, "ellery") as run:
        assert [r.file.split("/")[0] for r in run.recovered] == ["derived", "originals"]
        assert run.catalogue.counts() == {"runs": 2, "fetches": 4, "captures": 3, "versions": 2, "articles": 1}
        (article,) = run.catalogue.articles()
        assert (article["headline"], article["texts"]) == ("Seals stay", 1)
    live = dump(store)
    assert [row["ended"] for row in live["runs"] if row["source"] == "killed"] == [None]
    rebuild(store)
    assert differences(live, dump(store)) == {}
    assert verify(store, extract=False).faults == []


def test_whatever_keep_returned_for_is_there_after_a_kill_at_any_moment(tmp_path: Path) -> None:
    code = """
import itertools
run = Run(Store(sys.argv[1]), "killed", settings_digest=SETTINGS, max_file_size=30_000)
for n in itertools.count():
    print(run.keep(exchange(f"https://killed.test/{n}", wire(os.urandom(3000)))).id, flush=True)
    if n % 3 == 0:
        run.flush()
"""
    store, random_ = Store(tmp_path / "archive"), random.Random(5)
    kept = []
    for _ in range(2):
        command = [sys.executable, "-c", PROLOGUE + code, str(store.root)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                kept.append(line.strip())
                if random_.random() < 0.02:
                    process.kill()
                    break
            kept += process.stdout.read().splitlines()
    kept = [line for line in kept if len(line) == 45]  # the last line can be torn
    with running(store, "ellery") as run:
        assert [capture for capture in kept if run.catalogue.capture(capture) is None] == []
        assert {record.id for record in records(store, "response")} >= set(kept)
    live = dump(store)
    rebuild(store)
    assert differences(live, dump(store)) == {}
    assert verify(store, extract=False).faults == []


def test_a_rebuild_closes_what_a_killed_run_left(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    killed(KILLED, store.root)
    assert rebuild(store) == []
    assert list(store.root.rglob("*" + OPEN_SUFFIX)) == []
    assert len(dump(store)["captures"]) == 3


# Catching up


def test_a_catalogue_that_is_up_to_date_stays_as_it_is(store: Store) -> None:
    catalogue = Catalogue(store.catalogue_path)
    before = catalogue.dump()
    assert catch_up(store, catalogue) == []
    assert differences(before, catalogue.dump()) == {}
    catalogue.close()


def test_rows_of_a_part_of_a_file_are_added_to_those_known(store: Store, tmp_path: Path) -> None:
    want = dump(store)
    name = max(store.files("originals"), key=lambda n: store.path(n).stat().st_size)
    infos = list(read_records(store.path(name)))
    exchanges_end = [r.offset + r.length for r in infos if ":exchange:" in (r.url or "")]
    for number, end in enumerate(exchanges_end):
        catalogue = Catalogue(tmp_path / f"{number}.sqlite", create=True)
        catalogue.add(files=[{"name": name, "run": "", "indexed": end}])
        catch_up(store, catalogue)
        have = catalogue.dump()
        catalogue.close()
        assert have["files"] == want["files"]
        missing = [row for row in want["captures"] if row not in have["captures"]]
        assert {row["file"] for row in missing} == {name}
        assert all(row["offset"] < end for row in missing)
        assert len(missing) == number + 1


def test_a_file_that_has_become_shorter_is_told(store: Store, tmp_path: Path) -> None:
    name = store.files("originals")[0]
    path = store.path(name)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    catalogue = Catalogue(store.catalogue_path)
    problems = catch_up(store, catalogue)
    catalogue.close()
    assert problems == [f"{name}: has lost bytes {size - 100} to {size}; run scrapy verify, then scrapy rebuild."]


# Files that are not what they should be


def damaged(store: Store) -> tuple[str, int]:
    """Damage a small record in the middle of a file of several exchanges; its name, and how many came before."""
    name = max(store.files("originals"), key=lambda n: store.path(n).stat().st_size)
    path = store.path(name)
    requests = [r for r in read_records(path) if r.type == "request"]
    data = bytearray(path.read_bytes())
    at = requests[4].offset + requests[4].length // 2
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    return name, 4


def test_a_damaged_file_is_told_and_the_others_are_read(store: Store, tmp_path: Path) -> None:
    want = dump(store)
    name, _ = damaged(store)
    have, problems = fresh(store, tmp_path)
    (problem,) = problems
    assert problem.startswith(f"{name}: ")
    assert problem.endswith(".")
    others = [row for row in want["captures"] if row["file"] != name]
    assert [row for row in have["captures"] if row["file"] != name] == others
    assert have["versions"] == want["versions"]


def test_what_comes_before_the_damage_is_read(store: Store, tmp_path: Path) -> None:
    name, before = damaged(store)
    have, _ = fresh(store, tmp_path)
    assert len([row for row in have["captures"] if row["file"] == name]) == before


def test_damage_in_a_large_record_is_told_too(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        capture = run.keep(exchange("https://ellery.test/1", wire(random.Random(1).randbytes(100_000))))
        run.keep(exchange("https://ellery.test/2"))
    data = bytearray(store.path(capture.file).read_bytes())
    data[capture.offset + 50_000] ^= 1
    store.path(capture.file).write_bytes(data)
    assert len(rebuild(store)) == 1


def test_a_warc_of_somebody_else_is_told(store: Store) -> None:
    live = dump(store)
    path = store.root / "originals" / "theirs.warc.gz"
    block = b"software: other\r\n"
    head = f"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: {len(block)}\r\n\r\n".encode()
    path.write_bytes(gzip.compress(head + block + b"\r\n\r\n"))
    assert rebuild(store) == [
        "originals/theirs.warc.gz: is not of newswarc: its warcinfo names no run, or not when it began."
    ]
    assert differences(live, dump(store)) == {}
    with running(store, "ellery"):
        pass


def metadata(kind: str, content: Any, **fields: Any) -> Record:
    block = content if isinstance(content, bytes) else json.dumps(content).encode()
    told = {"type": "metadata", "date": "2026-11-20T09:00:00Z", "target_uri": f"urn:newswarc:{kind}:1", "block": block}
    return Record(**(told | fields))


FACTS = {"url": "https://a.test/", "method": "GET", "started": "x", "ended": "x", "outcome": "dns", "size": 1}
RESPONSE = metadata("", wire(b"x"), type="response", target_uri="https://a.test/", content_type="application/http")
TEXT = metadata("", b"text", type="conversion", target_uri="https://a.test/", headers=[("WARC-Refers-To", "<urn:a>")])
DETAILS = {"article": {"url": "https://a.test/", "trace": {"capture": "urn:a"}}, "date": "2026-11-20T09:00:00Z"}
DETAILS |= {"extracted": "x", "text_digest": sha256(b"text")}


@pytest.mark.parametrize(
    "content",
    [
        [metadata("failure", b"no JSON")],
        [metadata("failure", b"\xff\xff")],
        [metadata("failure", {"url": "https://a.test/"})],
        [metadata("run", {"ended": "x"})],
        [RESPONSE, metadata("exchange", [])],
        [TEXT, metadata("article", DETAILS | {"article": {}}), metadata("provenance", {})],
        [RESPONSE, metadata("exchange", FACTS | {"status": "x", "mime": None})],
        [metadata("failure", FACTS | {"lead": "x"})],
        [metadata("failure", FACTS | {"size": 1 << 80})],
        [metadata("failure", b"[" * 100_000)],
        [
            metadata("", b"\xff", type="conversion", target_uri="https://a.test/"),
            metadata("article", DETAILS),
            metadata("provenance", {}),
        ],
        [TEXT, metadata("article", DETAILS | {"article": "x"}), metadata("provenance", {})],
        [metadata("failure", FACTS | {"url": "https://a.test/\ud83d"})],
    ],
)
def test_records_that_are_not_as_ours_are_told_in_one_sentence(
    store: Store, tmp_path: Path, content: list[Record]
) -> None:
    want = dump(store)
    path = store.root / "originals" / "odd-originals.warc.gz"
    info = {"created": "2026-11-20T09:00:00Z", "newswarc-run": "1", "newswarc-started": "2026-11-20T09:00:00Z"}
    writer = WarcWriter(path, info)
    writer.append(content)
    writer.close()
    have, problems = fresh(store, tmp_path)
    (problem,) = problems
    assert problem.startswith("originals/odd-originals.warc.gz: ")
    assert problem.endswith(".")
    assert "\n" not in problem
    assert have["versions"] == want["versions"]


def test_a_description_without_a_beginning_is_told(store: Store, tmp_path: Path) -> None:
    writer = WarcWriter(
        store.root / "originals" / "odd.warc.gz", {"created": "2026-11-20T09:00:00Z", "newswarc-run": "1"}
    )
    writer.close()
    assert len(fresh(store, tmp_path)[1]) == 1


def test_rows_are_made_from_what_the_files_say_now(store: Store) -> None:
    """Somebody who changes a file and its digest changes the rebuilt catalogue; verify is there to see it."""
    name = store.files("originals")[-1]
    path = store.path(name)
    data = path.read_bytes()
    last = list(read_records(path))[-1]
    path.write_bytes(data[: last.offset])
    digest_again(path)
    before = dump(store)
    rebuild(store)
    assert {*differences(before, dump(store))} <= {"files", "runs", "fetches", "days", "pages"}


def test_a_run_with_problems_in_old_files_still_starts(store: Store) -> None:
    damaged(store)
    rebuild(store)
    with running(store, "ellery") as run:
        assert run.keep(exchange("https://ellery.test/new")).kind == "response"


def test_failures_and_runs_come_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        for n in range(3):
            run.keep_failure(failure(f"https://nowhere.test/{n}", kind="timeout", error="No answer in 20 s."))
    rebuild(store)
    rows = dump(store)
    assert [row["outcome"] for row in rows["fetches"]] == ["timeout"] * 3
    assert [(row["reason"], row["stats"]) for row in rows["runs"]] == [("finished", '{"items": 1}')]
