"""An authority for time stamps on loopback: openssl's, asked over HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import msgspec

_CONFIG = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamping]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[web]
extendedKeyUsage = serverAuth
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


class Authority(msgspec.Struct):
    """Where its files are, and where it listens."""

    folder: Path
    url: str

    @property
    def root(self) -> Path:
        """Its root certificate."""
        return self.folder / "root.pem"


def openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make_authority(folder: Path, *, usage: str = "stamping", days: int = 3650) -> None:
    """Root, certificate and key."""
    folder.mkdir(parents=True)
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    new = ("req", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, *new, "-x509", "-extensions", "root", "-subj", "/CN=Ellery Root", "-days", "3650",
        "-keyout", "root.key", "-out", "root.pem",
    )  # fmt: skip
    openssl(folder, *new, "-subj", "/CN=Ellery Time", "-keyout", "tsa.key", "-out", "tsa.csr")
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
        "-days", str(days), "-extfile", "openssl.cnf", "-extensions", usage, "-out", "tsa.pem",
    )  # fmt: skip


def stamp(folder: Path, query: bytes) -> bytes:
    """What openssl answers to a TimeStampReq."""
    (folder / "query.tsq").write_bytes(query)
    openssl(
        folder, "ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query.tsq", "-signer", "tsa.pem",
        "-inkey", "tsa.key", "-out", "reply.tsr",
    )  # fmt: skip
    return (folder / "reply.tsr").read_bytes()


@contextmanager
def listening(folder: Path) -> Iterator[Authority]:
    """The authority of that folder, answering on loopback."""

    class Handler(BaseHTTPRequestHandler):
        answers: ClassVar[dict[str, tuple[int, bytes]]] = {
            "/busy": (503, b""),
            "/no": (200, b"<html>no"),
            "/moved": (302, b""),
        }

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = self.answers.get(self.path, (200, b""))
            if self.path == "/" and self.headers["Content-Type"] == "application/timestamp-query":
                body = stamp(folder, query)
            elif self.path == "/old":
                body = (folder / "reply.tsr").read_bytes()
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Authority(folder, f"http://127.0.0.1:{server.server_address[1]}/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
