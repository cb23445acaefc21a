"""`Terms`: under which names, and for whom, replay is served."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Terms"]


class Terms(NamedTuple):
    """What the parent process decided."""

    origin: str
    """The public origin of replay: ``http://localhost:8091``."""
    room: str
    """The public origin of the reading room, the only one that may frame a capture."""
    hosts: tuple[str, ...]
    """Other values of the Host header by which replay may be reached; they are led to `origin`."""
    token: str
    """First part of the path of what is shown in frames; nobody can guess it. Where there are users, a ticket is."""
    key: str
    """Of the tickets, in hexadecimal."""
    users: str
    """The file of the users; empty if all may see everything."""
    rate: int
    """What an address may ask in a minute; 0: as it likes."""
    proxies: tuple[str, ...]
    """Networks that are believed who their client is."""

    holds: int
    """First version of Chromium that keeps scripts from the network."""
    scripts: str
    """Where archived scripts run: ``held`` (in browsers that keep them from the network), ``always``, ``never``."""

    @property
    def host(self) -> str:
        """The Host header that is answered."""
        return self.origin.partition("://")[2]
