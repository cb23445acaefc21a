"""`reader`: who asks."""

from __future__ import annotations

from contextvars import ContextVar

from archive.access.accounts import User

__all__ = ["reader"]

reader: ContextVar[User | None] = ContextVar("reader", default=None)
"""The user whose request is being answered, if there are users at all."""
