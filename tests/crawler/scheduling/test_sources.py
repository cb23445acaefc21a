"""Which sources are scheduled, while their definitions are written, broken and mended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.errors import SourceError
from crawler.scheduling.sources import ScheduledSources


def define(folder: Path, name: str, more: str) -> None:
    file = folder / f"{name}.toml"
    file.write_text(f'title = "{name}"\nhome = "http://{name}.example/"\narticle_urls = ["/a/.*"]\n{more}\n')
    os.utime(file, ns=(0, len(list(folder.iterdir())) + file.stat().st_size))


def names(folder: Path, *given: str) -> tuple[ScheduledSources, list[str]]:
    complaints: list[str] = []
    return ScheduledSources([str(folder)], given, lambda error: complaints.append(str(error))), complaints


def test_files_are_read_again_when_one_changes(tmp_path: Path) -> None:
    define(tmp_path, "gazette", 'schedule = "every hour"')
    define(tmp_path, "herald", "")
    sources, complaints = names(tmp_path)
    assert list(sources.changed() or ()) == ["gazette"]
    assert sources.changed() is None
    define(tmp_path, "herald", 'schedule = "0 6 * * *"')
    assert sorted(sources.changed() or ()) == ["gazette", "herald"]
    define(tmp_path, "herald", 'schedule = "0 6 * *"')
    found = sources.changed()
    assert found is not None and found["herald"].when == "0 6 * * *", "as before"
    assert len(complaints) == 1 and "it has 4 fields, not five" in complaints[0]
    define(tmp_path, "gazette", "")
    assert list(sources.changed() or ()) == ["herald"]
    assert len(complaints) == 1, "said once"
    (tmp_path / "herald.toml").unlink()
    assert sources.changed() == {}


def test_a_choice(tmp_path: Path) -> None:
    define(tmp_path, "gazette", 'schedule = "every hour"')
    define(tmp_path, "herald", 'schedule = "every hour"')
    define(tmp_path, "by_hand", "")
    define(tmp_path, "wrong", "schedule = 1")
    chosen, _ = names(tmp_path, "herald")
    assert list(chosen.all()) == list(chosen.changed() or ()) == ["herald"]
    for name, sentence in (
        ("nix", "There is no source 'nix'; the sources are: by_hand, gazette, herald."),
        ("by_hand", 'by_hand has no schedule: write schedule = "every 45 minutes" into its file.'),
        ("wrong", f"{tmp_path / 'wrong.toml'}, line 4, key 'schedule': 1 is no schedule such as"),
    ):
        with pytest.raises(SourceError) as error:
            names(tmp_path, name)[0].all()
        assert str(error.value).startswith(sentence)
    everyone, _ = names(tmp_path)
    assert sorted(everyone.all()) == ["by_hand", "gazette", "herald"]
