"""`StateFile`: where plans outlive the scheduler, ``schedule.json`` in the archive's folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from archive.checked_json import pack, unpack
from archive.durability import replace_file
from archive.errors import StoreError
from crawler.scheduling.plan import Plan

__all__ = ["StateFile"]


class StateFile:
    """Plans by source. The file is replaced as a whole, so a kill leaves the old one or the new one.

    It can't be made from the WARC files, but nothing is lost with it: the last run of each source is known to the
    catalogue, and the schedules are the sources' own.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / "schedule.json"

    def load(self) -> dict[str, Plan]:
        """What was kept; nothing if nothing was. Raises `StoreError` if the file can't be read."""
        try:
            return msgspec.convert(unpack(self.path.read_bytes()), dict[str, Plan])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"{self.path}: can't be read: {error.strerror}.") from error
        except (StoreError, msgspec.ValidationError) as error:
            raise StoreError(f"{self.path}: does not hold what scrapy schedule wrote.") from error

    def put_aside(self) -> Path:
        """Rename a file that can't be read; gives its new name. Raises `StoreError`."""
        aside = self.path.with_suffix(".json.damaged")
        try:
            return self.path.rename(aside)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be renamed: {error.strerror}.") from error

    def keep(self, plans: dict[str, Plan]) -> None:
        """Write all plans, safe against a power cut. Raises `StoreError`, and the file stays as it was."""
        new = self.path.with_suffix(".json.new")
        try:
            replace_file(self.path, pack(plans), temporary=new)
        except OSError as error:
            raise StoreError(
                f"{self.path}: can't be written: {error.strerror}; runs go on, but after a restart some may come again."
            ) from error
