"""`RawServer`: answers with the very bytes a test gives it, and remembers the bytes it was sent."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Logged", "RawServer", "Reply"]

End = Literal["keep", "close", "cut", "reset", "hang"]
"""After a reply: keep the connection; close it; close it without TLS's farewell; reset it; fall silent."""


@dataclass(frozen=True)
class Reply:
    """What to write for one request: each piece is flushed by itself."""

    pieces: tuple[bytes, ...]
    interim: tuple[bytes, ...] = ()
    """1xx replies, written before the pieces."""
    end: End = "keep"
    pause: float = 0.0
    """Seconds between two pieces."""
    joined: bool = False
    """Whether interim replies and first piece go out in one write."""
    whole: bool = True
    """False when the pieces stop short of the end of the response."""

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


@dataclass
class Logged:
    """One request that came in, and what went out for it."""

    path: str
    """The request target, query included."""
    request: bytes
    connection: int
    """Number of the connection, from 1."""
    sni: str | None = None
    response: bytearray = field(default_factory=bytearray)
    interim: list[bytes] = field(default_factory=list)
    closed_early: bool = False
    """The reply was not whole, or the client left before its end."""


class RawServer:
    """A server on a loopback port, in threads; use it as a context manager.

    `tls` is None (plain) or the highest TLS version offered. At host ``::`` it listens on IPv4, too.
    """

    def __init__(self, *, host: str = "127.0.0.1", tls: ssl.TLSVersion | None = None, port: int = 0) -> None:
        self.host, self.tls = host, tls
        self.log: list[Logged] = []
        self._replies: dict[str, list[Reply]] = {}
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._context = _tls_context(tls) if tls else None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        both = host == "::"
        self._listener = socket.create_server((host, port), family=family, backlog=128, dualstack_ipv6=both)
        self.port: int = self._listener.getsockname()[1]

    def add(self, path: str, *replies: Reply) -> str:
        """Answer the nth request for `path` with the nth reply (the last one repeats); returns the URL."""
        self._replies[path] = list(replies)
        return self.url(path)

    def url(self, path: str, host: str | None = None) -> str:
        host = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; when this returns, the log is complete."""
        self._stopping.set()
        with self._lock:
            sockets = [self._listener, *self._open]
        for sock in sockets:
            _shut_down(sock)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with self._lock:
                self._open.add(sock)
            buffer = bytearray()
            while not self._stopping.is_set() and (request := _read_request(sock, buffer)):
                if not self._answer(sock, request, number):
                    break
        except OSError:  # ssl.SSLError is one: the client left, or won't speak with us
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _answer(self, sock: socket.socket, request: bytes, number: int) -> bool:
        """Reply to one request; returns whether the connection stays."""
        path = request.split(b" ", 2)[1].decode("latin-1")
        logged = Logged(path, request, number, sni=getattr(sock, "sni", None))
        with self._lock:
            self.log.append(logged)
            replies = self._replies.get(path, [_NOT_FOUND])
            reply = replies[min(self._asked[path], len(replies) - 1)]
            self._asked[path] += 1
        logged.closed_early = True
        self._write(sock, reply, logged)
        logged.closed_early = not reply.whole
        match reply.end:
            case "close" if isinstance(sock, ssl.SSLSocket):
                sock.settimeout(2)
                sock.unwrap()
            case "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "hang":
                sock.recv(1)
        return reply.end == "keep"

    def _write(self, sock: socket.socket, reply: Reply, logged: Logged) -> None:
        pieces = list(reply.pieces)
        if reply.joined:
            logged.interim.extend(reply.interim)
            first = pieces.pop(0)
            sock.sendall(b"".join(reply.interim) + first)
            logged.response += first
        else:
            for interim in reply.interim:
                sock.sendall(interim)
                logged.interim.append(interim)
        for piece in pieces:
            if reply.pause:
                time.sleep(reply.pause)
            sock.sendall(piece)
            logged.response += piece


_NOT_FOUND = Reply((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",))


def _read_request(sock: socket.socket, buffer: bytearray) -> bytes:
    """The next request's exact bytes, taken off `buffer`; empty at the end of the connection."""
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        if not (data := sock.recv(65536)):
            return b""
        buffer += data
    length = re.search(rb"(?im)^content-length:\s*(\d+)", bytes(buffer[:end]))
    total = end + 4 + (int(length[1]) if length else 0)
    while len(buffer) < total:
        if not (data := sock.recv(65536)):
            return b""
        buffer += data
    request = bytes(buffer[:total])
    del buffer[:total]
    return request


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's: SSLSocket.shutdown would drop the TLS state under the thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _tls_context(highest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = highest

    def note_sni(sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        sock.sni = name  # type: ignore[attr-defined]

    context.sni_callback = note_sni
    with TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        pem.write_bytes(certificate())
        context.load_cert_chain(pem)
    return context


def certificate() -> bytes:
    """Private key and self-signed certificate as PEM, for loopback and names below ``.example``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "newswarc test server")])
    hosts = ("news.example", "*.news.example", "other.example", "localhost")  # wildcards need two labels
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ("127.0.0.1", "::1")]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
