"""`Rate`: so many in so much time, for each of many. Standard library only, as `accounts`."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

__all__ = ["Network", "Rate", "client_of", "networks"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST = 10_000
"""Keys that are remembered; the one that was quiet longest is forgotten first."""


class Rate:
    """A bucket for each key, that holds `number` at most and fills evenly within `seconds`; number 0: no limit."""

    def __init__(self, number: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._number, self._seconds, self._clock = number, seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, cost: float = 1) -> float:
        """Take so many, or nothing; returns after how many seconds to come again, 0.0 if it was taken."""
        if not self._number:
            return 0.0
        cost = min(cost, self._number)
        with self._lock:
            left, now = self._now(key)
            if left < cost:
                return (cost - left) * self._seconds / self._number
            self._put(key, left - cost, now)
            return 0.0

    def give_back(self, key: str, cost: float = 1) -> None:
        """What was taken is not to count."""
        with self._lock:
            left, now = self._now(key)
            self._put(key, left + cost, now)

    def _now(self, key: str) -> tuple[float, float]:
        now = self._clock()
        left, at = self._left.get(key, (float(self._number), now))
        return min(float(self._number), left + (now - at) * self._number / self._seconds), now

    def _put(self, key: str, left: float, now: float) -> None:
        self._left[key] = (min(left, float(self._number)), now)
        self._left.move_to_end(key)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)


def networks(values: Sequence[str]) -> tuple[Network, ...]:
    """Addresses or networks (CIDR). Raises `ValueError`."""
    return tuple(ipaddress.ip_network(value.strip()) for value in values)


def client_of(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """Who asks, as a key for a `Rate`.

    `peer` is the other end of the connection; `forwarded` the values of X-Forwarded-For, believed only as far as they
    were written by `proxies`. All of an IPv6 network of 64 bits count as one: that is what one customer gets.
    """
    chain = [part.strip() for value in forwarded for part in value.split(",")]
    client = peer
    while chain and _is_among(client, proxies):
        client = chain.pop()
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return peer if client != peer else client[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


def _is_among(client: str, proxies: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in proxies)
