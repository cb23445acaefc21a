"""`Allowance`: how many articles a run may still ask for, and which it has asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from urllib.parse import urldefrag

from crawler.agenda import Due

__all__ = ["Allowance"]


class Allowance:
    """Lets each article through once, and no more than a number of them.

    What it leaves aside of a limit that a person has set takes the place of articles that could not be fetched.
    """

    def __init__(self, limit: int | None, left: int | None = None) -> None:
        """`limit` is the person's, `left` what the source's cadence allows; None: without."""
        self._limit, self._left = limit, left
        self._seen: set[str] = set()
        self._waiting: deque[Due] = deque()
        self.put_off = 0
        """Articles that the cadence leaves for another run."""

    def through(self, due: Iterable[Due]) -> Iterator[Due]:
        """Those that may be asked for."""
        for page in due:
            url = urldefrag(page.url)[0]
            if url in self._seen:
                continue
            self._seen.add(url)
            if self._limit is not None and self._limit <= 0:
                self._waiting.append(page)
            elif self._left is not None and self._left <= 0:
                self.put_off += 1
            else:
                self._limit = None if self._limit is None else self._limit - 1
                self._left = None if self._left is None else self._left - 1
                yield page

    def instead(self) -> Due | None:
        """The next one in place of an article that could not be fetched."""
        return self._waiting.popleft() if self._waiting else None
