"""`ScheduledSources`: the schedules in the source definitions, read again when a file changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archive.errors import SourceError
from crawler.scheduling.schedule import Schedule
from crawler.source import Source, load_sources, project_folder

__all__ = ["ScheduledSources"]


class ScheduledSources:
    """The sources of some folders, or those of them that are named."""

    def __init__(self, folders: Sequence[str], names: Sequence[str], complain: Callable[[SourceError], None]) -> None:
        """`complain` hears of definitions that are wrong; the other sources go on."""
        self._folders = [project_folder() / folder for folder in folders]
        self._names = names
        self._complain = complain
        self._seen: object = None
        self._said: set[tuple[str, str]] = set()
        self._good: dict[str, Schedule | None] = {}
        self._sources: dict[str, Source] = {}

    def source(self, name: str) -> Source | None:
        """The definition of that name as it was read last, if it was ever right."""
        return self._sources.get(name)

    def all(self) -> dict[str, Schedule | None]:
        """Every source, those without a schedule too. Raises `SourceError` for a name that is none, or is wrong."""
        found, errors = self._load()
        if not self._names:
            self._say(errors)
        for name in self._names:
            if error := errors.get(name):
                raise error
            if name not in found:
                known = ", ".join(sorted(found)) or "none yet"
                raise SourceError(f"There is no source {name!r}; the sources are: {known}.")
            if self._names and not found[name]:
                raise SourceError(f'{name} has no schedule: write schedule = "every 45 minutes" into its file.')
        return {name: schedule for name, schedule in found.items() if not self._names or name in self._names}

    def changed(self) -> dict[str, Schedule] | None:
        """The schedules; None if no file has changed since they were asked for.

        Where a file has become wrong, its source goes on as before.
        """
        now = {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for folder in self._folders
            for path in folder.glob("*.toml")
            if path.exists()
        }
        if now == self._seen:
            return None
        self._seen = now
        found, errors = self._load()
        self._say(errors)
        found |= {name: self._good.get(name) for name in errors}
        self._good = found
        return {name: s for name, s in found.items() if s and (not self._names or name in self._names)}

    def _say(self, errors: dict[str, SourceError]) -> None:
        for name, error in errors.items():
            if (name, str(error)) not in self._said:
                self._said.add((name, str(error)))
                self._complain(error)

    def _load(self) -> tuple[dict[str, Schedule | None], dict[str, SourceError]]:
        found: dict[str, Schedule | None] = {}
        errors: dict[str, SourceError] = {}
        for folder in self._folders:
            sources, wrong = load_sources(folder)
            found |= {name: source.schedule for name, source in sources.items()}
            self._sources |= sources
            errors = {name: e for name, e in errors.items() if name not in sources} | wrong
        return {name: schedule for name, schedule in found.items() if name not in errors}, errors
