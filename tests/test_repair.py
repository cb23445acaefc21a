"""`scrapy repair` and `scrapy verify` in rounds, as they are typed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from archive.reader import read_records
from archive.storage import Store
from tests.archive.making import ROOT, keep_page, later, page, running

SCRAPY = ROOT / ".venv" / "bin" / "scrapy"


def scrapy(*args: object, store: Path) -> tuple[int, str, str]:
    """Exit code, output and errors; there must be no traceback."""
    command = [str(SCRAPY), *map(str, args), "-s", f"ARCHIVE_STORE={store}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three pages with their texts; the response of the second is damaged."""
    store = Store(tmp_path / "archive")
    with running(store, "gazette") as run:
        for n in range(3):
            keep_page(run, f"https://gazette.example/{n}", page(f"Storm {n}"), at=later(n))
    path = store.path(store.files("originals")[0])
    response = [record for record in read_records(path) if record.type == "response"][1]
    data = bytearray(path.read_bytes())
    data[response.offset + 300] ^= 4
    path.write_bytes(data)
    return store


def test_a_damaged_file_is_told_mended_and_clean(store: Store, tmp_path: Path) -> None:
    (name,) = store.files("originals")
    content = store.path(name).read_bytes()
    code, out, _ = scrapy("repair", store=store.root)
    assert code == 0
    assert re.search(r"gone: bytes \d+ to \d+\.", out)
    assert re.search(r"response urn:uuid:\S+ of https://gazette\.example/1 at 2026-11-20T10:00:00Z", out)
    assert "The archive is unchanged" in out
    assert store.path(name).read_bytes() == content
    code, out, _ = scrapy("repair", name, "--output", tmp_path / "new", store=store.root)
    assert (code, store.path(name).read_bytes()) == (0, content)
    assert len(list(read_records(next((tmp_path / "new").iterdir())))) == 10
    code, out, _ = scrapy("repair", "--accept", store=store.root)
    assert code == 0
    assert "mended; the damaged file is kept as" in out
    assert (store.root / "damaged" / Path(name).name).read_bytes() == content
    code, out, _ = scrapy("verify", store=store.root)
    assert code == 0, out
    assert out.splitlines()[0].startswith(f"GONE {name}, byte ")
    assert out.endswith("all is well.\n")
    assert scrapy("repair", store=store.root) == (0, "2 files: nothing is damaged.\n", "")
    code, out, _ = scrapy("verify", "--older-than", 2, "--budget", "1GB", "--jobs", 1, store=store.root)
    assert code == 0
    assert "2 files had no turn" in out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["repair", "--accept", "--output", "x"], "give either --accept or --output"),
        (["verify", "--rate", "fast"], "--rate fast: is no size such as 20MB"),
        (["verify", "--budget", "-5"], "--budget"),
        (["repair", "/no/such/file.warc.gz"], "can't be salvaged: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(store: Store, args: list[str], told: str) -> None:
    code, _, err = scrapy(*args, store=store.root)
    assert code != 0
    assert told in err
    assert not (store.root / "damaged").exists()
