"""A mail server and a web server on loopback, real ones, that can misbehave."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import AuthResult, LoginPassword


class Letters(MessageHandler):
    """Keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.received.append(message)


class Refusing(Letters):
    """Takes nothing for anybody."""

    async def handle_RCPT(self, *_: Any) -> str:
        return "550 No such mailbox here"


@contextmanager
def mail_server(
    handler: Letters | None = None, *, password: str = "", starttls: Path | None = None, tls: Path | None = None
) -> Iterator[tuple[str, list[Message]]]:
    """Its host:port, and the messages that it gets; with a `password`, from ``ada`` only.

    With the certificate and key in a PEM file: `starttls`, it takes nothing without TLS; `tls`, from the beginning.
    """
    letters = handler or Letters()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.login == b"ada" and data.password == password.encode(), handled=False)

    options: dict[str, Any] = {}
    if password:
        options = {
            "authenticator": authenticate,
            "auth_exclude_mechanism": ["LOGIN"],
            "auth_required": True,
            "auth_require_tls": bool(starttls),
        }
    if starttls:
        options |= {"tls_context": _tls(starttls), "require_starttls": True}
    if tls:
        options["ssl_context"] = _tls(tls)
    controller = Controller(letters, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}", letters.received
    finally:
        controller.stop()


@contextmanager
def web_server(*statuses: int, tls: Path | None = None) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Its URL, and the headers and bytes of what is posted; answers with `statuses` in turn, the last one for ever.

    With `tls`, the certificate and key in a PEM file, it is https.
    """
    posted: list[tuple[dict[str, str], bytes]] = []
    answers = list(statuses or (204,))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((dict(self.headers), body))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Location", self.path + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = _tls(tls).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' * bool(tls)}://127.0.0.1:{server.server_port}/hook", posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hanging_server() -> Iterator[str]:
    """Its host:port; it takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def facts(posted: tuple[dict[str, str], bytes]) -> dict[str, Any]:
    """The JSON that was posted."""
    value: dict[str, Any] = json.loads(posted[1])
    return value


def _tls(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
