"""`Sessions`: who has logged in, until they log out or the time is over."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from archive.access.accounts import User

__all__ = ["Sessions"]

_MOST, _MOST_OF_ONE = 10_000, 20


class Sessions:
    """Kept in memory, by the digest of their secret: a restart ends all."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is how long one lasts, however much it is used."""
        self._seconds, self._clock = seconds, clock
        self._open: OrderedDict[str, tuple[User, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user: User) -> str:
        """A new one; returns its secret. The oldest of a user's goes when they have twenty."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            theirs = [key for key, (other, _) in self._open.items() if other.name == user.name]
            for key in theirs[: max(0, len(theirs) - _MOST_OF_ONE + 1)]:
                del self._open[key]
            while len(self._open) >= _MOST:
                self._open.popitem(last=False)
            self._open[_digest(secret)] = (user, self._clock() + self._seconds)
        return secret

    def user(self, secret: str) -> User | None:
        """Whose it is, or None if there is none or it is over."""
        with self._lock:
            found = self._open.get(_digest(secret))
            if found is None:
                return None
            if self._clock() >= found[1]:
                del self._open[_digest(secret)]
                return None
            return found[0]

    def end(self, secret: str) -> None:
        """It is over."""
        with self._lock:
            self._open.pop(_digest(secret), None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
