"""`Admission`: whom the servers let in, and how much they may ask."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from archive.access.accounts import Accounts, AccountsError
from archive.access.rate import Network, networks
from archive.errors import ServingError
from archive.serving.addresses import Addresses, is_loopback
from archive.web.gate import Keys

__all__ = ["Admission"]


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody on this machine, or users that a file lists, or everybody."""

    users: Path | None = None
    """The file of the users (`archive.access.accounts`)."""
    is_open: bool = False
    """Whoever reaches it may read the archive."""
    session: float = 12 * 3600
    """Seconds after which a user logs in again."""
    rate: int = 300
    """Requests a minute for each address and each user, where others can reach it; 0: no limit."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks whose X-Forwarded-For is believed."""

    def check(self, addresses: Addresses) -> None:
        """Raise `ServingError` unless it is clear who may read, and nobody's password goes out in the clear."""
        if self.users and self.is_open:
            raise ServingError("SERVE_OPEN and SERVE_USERS: the archive is open to all or to users; give one of them.")
        if self.rate < 0 or self.session <= 0:
            raise ServingError("SERVE_RATE and SERVE_SESSION must be numbers above 0 (SERVE_RATE 0: no limit).")
        self.networks()
        if not is_exposed(addresses):
            return
        if not self.users and not self.is_open:
            raise ServingError(
                f"{addresses.origin or addresses.host}: others can reach the reading room, and it asks nobody who they "
                "are: list users with SERVE_USERS or --users, or say SERVE_OPEN = True or --open if all may read the "
                "archive (docs/serve.md)."
            )
        for origin, option in ((addresses.origin, "--origin"), (addresses.replay_origin, "--replay-origin")):
            if self.users and origin.startswith("http:") and not _is_here(origin):
                raise ServingError(f"{option} {origin}: passwords would cross the network in the clear; use https.")

    def networks(self) -> tuple[Network, ...]:
        """The proxies. Raises `ServingError`."""
        try:
            return networks(self.proxies)
        except ValueError as error:
            raise ServingError(f"SERVE_PROXIES: {error}; give addresses or networks such as 10.0.0.0/8.") from error

    def rate_at(self, addresses: Addresses) -> int:
        """What is asked a minute at most: on this machine alone as much as anybody likes."""
        return self.rate if is_exposed(addresses) else 0

    def keys(self, origin: str) -> Keys | None:
        """What lets users in; None without any. Raises `ServingError`."""
        if self.users is None:
            return None
        try:
            return Keys(Accounts(self.users), seconds=self.session, secure=origin.startswith("https:"))
        except AccountsError as error:
            raise ServingError(str(error)) from error


def is_exposed(addresses: Addresses) -> bool:
    """Whether anybody but this machine is meant to reach it: it listens to others, or a proxy does."""
    return not is_loopback(addresses.host) or any(
        origin and not _is_here(origin) for origin in (addresses.origin, addresses.replay_origin)
    )


def _is_here(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return is_loopback(host) or bool(re.fullmatch(r".+\.localhost", host))
