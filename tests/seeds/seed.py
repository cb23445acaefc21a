"""`Seed`: a text of the five sources' captures beside the repository, and what must be read from it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["NAMES", "ROOT", "SHARED", "Seed", "fold"]

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
NAMES = "moscow_times", "foreign_policy", "world_bulletin", "russia_insider", "blogger"


def fold(text: str) -> str:
    """White space runs, no-break spaces too, as one space: the way of the gold files."""
    return re.sub(r"\s+", " ", text).strip()


@dataclass(frozen=True)
class Seed:
    name: str
    headline: str
    paragraphs: tuple[str, ...]
    """As captured, no-break spaces and all."""
    gold: tuple[str, ...]
    """The paragraphs that the text must have."""
    furniture: tuple[str, ...]
    """Lines that must not be in the text, in page order."""
    urls: tuple[str, ...]
    fields: dict[str, Any]
    """The other fields of the gold file."""

    @classmethod
    def load(cls, name: str) -> Seed:
        folder = SHARED / "gold"
        fields = json.loads((folder / f"{name}.json").read_text("utf-8"))
        gold = tuple(p.strip() for p in (folder / f"{name}.txt").read_text("utf-8").split("\n\n"))
        lines = (SHARED / "seeds" / f"{name}.txt").read_text("utf-8").split("\n")
        captured = {fold(line): line for line in reversed(lines)}
        return cls(
            name=name,
            headline=fields.pop("title"),
            paragraphs=tuple(captured[p] for p in gold),
            gold=gold,
            furniture=tuple(fields.pop("furniture")),
            urls=tuple(fields.pop("urls", ())),
            fields=fields,
        )
