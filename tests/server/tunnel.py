"""`Tunnel`: an HTTP proxy that leads every CONNECT to one loopback port."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

__all__ = ["Tunnel"]


class Tunnel:
    """Use it as a context manager; `asked` holds the heads of the CONNECT requests that came."""

    def __init__(self, target_port: int) -> None:
        self.asked: list[bytes] = []
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for sock in (self._listener, *self._open):
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                head = b""
                while b"\r\n\r\n" not in head and (data := client.recv(4096)):
                    head += data
                self.asked.append(head)
                server = socket.create_connection(("127.0.0.1", self._target_port))
                self._open.append(server)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for pair in ((client, server), (server, client)):
                    thread = threading.Thread(target=_pump, args=pair, daemon=True)
                    self._threads.append(thread)
                    thread.start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
