"""What replay says when it can't show a capture: a short page, never a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["Moved", "Problem", "page"]


class Problem(Exception):
    """A request that gets a page of ours instead of a capture."""

    def __init__(self, status: str, title: str, text: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.title = title
        self.headers = headers


class Moved(Problem):
    """A request that is led elsewhere."""

    def __init__(self, status: str, address: str) -> None:
        super().__init__(status, "It is elsewhere", address)
        self.address = address


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.05rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.2rem }}
h1 {{ font-size: 1.35rem }} p {{ overflow-wrap: anywhere }}
</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


def page(problem: Problem) -> bytes:
    """The problem as HTML that needs nothing else."""
    return _PAGE.format(title=escape(problem.title), text=escape(str(problem))).encode()
