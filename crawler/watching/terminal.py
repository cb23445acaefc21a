"""`is_live`: whether a stream can show lines that are drawn again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

__all__ = ["is_live"]


def is_live(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether lines that are drawn again can be shown: on a terminal that knows how, and that a person looks at."""
    if environment.get("TERM", "") in ("", "dumb", "unknown") or environment.get("CI", "") not in ("", "0", "false"):
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False
