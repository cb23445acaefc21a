"""`Addresses`: where the reading room and replay listen, and what the world calls them."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import msgspec

from archive.errors import ServingError

__all__ = ["Addresses", "Sockets"]

_PORT_OF = {"http": 80, "https": 443}


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Two origins: the reading room's, and replay's, whose pages are hostile."""

    host: str = "127.0.0.1"
    """Name or address that both listen on."""
    port: int = 8090
    """Of the reading room; 0: any."""
    replay_port: int = 8091
    origin: str = ""
    """Public origin of the reading room behind a proxy: ``https://archive.example``."""
    replay_origin: str = ""

    def check(self, *, replay: bool) -> None:
        """Raise `ServingError` unless these addresses can be kept apart from each other and from strangers."""
        for value, option in ((self.origin, "--origin"), (self.replay_origin, "--replay-origin")):
            if value and not is_origin(value):
                raise ServingError(
                    f"{option} {value}: must be a scheme, a host and perhaps a port: https://archive.example."
                )
        for port, option in ((self.port, "--port"), (self.replay_port, "--replay-port")):
            if not 0 <= port < 1 << 16:
                raise ServingError(f"{option} {port}: is no port.")
        if not is_loopback(self.host) and not (self.origin and (self.replay_origin or not replay)):
            raise ServingError(
                f"--host {self.host}: others can reach that address, so newswarc must know by which names: "
                "give --origin and --replay-origin, two host names (docs/serve.md)."
            )
        if replay and self.port == self.replay_port != 0:
            raise ServingError(f"--replay-port {self.replay_port}: the reading room has that port; give another one.")
        if replay and self.origin and _same(self.origin, self.replay_origin):
            raise ServingError(f"--replay-origin {self.replay_origin}: must differ from that of the reading room.")


class Sockets:
    """The two listening sockets. They are bound before anything else is done."""

    def __init__(self, addresses: Addresses, *, replay: bool) -> None:
        """Raises `ServingError` if a port is taken or can't be listened on."""
        with ExitStack() as stack:
            self.room = stack.enter_context(_listen(addresses.host, addresses.port, "--port"))
            self.replay = (
                stack.enter_context(_listen(addresses.host, addresses.replay_port, "--replay-port")) if replay else None
            )
            self._stack = stack.pop_all()
        # On this machine two names keep the two apart better than two ports: cookies know no ports.
        self.origin = addresses.origin or _origin(addresses.host, self.room)
        self.replay_origin = None
        if self.replay:
            self.replay_origin = addresses.replay_origin or self._name_of_replay(addresses.host)

    def close(self) -> None:
        """Listen no more."""
        self._stack.close()

    def _name_of_replay(self, host: str) -> str:
        assert self.replay is not None
        if host == "localhost":
            return _origin("127.0.0.1" if self.replay.family == socket.AF_INET else "::1", self.replay)
        address, port = self.replay.getsockname()[:2]
        if address not in ("127.0.0.1", "::1"):
            return _origin(host, self.replay)
        other = "::1" if self.replay.family == socket.AF_INET else "127.0.0.1"
        if _answers(other, port):  # a browser might show that as the archive
            self.close()
            text = f"Port {port} of {other} is taken by another program, which is localhost, too; give --replay-port."
            raise ServingError(text)
        return _origin("localhost", self.replay)


def is_origin(value: str) -> bool:
    """Whether that is an origin of the web, written as browsers write it."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in _PORT_OF or not parts.hostname or parts.path or parts.query or parts.fragment:
        return False
    return value == f"{parts.scheme}://{parts.netloc.lower()}" and "@" not in value and port != _PORT_OF[parts.scheme]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def aliases(listener: socket.socket) -> tuple[str, ...]:
    """Values of the Host header by which a socket on loopback may be reached."""
    host, port = listener.getsockname()[:2]
    names = {"localhost", "127.0.0.1", "[::1]"} if is_loopback(host) else set()
    return tuple(sorted(f"{name}:{port}" for name in names))


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _same(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc


def _origin(host: str, listener: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    port = listener.getsockname()[1]
    return f"http://{name}" + (f":{port}" if port != _PORT_OF["http"] else "")


def _listen(host: str, port: int, option: str) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EADDRINUSE:
            text = f"Port {port} of {host} is taken by another program; stop it, or give another port with {option}."
        elif code == errno.EACCES:
            text = f"Port {port} of {host} needs a privilege that you lack; give one above 1023 with {option}."
        else:
            text = f"{host} port {port}: can't be listened on: {getattr(error, 'strerror', None) or error}."
        raise ServingError(text) from error
    # Accepted connections inherit it. The body of an answer would wait until the client has confirmed its head: 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
