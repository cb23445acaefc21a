from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archive.errors import ExportError
from archive.export.output import new_file, new_folder
from tests.archive.making import refused, run_python


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "a") as file:
        file.write(b"half")
        assert "a" not in left(tmp_path)
    assert left(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"half"


def test_it_has_the_rights_that_new_files_have(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with new_file(tmp_path / "a"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "a") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "b") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_bytes(b"half")
        raise KeyboardInterrupt
    assert left(tmp_path) == []


def test_an_existing_file_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ExportError) as caught, new_file(path):
        pass
    assert "--force" in refused(caught.value)
    with new_file(path, force=True) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    with pytest.raises(KeyboardInterrupt), new_file(path, force=True):
        raise KeyboardInterrupt
    assert path.read_bytes() == b"new"
    assert left(tmp_path) == ["a"]


def test_a_file_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(ExportError) as caught, new_file(path) as file:
        file.write(b"ours")
        path.write_bytes(b"theirs")
    refused(caught.value)
    assert path.read_bytes() == b"theirs"
    assert left(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_a_file_system_without_links(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    with new_file(tmp_path / "a") as file:
        file.write(b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    with pytest.raises(ExportError) as caught, new_file(tmp_path / "b"):
        (tmp_path / "b").write_bytes(b"theirs")
    refused(caught.value)
    assert left(tmp_path) == ["a", "b"]
    assert (tmp_path / "b").read_bytes() == b"theirs"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    for target in (tmp_path, Path("/dev/null")):
        with pytest.raises(ExportError) as caught, new_file(target, force=True):
            pass
        refused(caught.value)
    assert Path("/dev/null").is_char_device()


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with new_folder(tmp_path / "a") as folder:
        (folder / "file").write_bytes(b"ours")
    with pytest.raises(ExportError) as caught, new_folder(tmp_path / "a"):
        pass
    refused(caught.value)
    (tmp_path / "b").write_bytes(b"")
    with pytest.raises(ExportError) as caught, new_folder(tmp_path / "b"):
        pass
    refused(caught.value)
    assert (tmp_path / "a" / "file").read_bytes() == b"ours"
    assert left(tmp_path) == ["a", "b"]


def test_a_folder_that_fills_meanwhile_stays(tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught, new_folder(tmp_path / "a") as folder:
        (folder / "file").write_bytes(b"ours")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "file").write_bytes(b"theirs")
    refused(caught.value)
    assert left(tmp_path) == ["a"]
    assert (tmp_path / "a" / "file").read_bytes() == b"theirs"


def test_the_longest_names_do(tmp_path: Path) -> None:
    with new_file(tmp_path / ("a" * 255)) as file:
        file.write(b"1")
    with pytest.raises(ExportError) as caught, new_file(tmp_path / ("a" * 256)):
        pass
    refused(caught.value)
    assert len(left(tmp_path)) == 1


FULL = """
import resource, signal
from archive.export.output import new_file, new_folder
from archive.errors import ExportError
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
target = Path(sys.argv[1])
for new, write in ((new_file, lambda f: f.write(bytes(20_000))),
                   (new_folder, lambda f: (f / "file").write_bytes(bytes(20_000)))):
    try:
        with new(target) as opened:
            write(opened)
    except ExportError as error:
        print(error)
print(os.listdir(target.parent))
"""


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """The limit of a file's size is refused by write(2), as a full disk is."""
    done = run_python(FULL, tmp_path / "a")
    assert done.returncode == 0, done.stderr
    sentence = f"{tmp_path / 'a'}: can't be written: File too large; nothing was left behind."
    assert done.stdout.splitlines() == [sentence, sentence, "[]"]
