"""`Telling`: a change in words."""

from __future__ import annotations

from typing import Any

import msgspec

from archive.catalogue.rows import Row

__all__ = ["WHY", "Telling"]

WHY = {
    "404": "the server answers that there is no such page (404)",
    "410": "the server answers that it is gone for good (410)",
    "451": "the server answers that it may not be shown for legal reasons (451)",
    "redirect": "its address leads to a page that is no article",
    "emptied": "the page is there, its text is not",
}
_LONG = 120


class Telling(msgspec.Struct, frozen=True):
    """What is said of a change: a few words, and a line for each of its parts."""

    title: str
    """``edited``, ``edited silently``, ``gone``, ``missing``, ``back``."""
    lines: tuple[str, ...]

    @classmethod
    def of(cls, row: Row) -> Telling:
        """Of a row of `Catalogue.changes`."""
        if row["what"] == "gone":
            return cls("gone" if row["is_confirmed"] else "missing", (_gone(row),))
        lines = [_edit(edit) for edit in row["edits"]]
        if left := row["left_out"]:
            lines.append(f"and {left} more {'edit' if left == 1 else 'edits'}")
        if row["what"] == "back":
            return cls("back", ("It is there again" + (", changed." if lines else ", as it was."), *lines))
        return cls("edited silently" if row["is_silent"] else "edited", (*lines, *_says(row)))


def _gone(row: Row) -> str:
    target = f": {row['target']}" if row["target"] else ""
    seen = "" if row["is_confirmed"] else " It was found so once only; the next look will tell."
    return f"Since {row['since']} {WHY[row['why']]}{target}; last seen {row['last_seen']}.{seen}"


def _says(row: Row) -> list[str]:
    """What the page says of the edit."""
    if row["told"] == "note":
        return [f"The page says so: {_cut(row['note'])}"]
    if row["told"] == "modified":
        return ["The page's date of change moved with it."]
    if not row["same_reader"]:
        return ["The versions were read by different software, so that some of it may be our reading."]
    return []


def _edit(edit: dict[str, Any]) -> str:
    name = ", ".join(edit["kinds"])
    before, after = _cut(edit["before"]), _cut(edit["after"])
    if "moved" in edit["kinds"]:
        return f"{name}: “{after}”"
    if not after:
        return f"{name}: “{before}” went" if "removed" not in edit["kinds"] else f"{name}: “{before}”"
    if not before:
        return f"{name}: “{after}” came" if "added" not in edit["kinds"] else f"{name}: “{after}”"
    return f"{name}: “{before}” became “{after}”"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONG else line[: _LONG - 1] + "…"
