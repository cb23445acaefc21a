"""`Progress`: how long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress"]

Progress = Callable[[str, int, int], None]
"""Called with what is being worked on, its number from 1, and how many there are."""
