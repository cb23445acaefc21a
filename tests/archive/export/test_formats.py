"""What holds for all formats: which one, the same bytes always, flat memory, nothing half."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from archive.errors import ArchiveError, ExportError
from archive.export.formats import ENDINGS, Format, export, format_of
from archive.export.query import Query
from archive.rebuild import rebuild
from archive.signing import SigningKey
from archive.storage import Store
from tests.archive.export.papers import Opened, handed_over, paper
from tests.archive.making import ROOT, refused

FORMATS: tuple[Format, ...] = get_args(Format)
NAMES = {"wacz": "a.wacz", "jsonl": "a.jsonl", "markdown": "a", "wet": "a.wet.gz", "parquet": "a.parquet"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


def content(path: Path) -> dict[str, str]:
    """The digest of a file, or of each in a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize(
    ("target", "name", "expected"),
    [
        ("a.wacz", None, "wacz"),
        ("a.WACZ", None, "wacz"),
        ("a.b.jsonl", None, "jsonl"),
        ("a.wet.gz", None, "wet"),
        ("a.warc.wet.gz", None, "wet"),
        ("a.parquet", None, "parquet"),
        ("a.zip", None, "markdown"),
        ("a/", None, "markdown"),
        ("a", "markdown", "markdown"),
        ("a.zip", "wacz", "wacz"),
    ],
)
def test_the_format_is_told_by_the_name(target: str, name: str | None, expected: str) -> None:
    assert format_of(target, name) == expected


@pytest.mark.parametrize(("target", "name"), [("a", None), ("a.html", None), ("a.wacz", "pdf"), ("a.gz", None)])
def test_a_name_that_tells_nothing(target: str, name: str | None) -> None:
    with pytest.raises(ExportError) as caught:
        format_of(target, name)
    assert "--format" in refused(caught.value)


def test_every_format_has_an_ending() -> None:
    assert set(ENDINGS.values()) == set(FORMATS)


# The same bytes

ELSEWHERE = """
import sys
from pathlib import Path
from archive.export.formats import export
from archive.export.query import Query
from archive.signing import SigningKey
from archive.storage import Store
root, target, format, key = sys.argv[1:]
export(Store(root), Query(versions="all"), Path(target), format, key=SigningKey.read(Path(key)))
"""


@pytest.mark.parametrize("format_", FORMATS)
def test_it_is_the_same_in_another_process_at_another_time_and_place(
    store: Store, tmp_path: Path, format_: Format
) -> None:
    """The store was copied, its catalogue made anew; clock, zone, language, umask and hash seed are others."""
    key = SigningKey.make(tmp_path / "key.pem")
    ours, theirs = tmp_path / NAMES[format_], tmp_path / f"other-{NAMES[format_]}"
    handed_over(store, ours, format_, versions="all", key=key)
    copy = Store(tmp_path / "elsewhere" / "copy")
    shutil.copytree(store.root, copy.root)
    rebuild(copy)
    time.sleep(1.1)
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "tr_TR.UTF-8",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", ELSEWHERE, copy.root, theirs, format_, tmp_path / "key.pem"]
    done = subprocess.run(
        command, env=environment, umask=0o077, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert content(ours) == content(theirs)


def test_other_articles_give_another_package(store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a.wacz", source="ellery")
    handed_over(store, tmp_path / "b.wacz", source="nordlys")
    one, other = Opened(tmp_path / "a.wacz"), Opened(tmp_path / "b.wacz")
    assert one.name("archive/") != other.name("archive/")
    assert one.records()[0].id != other.records()[0].id


# Nothing half


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_fits_and_nothing_is_left(store: Store, tmp_path: Path, format_: Format) -> None:
    with pytest.raises(ExportError) as caught:
        handed_over(store, tmp_path / NAMES[format_], format_, source="nobody")
    refused(caught.value)
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, signal, sys
from pathlib import Path
from archive.errors import ArchiveError
from archive.export.formats import export
from archive.export.query import Query
from archive.storage import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    export(Store(sys.argv[1]), Query(versions="all"), Path(sys.argv[2]), sys.argv[3])
except ArchiveError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [700, 3000])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    store: Store, tmp_path: Path, format_: Format, room: int
) -> None:
    if format_ in ("markdown", "wet") and room == 3000:
        pytest.skip("its files are smaller")
    target = tmp_path / NAMES[format_]
    command = [sys.executable, "-W", "error", "-c", FULL, store.root, target, format_, str(room)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    sentence = refused(ExportError(done.stdout.strip()))
    assert f"{target}: can't be written" in sentence, sentence
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(store: Store, tmp_path: Path) -> None:
    for format_ in FORMATS:
        with pytest.raises(ArchiveError) as caught:
            handed_over(store, tmp_path / "missing" / NAMES[format_], format_)
        refused(caught.value)


def test_progress_is_told(store: Store, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    handed_over(store, tmp_path / "a.wacz", progress=lambda *step: told.append(step))
    assert all(1 <= number <= total for _, number, total in told)
    assert {"copying records", "finding texts"} <= {what for what, *_ in told}


# Memory

GROWING = """
import json, sys, tracemalloc
from pathlib import Path
import archive.catalogue.search, archive.export.parquet
from archive.article import Article
from archive.export.formats import export
from archive.export.query import Query
from archive.storage import Store
from tests.archive.export.papers import keep_text
from tests.archive.making import SENTENCES, running

# Buffers are small here, so that they are full with few articles.
archive.catalogue.search._PAGE, archive.export.parquet._GROUP_ROWS = 50, 50
folder = Path(sys.argv[1])
store = Store(folder / "archive")
with running(store) as run:
    for n in range(900):
        url = f"https://ellery.test/{n}/"
        article = Article(url=url, headline=f"Report {n}", text="\\n".join(f"{n} {s}" for s in SENTENCES))
        keep_text(run, url, article, html=article.text.encode() * 3, hours=n / 75)
peaks = {"few": {}, "many": {}}
for number, until in (("warm", "2026-11-20T09:10"), ("few", "2026-11-20T11:00"), ("many", "2027")):
    (folder / number).mkdir()
    for format, name in json.loads(sys.argv[2]).items():
        tracemalloc.start()
        done = export(store, Query(until=until), folder / number / name, format)
        if number != "warm":  # what is imported and cached once doesn't count
            peaks[number][format] = tracemalloc.get_traced_memory()[1]
            assert 120 < done.versions < 180 or (number == "many" and done.versions == 900), done
        tracemalloc.stop()
print(json.dumps(peaks))
"""


def test_memory_does_not_grow_with_the_articles(tmp_path: Path) -> None:
    """A list of nothing but the addresses of 750 more would take 80 KB."""
    names = json.dumps({**NAMES, "markdown": "a.zip"})
    command = [sys.executable, "-c", GROWING, tmp_path, names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peaks: dict[str, dict[str, int]] = json.loads(done.stdout)
    for format_ in FORMATS:
        room = 56 << 10  # CPython keeps up to 2,000 freed tuples of each size, of 48 bytes and more, which count here
        assert peaks["many"][format_] < peaks["few"][format_] + room, (format_, peaks)


def test_query_facts_are_what_was_asked() -> None:
    query = Query(source="ellery", words="ice & snow", since="2026-11", captured_until="2027")
    assert query.facts() == {
        "source": "ellery",
        "words": "ice & snow",
        "since": "2026-11",
        "captured_until": "2027",
        "versions": "latest",
    }
    assert str(query) == "of ellery, on ice & snow, 2026-11 to ..., captured ... to 2027"
    assert str(Query()) == ""
    assert export.__doc__
