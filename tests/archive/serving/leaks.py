"""`Leaks`: a server that stands for the rest of the world and remembers who called."""

from __future__ import annotations

import socket
import threading
from typing import Self

__all__ = ["Leaks"]

_REPLY = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\nok"
)


class Leaks:
    """Listens on one port, TCP and UDP. `seen` has the first bytes of every call; a TLS greeting tells its host."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=self._accept), threading.Thread(target=self._receive)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._udp.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()

    _closing = False

    def _accept(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            if self._closing:
                connection.close()
                return
            with connection:
                connection.settimeout(0.3)
                try:
                    first = connection.recv(2000)
                    connection.sendall(_REPLY)
                except OSError:
                    first = b""
            self.seen.append(b"tcp " + first)

    def _receive(self) -> None:
        while not self._closing:
            data, _ = self._udp.recvfrom(2000)
            if not self._closing:
                self.seen.append(b"udp " + data)
