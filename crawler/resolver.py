"""`PublicResolver`: names are resolved as ever, but only public addresses are connected to."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn, Protocol, TypeAlias

import idna
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings
from scrapy.utils.datatypes import LocalCache
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TooSlow
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolverSimple
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer  # type: ignore[import-untyped]

from archive.errors import ArchiveError

__all__ = ["ForbiddenAddress", "PublicResolver"]

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class ForbiddenAddress(ArchiveError):
    """A host that leads to no public address; the request's errback gets this very exception.

    It is neither an `OSError` nor a `DNSLookupError`, so RetryMiddleware leaves it alone.
    """


class ConnectTo(NamedTuple):
    """One entry of CONNECT_TO; an empty host and a port of None mean any, or the same."""

    host: str
    port: int | None
    to_host: str
    to_port: int | None

    @classmethod
    def parse(cls, text: str) -> ConnectTo:
        """Read ``HOST1:PORT1:HOST2:PORT2``. Raises `UsageError`."""
        found = _CONNECT_TO.fullmatch(text.strip())
        ports = [int(p) if p else None for p in found.group(2, 4)] if found else []
        if not found or any(p is not None and not 0 < p < 65536 for p in ports):
            raise UsageError(
                f"CONNECT_TO: {text!r} is not HOST1:PORT1:HOST2:PORT2 with ports of 1 to 65535; "
                "write IPv6 addresses in brackets."
            )
        return cls(_plain(found[1]), ports[0], found[3].strip("[]"), ports[1])

    def matches(self, host: str, port: int) -> bool:
        """Whether a connection to `host` and `port` is meant."""
        return self.host in ("", _plain(host)) and self.port in (None, port)


@implementer(IHostnameResolver, IResolverSimple)
class PublicResolver:
    """The value of TWISTED_DNS_RESOLVER that keeps a crawl out of private networks.

    Twisted connects to the very addresses that a resolver hands out, so they are judged here, after
    name resolution: spelling of the host, redirects and DNS rebinding make no difference.

    Settings of the process (not of a spider, since a reactor has one resolver):

    - ``PRIVATE_NETWORKS_ALLOWED``: CIDR blocks that may be connected to although they aren't public.
      A proxy at a private address has to stand here, too.
    - ``CONNECT_TO``: ``HOST1:PORT1:HOST2:PORT2`` as in curl's ``--connect-to``. Only the connection
      goes elsewhere; URL, Host header and SNI stay. The target is judged like any address.
    - ``DNSCACHE_ENABLED``, ``DNSCACHE_SIZE`` and ``DNS_TIMEOUT`` (seconds) as in Scrapy. The cache
      holds what the system resolver said; it is judged again at each use.
    """

    getaddrinfo = staticmethod(socket.getaddrinfo)

    def __init__(
        self,
        reactor: Any,
        *,
        allowed: Sequence[Network] = (),
        connect_to: Sequence[ConnectTo] = (),
        cache_size: int = 0,
        timeout: float = 60,
    ) -> None:
        self.reactor = reactor
        self.allowed = tuple(allowed)
        self.connect_to = tuple(connect_to)
        self.timeout = timeout
        self._cache: LocalCache[str, tuple[IP, ...]] = LocalCache(cache_size)

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> PublicResolver:
        """Called by CrawlerProcess. Raises `UsageError` with one sentence for a wrong setting."""
        settings: BaseSettings = crawler.settings
        return cls(
            reactor,
            allowed=[_network(text) for text in _texts(settings, "PRIVATE_NETWORKS_ALLOWED")],
            connect_to=[ConnectTo.parse(text) for text in _texts(settings, "CONNECT_TO")],
            cache_size=settings.getint("DNSCACHE_SIZE") if settings.getbool("DNSCACHE_ENABLED") else 0,
            timeout=settings.getfloat("DNS_TIMEOUT"),
        )

    def install_on_reactor(self) -> None:
        """Put this resolver in place of the reactor's, for endpoints and for ``reactor.resolve``."""
        self.reactor.installNameResolver(self)
        self.reactor.resolver = self

    def resolveHostName(
        self,
        resolutionReceiver: _Receiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[Any]] | None = None,
        transportSemantics: str = "TCP",
    ) -> _Resolution:
        """See `IHostnameResolver`: what endpoints ask before they connect."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        types = tuple(addressTypes or (IPv4Address, IPv6Address))
        Deferred.fromCoroutine(self._hand_out(resolutionReceiver, hostName, portNumber, types))
        return resolution

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """See `IResolverSimple`: what proxies' tunnels, FTP and mail ask before they connect.

        IPv4 only. CONNECT_TO does not apply, for the port is not known here.
        """

        async def first() -> str:
            for ip in self._permitted(await self._look_up(name), name, name):
                if ip.version == 4:
                    return str(ip)
            raise DNSLookupError(f"{name} has no IPv4 address")

        return Deferred.fromCoroutine(first())

    def permits(self, ip: IP) -> bool:
        """Whether `ip` may be connected to: public, or in a network that is allowed."""
        if any(ip in network for network in self.allowed):
            return True
        if carried := _carried(ip):
            return all(self.permits(inner) for inner in carried)
        return _is_public(ip)

    def judge_written(self, host: str) -> None:
        """Raises `ForbiddenAddress` for a host that is itself an address, however written, and no permitted one.

        For requests through a proxy, which looks up names by itself: what they lead to is known to it alone.
        """
        name = _a_labels(host.strip("[]").lower()).removesuffix(".")
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
            self._permitted((ipaddress.IPv4Address("127.0.0.1"),), host, host)
        try:
            answer = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, ValueError):
            return
        self._permitted(tuple(dict.fromkeys(_ip(sockaddr) for *_, sockaddr in answer)), host, host)

    async def _hand_out(self, receiver: _Receiver, name: str, port: int, types: tuple[type[Any], ...]) -> None:
        host, port = self._target(name, port)
        try:
            permitted = self._permitted(await self._look_up(host), name, host)
        except (ForbiddenAddress, DNSLookupError) as error:
            receiver.addressResolved(_NoAddress(error))
        else:
            for ip in permitted:
                address_type = IPv4Address if ip.version == 4 else IPv6Address
                if address_type in types:
                    receiver.addressResolved(address_type("TCP", str(ip), port))
        receiver.resolutionComplete()

    def _target(self, host: str, port: int) -> tuple[str, int]:
        for entry in self.connect_to:
            if entry.matches(host, port):
                return entry.to_host or host, entry.to_port or port
        return host, port

    def _permitted(self, addresses: tuple[IP, ...], name: str, host: str) -> tuple[IP, ...]:
        """Those of `addresses` that may be connected to. Raises `ForbiddenAddress` if none may."""
        if permitted := tuple(ip for ip in addresses if self.permits(ip)):
            return permitted
        way = "" if host == name else f" by way of {host} (see CONNECT_TO)"
        verb = "is not a public address" if len(addresses) == 1 else "are not public addresses"
        raise ForbiddenAddress(
            f"refused to connect to {name}{way}: {', '.join(map(str, addresses))} {verb} (see PRIVATE_NETWORKS_ALLOWED)"
        )

    async def _look_up(self, host: str) -> tuple[IP, ...]:
        """All addresses of a host, unjudged. Raises `DNSLookupError`."""
        name = _a_labels(host.lower())
        if name in self._cache:
            return self._cache[name]
        looked_up: Deferred[Any] = deferToThreadPool(
            self.reactor,
            self.reactor.getThreadPool(),
            self.getaddrinfo,
            name,
            None,
            socket.AF_UNSPEC,
            socket.SOCK_STREAM,
        )
        looked_up.addTimeout(self.timeout, self.reactor)
        try:
            answer = await looked_up
        except TooSlow as error:
            raise DNSLookupError(f"no answer about {host} within {self.timeout:g} seconds") from error
        except OSError as error:
            raise DNSLookupError(f"no address for {host}: {error.strerror or error}") from error
        except ValueError as error:  # a label that is too long or empty, a NUL
            raise DNSLookupError(f"{host!r} is no host name: {error}") from error
        addresses = tuple(dict.fromkeys(_ip(sockaddr) for *_, sockaddr in answer))
        if not addresses:
            raise DNSLookupError(f"no address for {host}")
        self._cache[name] = addresses
        return addresses


class _NoAddress(IPv4Address):
    """Stands where an address should: who asks where it leads is told why there is none.

    `IHostnameResolver` knows no failures, and an endpoint that gets no address makes up its own text.
    """

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason

    def __getattribute__(self, name: str) -> Any:
        if name in ("host", "port"):
            raise self.reason
        return super().__getattribute__(name)


class _Receiver(Protocol):
    """What `IResolutionReceiver` asks for; zope interfaces mean nothing to mypy."""

    def resolutionBegan(self, resolutionInProgress: _Resolution) -> None: ...
    def addressResolved(self, address: IPv4Address | IPv6Address) -> None: ...
    def resolutionComplete(self) -> None: ...


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> NoReturn:
        raise NotImplementedError("A system resolver's lookup can't be cancelled.")


_HOST, _PORT = r"(\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s:\[\]]*)", r"(\d{0,5})"
_CONNECT_TO = re.compile(f"{_HOST}:{_PORT}:{_HOST}:{_PORT}")

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# Blocks of the IANA special-purpose registries that Python's tables lack, or hold in some versions only.
_SPECIAL: tuple[Network, ...] = (
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("2001::/23"),
    ipaddress.IPv6Network("3fff::/20"),
)


def _is_public(ip: IP) -> bool:
    if any(ip in network for network in _SPECIAL):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _GLOBAL_UNICAST and ip.is_global
    # is_global counts multicast in.
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _carried(ip: IP) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that a packet to this IPv6 address may end up at, by way of its prefix."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ()
    if ip.ipv4_mapped:
        return (ip.ipv4_mapped,)
    if ip.sixtofour:
        return (ip.sixtofour,)
    if ip.teredo:
        return ip.teredo
    if ip in _NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ()


def _ip(sockaddr: tuple[Any, ...]) -> IP:
    """The address of a socket address, with the scope id that `getaddrinfo` keeps apart."""
    host = str(sockaddr[0]).partition("%")[0]
    scope = sockaddr[3] if len(sockaddr) == 4 else 0
    return ipaddress.ip_address(f"{host}%{scope}" if scope else host)


def _plain(host: str) -> str:
    """One spelling for each host: lower case, A-labels, no brackets, no trailing dot."""
    host = host.strip("[]").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    return _a_labels(host).removesuffix(".")


def _a_labels(host: str) -> str:
    """`host` in ASCII by IDNA 2008, the rules of Twisted and browsers; `getaddrinfo` goes by IDNA 2003."""
    if host.isascii():
        return host
    try:
        return idna.encode(host).decode("ascii")
    except idna.IDNAError:
        return host


def _texts(settings: BaseSettings, name: str) -> list[str]:
    return [text for item in settings.getlist(name) if (text := str(item).strip())]


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise UsageError(
            f"PRIVATE_NETWORKS_ALLOWED: {text!r} is no network such as 10.0.0.0/8 or fd00::/8 ({error})."
        ) from error
