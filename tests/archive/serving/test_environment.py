"""Setting pywb up, and what goes wrong with it."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from archive.errors import ServingError
from archive.serving import environment
from archive.serving.environment import PywbEnvironment
from tests.archive.making import refused
from tests.archive.serving.pywb import needs_pywb, pywb_python


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock file of our own, so that no network is needed."""
    path = tmp_path / "requirements.lock"
    path.write_text("# nothing\n")
    monkeypatch.setattr(environment, "LOCK", path)
    return path


def wheel(folder: Path) -> str:
    """A package called `harbour` to install; returns its digest."""
    path = folder / "harbour-1.0-py3-none-any.whl"
    info = "harbour-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("harbour.py", "BOATS = 12\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: harbour\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_only_what_has_its_hash_is_installed_and_only_once(tmp_path: Path, lock: Path) -> None:
    said: list[str] = []
    pywb = PywbEnvironment(tmp_path / "deep" / "pywb")
    digest = wheel(tmp_path)
    start = f"--no-index\n--find-links {tmp_path}\nharbour==1.0"

    lock.write_text(f"{start}\n")
    with pytest.raises(ServingError) as error:
        pywb.set_up(said.append)
    text = refused(error.value)
    assert "pywb can't be set up there" in text
    assert "hash" in text.lower()
    assert "--no-replay" in text
    assert pywb.python.exists()
    assert not pywb.is_current()  # begun, but not whole

    lock.write_text(f"{start} --hash=sha256:{digest}\n")
    pywb.set_up(said.append)
    assert pywb.is_current()
    done = subprocess.run([pywb.python, "-c", "import harbour; print(harbour.BOATS)"], capture_output=True, check=True)
    assert done.stdout == b"12\n"
    assert len(said) == 2
    assert str(pywb.path) in said[0]

    pywb.set_up(said.append)
    assert len(said) == 2
    lock.write_text(f"# another\n{start} --hash=sha256:{digest}\n")
    assert not pywb.is_current()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, lock: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServingError) as error:
        PywbEnvironment(tmp_path / "file" / "pywb").set_up(lambda _: None)
    assert str(tmp_path / "file") in refused(error.value)


def test_without_the_lock_file_nothing_is_installed(tmp_path: Path, lock: Path) -> None:
    lock.unlink()
    with pytest.raises(ServingError) as error:
        PywbEnvironment(tmp_path / "pywb").set_up(lambda _: None)
    assert "is missing" in refused(error.value)


@needs_pywb
def test_pywb_is_there_and_not_here() -> None:
    done = subprocess.run(
        [pywb_python(), "-I", "-c", "import pywb, sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() != ""
    with pytest.raises(ImportError):
        import pywb  # noqa: F401


def test_one_that_somebody_else_made_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert PywbEnvironment(tmp_path).is_current()
