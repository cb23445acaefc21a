"""`Policy`: the marks that keep pages from something, as settings decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from archive.errors import SettingError
from archive.rights.statement import MARKS

__all__ = ["NOTHING", "Policy", "checked"]


class Policy(msgspec.Struct, frozen=True):
    """Marks (`archive.rights.statement.MARKS`) of pages that are left out; sources may have others."""

    marks: frozenset[str] = frozenset()
    by_source: Mapping[str, frozenset[str]] = {}

    def of(self, source: str) -> frozenset[str]:
        """The marks that count for a source."""
        return self.by_source.get(source, self.marks)

    def __or__(self, other: Policy) -> Policy:
        """What either leaves out."""
        sources = {*self.by_source, *other.by_source}
        return Policy(self.marks | other.marks, {name: self.of(name) | other.of(name) for name in sources})

    def __bool__(self) -> bool:
        return bool(self.marks or any(self.by_source.values()))


NOTHING = Policy()


def checked(names: Iterable[str], where: str, known: Iterable[str] = MARKS) -> frozenset[str]:
    """The names of marks in a setting. Raises `SettingError` for one that is none."""
    chosen = frozenset(names)
    known = tuple(known)
    for name in sorted(chosen.difference(known)):
        raise SettingError(f"{where}: {name!r} is no mark of rights; there are {', '.join(known)}.")
    return chosen
