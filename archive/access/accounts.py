"""`Accounts`: the users of a served archive, and how their passwords and tokens are kept.

Standard library only: replay's process, in whose environment nothing of ours is installed, loads this by its place.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import stat
import threading
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "COST", "LONGEST_PASSWORD", "SHORTEST_PASSWORD", "Accounts", "AccountsError", "User", "hash_password",
    "is_name", "new_token",
]  # fmt: skip

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
"""Characters."""
COST = (15, 8, 3)
"""log2 of N, r and p of scrypt (RFC 7914): 32 MiB and about a quarter of a second."""
_NAME = "[A-Za-z0-9_.@-]{1,64}"
_PASSWORD = re.compile(
    r"\$scrypt\$ln=(1[4-9]|20),r=([1-9]|[12]\d),p=([1-9]|1\d)\$([A-Za-z0-9+/]{16,86})\$([A-Za-z0-9+/]{43})"
)
_TOKEN = re.compile(r"\$sha256\$([0-9a-f]{64})")
_LARGEST = 1 << 20


class AccountsError(Exception):
    """The file of users can't be read, or has a line that makes no sense."""


class User(NamedTuple):
    """Somebody who was let in."""

    name: str
    line: str
    """Digest of the line of the file that let them in: when that goes, so do they."""


class _Table(NamedTuple):
    state: tuple[int, ...]
    passwords: dict[str, str]
    tokens: dict[bytes, User]
    lines: frozenset[User]
    nobody: str
    """The hash of a password that nobody knows, as costly to check as those of the users."""


class Accounts:
    """The users that a file lists, one ``name:hash`` a line. It is read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Raises `AccountsError`."""
        self._path = path
        self._hashing = threading.BoundedSemaphore(2)
        self._table = self._read()

    def by_password(self, name: str, password: str) -> User | None:
        """The user of that name if the password is theirs. It takes as long for a name that nobody has.

        Raises `AccountsError`.
        """
        table = self._current()
        stored = table.passwords.get(name)
        with self._hashing:
            fits = _fits(password[:LONGEST_PASSWORD], stored or table.nobody)
        return _user(name, stored) if stored and fits else None

    def by_token(self, token: str) -> User | None:
        """The user to whom a token was given. Raises `AccountsError`."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        found = None
        for known, user in self._current().tokens.items():
            if hmac.compare_digest(known, digest):
                found = user
        return found

    def knows(self, user: User) -> bool:
        """Whether the line that let a user in is still there. Raises `AccountsError`."""
        return user in self._current().lines

    def _current(self) -> _Table:
        if _state(self._path) != self._table.state:
            self._table = self._read()
        return self._table

    def _read(self) -> _Table:
        state = _state(self._path)
        try:
            if self._path.stat().st_mode & stat.S_IWOTH:
                raise AccountsError(f"{self._path}: anybody could add a user there; chmod o-w it.")
            with self._path.open(encoding="utf-8") as file:
                text = file.read(_LARGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsError(f"{self._path}: users can't be read: {getattr(error, 'strerror', error)}.") from error
        if len(text) > _LARGEST:
            raise AccountsError(f"{self._path}: has more than {_LARGEST} characters, so it is no list of users.")
        passwords: dict[str, str] = {}
        tokens: dict[bytes, User] = {}
        for number, line in enumerate(text.splitlines(), 1):
            name, _, stored = line.strip().partition(":")
            if not line.strip() or line.startswith("#"):
                continue
            token = _TOKEN.fullmatch(stored)
            if not is_name(name) or not (token or _PASSWORD.fullmatch(stored)):
                raise AccountsError(
                    f"{self._path}, line {number}: must be name:hash, as scrapy serve --hash-password and --new-token "
                    "print it."
                )
            if token:
                tokens[bytes.fromhex(token[1])] = _user(name, stored)
            elif name in passwords:
                raise AccountsError(f"{self._path}, line {number}: {name} has a password already.")
            else:
                passwords[name] = stored
        if not passwords and not tokens:
            raise AccountsError(f"{self._path}: lists no user; make one with scrapy serve --hash-password NAME.")
        lines = frozenset([*tokens.values(), *(_user(name, stored) for name, stored in passwords.items())])
        known = _PASSWORD.fullmatch(next(iter(passwords.values()), ""))
        cost = (int(known[1]), int(known[2]), int(known[3])) if known else COST
        return _Table(state, passwords, tokens, lines, hash_password(secrets.token_urlsafe(), cost=cost))


def is_name(name: str) -> bool:
    """Whether a user may be called so."""
    return bool(re.fullmatch(_NAME, name))


def hash_password(password: str, *, cost: tuple[int, int, int] = COST) -> str:
    """A password as the file of users has it, with a salt of its own (scrypt)."""
    salt = secrets.token_bytes(16)
    n, r, p = cost
    return f"$scrypt$ln={n},r={r},p={p}${_coded(salt)}${_coded(_derive(password, salt, n, r, p))}"


def new_token() -> tuple[str, str]:
    """A token for programs (256 random bits), and its digest as the file of users has it."""
    token = secrets.token_urlsafe(32)
    return token, f"$sha256${hashlib.sha256(token.encode()).hexdigest()}"


def _fits(password: str, stored: str) -> bool:
    match = _PASSWORD.fullmatch(stored)
    assert match is not None
    salt, expected = (base64.b64decode(part + "=" * (-len(part) % 4)) for part in match.groups()[3:])
    return hmac.compare_digest(_derive(password, salt, *(int(part) for part in match.groups()[:3])), expected)


def _derive(password: str, salt: bytes, ln: int, r: int, p: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    n = 1 << ln
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p + 2), dklen=32)


def _user(name: str, stored: str) -> User:
    return User(name, hashlib.sha256(f"{name}:{stored}".encode()).hexdigest())


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode
