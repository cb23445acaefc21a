"""`scrapy export` and `scrapy keygen` as a user has them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from archive.storage import Store
from tests.archive.export.papers import Opened, paper
from tests.archive.making import ROOT
from tests.test_commands import SCRAPY, Ended


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paper(tmp_path_factory.mktemp("paper")).root


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a key."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def scrapy(store: Path, *args: object, **settings: object) -> Ended:
    command = [str(SCRAPY), *map(str, args), "-s", f"ARCHIVE_STORE={store}"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def one_sentence(done: Ended, code: int = 1) -> str:
    assert (done.code, done.out) == (code, "")
    (line,) = done.lines
    assert line.startswith("newswarc: ")
    assert line.endswith(".")
    return line


@pytest.mark.parametrize("name", ["a.wacz", "a.jsonl", "a.wet.gz", "a.parquet", "a.zip", "a/"])
def test_every_format_is_told_by_the_name(store: Path, tmp_path: Path, name: str) -> None:
    done = scrapy(store, "export", "-o", f"{tmp_path}/{name}")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{tmp_path / name}: 3 articles, ")
    assert (tmp_path / name).exists()
    assert [p.name for p in tmp_path.iterdir()] == [name.rstrip("/")]


def test_options_choose(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    options = ["--source", "ellery", "--since", "2026-11-20", "--until", "2026-11-20", "--search", "boats"]
    done = scrapy(store, "export", *options, "--language", "en", "--versions", "all", "-o", target)
    assert done.out.startswith(f"{target}: 2 versions, ")
    assert [json.loads(line)["headline"] for line in target.read_text().splitlines()] == [
        "Storm keeps twelve boats out",
        "Storm keeps nine boats out",
    ]
    done = scrapy(store, "export", "--captured-until", "2026-11-20", "--format", "jsonl", "-o", tmp_path / "b")
    assert "2 articles" in done.out
    assert "twelve" in (tmp_path / "b").read_text().splitlines()[0]


def test_a_key_signs_what_follows(store: Path, tmp_path: Path, home: Path) -> None:
    unsigned, signed, plain = (tmp_path / f"{name}.wacz" for name in ("unsigned", "signed", "plain"))
    assert "Not signed." in scrapy(store, "export", "-o", unsigned).out
    made = scrapy(store, "keygen")
    assert made.code == 0
    key = home / "newswarc" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert str(key) in made.out
    fingerprint = made.out.split()[-1]
    assert f"Signed by {fingerprint}." in scrapy(store, "export", "-o", signed).out
    assert "Not signed." in scrapy(store, "export", "--unsigned", "-o", plain).out
    assert "signedData" in Opened(signed).json("datapackage-digest.json")
    assert plain.read_bytes() == unsigned.read_bytes()
    assert "never overwritten" in one_sentence(scrapy(store, "keygen"))
    other = scrapy(store, "keygen", tmp_path / "other.pem").out.split()[-1]
    assert other != fingerprint
    assert (
        f"Signed by {other}." in scrapy(store, "export", "--key", tmp_path / "other.pem", "--force", "-o", signed).out
    )
    again = scrapy(store, "export", "--force", "-o", signed, EXPORT_KEY=tmp_path / "other.pem")
    assert f"Signed by {other}." in again.out


def test_keys_that_are_no_good(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.wacz"
    assert "scrapy keygen" in one_sentence(scrapy(store, "export", "--key", tmp_path / "none.pem", "-o", target))
    assert "scrapy keygen" in one_sentence(scrapy(store, "export", "-o", target, EXPORT_KEY=tmp_path / "none.pem"))
    scrapy(store, "keygen", tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o644)
    said = one_sentence(scrapy(store, "export", "--key", tmp_path / "key.pem", "-o", target))
    assert f"chmod 600 {tmp_path / 'key.pem'}" in said
    assert not target.exists()
    inside = one_sentence(scrapy(store, "keygen", store / "originals" / "key.pem"))
    assert "inside the archive" in inside
    assert not (store / "originals" / "key.pem").exists()
    one_sentence(scrapy(store, "keygen", "a", "b"), 2)


def test_refusals(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_text("mine")
    assert "--force" in one_sentence(scrapy(store, "export", "-o", target))
    assert target.read_text() == "mine"
    target.unlink()
    one_sentence(scrapy(store, "export", "--source", "nobody", "-o", target))
    one_sentence(scrapy(store, "export", "--since", "soon", "-o", target))
    one_sentence(scrapy(store, "export", "--captured-since", "soon", "-o", target))
    one_sentence(scrapy(store, "export", "--search", '"open', "-o", target))
    one_sentence(scrapy(store, "export", "-o", tmp_path / "missing" / "a.jsonl"))
    one_sentence(scrapy(tmp_path / "nowhere", "export", "-o", target))
    one_sentence(scrapy(store, "export"), 2)
    one_sentence(scrapy(store, "export", "word", "-o", target), 2)
    assert "--format" in one_sentence(scrapy(store, "export", "-o", tmp_path / "a.html"), 2)
    assert list(tmp_path.iterdir()) == []


def test_stopping_it_leaves_nothing(store: Path, tmp_path: Path) -> None:
    """Stopped in the middle of its work, which here waits for a pipe that is the archive's file."""
    copy = Store(tmp_path / "copy")
    subprocess.run(["cp", "-r", store, copy.root], check=True)
    for name in copy.files("derived"):
        path = copy.path(name)
        path.unlink()
        os.mkfifo(path)
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [str(SCRAPY), "export", "-s", f"ARCHIVE_STORE={copy.root}", "-o", str(tmp_path / "a.jsonl")]
        running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(300):
            if any(".part" in path.name for path in tmp_path.iterdir()):
                break
            time.sleep(0.1)
        else:
            raise AssertionError("it did not begin")
        running.send_signal(number)
        running.communicate(timeout=30)
        assert running.returncode != 0
        assert [path.name for path in tmp_path.iterdir()] == ["copy"]
