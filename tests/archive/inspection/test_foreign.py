"""Files that other people's tools write are well; where such a tool errs, that is told."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archive.inspection.files import advice, faults, only

FRONT = b"""<html><title>Skagen</title><body><a href="/herring">Herring</a> <a href="/copy">Copy</a>
<a href="/chunked">Boats</a> <a href="/moved">Moved</a> <a href="/packed">Packed</a> <a href="/none">None</a></body>"""
HERRING = b"<html><title>Herring</title><p>The herring came early to Skagen this year.</p></html>"

needs_wget = pytest.mark.skipif(
    shutil.which("wget") is None and not os.environ.get("CI"), reason="wget is not installed: apt install wget"
)


class Paper(http.server.BaseHTTPRequestHandler):
    """A small newspaper with all framings."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body, headers, status = HERRING, {"Content-Type": "text/html"}, 200
        if self.path == "/":
            body = FRONT
        elif self.path == "/moved":
            body, headers, status = b"", {"Location": "/herring"}, 302
        elif self.path == "/packed":
            body, headers = gzip.compress(HERRING), headers | {"Content-Encoding": "gzip"}
        elif self.path not in ("/herring", "/copy", "/chunked"):
            body, status = b"none", 404
        if self.path == "/chunked":
            headers["Transfer-Encoding"] = "chunked"
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (HERRING[:9], HERRING[9:])) + b"0\r\n\r\n"
        else:
            headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def paper() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Paper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 8), done.stdout + done.stderr  # wget ends with 8 for a 404


def wget(folder: Path, paper: str, name: str, *options: str) -> Path:
    """A crawl by wget into WARC."""
    run(folder, "wget", "-q", "-r", "-P", name, f"--warc-file={name}", "--warc-cdx", *options, f"{paper}/")
    (path,) = folder.glob(f"{name}.warc*")
    return path


# wget


@needs_wget
@pytest.mark.parametrize("options", [[], ["--no-warc-compression"], ["--no-warc-keep-log"]])
def test_wgets_files_are_well(tmp_path: Path, paper: str, options: list[str]) -> None:
    path = wget(tmp_path, paper, "crawl", *options)
    assert faults(path) == []
    assert any("is WARC/1.0" in text for text in advice(path))


@needs_wget
def test_wgets_revisits_are_found_with_their_originals(tmp_path: Path, paper: str) -> None:
    first = wget(tmp_path, paper, "first")
    second = wget(tmp_path, paper, "second", "--warc-dedup=first.cdx")
    assert faults(first, second) == []
    assert any("is a revisit whose original is not among these files" in text for text in faults(second))


# warcio


CAPTURE = """
import sys
from warcio.capture_http import capture_http
import requests
with capture_http(sys.argv[2], warc_version=sys.argv[3]):
    for path in ("/", "/herring", "/copy", "/chunked", "/moved", "/packed", "/none", "/herring"):
        requests.get(sys.argv[1] + path)
"""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_warcios_recordings_are_well(tmp_path: Path, paper: str, version: str) -> None:
    path = tmp_path / "capture.warc.gz"
    run(tmp_path, sys.executable, "-c", CAPTURE, paper, path, version)
    assert faults(path) == []


WRITTEN = """
import io, sys
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter
path, version = sys.argv[1:]
url, body = "http://skagen.test/herring", b"<html><title>Herring</title>"

def exchange(url, mime, referer):
    head = StatusAndHeaders("200 OK", [("Content-Type", mime)], protocol="HTTP/1.1")
    page = writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head)
    fields = [("Host", "skagen.test"), ("Referer", referer)]
    asked = StatusAndHeaders("GET /herring HTTP/1.1", fields, is_http_request=True)
    writer.write_request_response_pair(writer.create_warc_record(url, "request", http_headers=asked), page)
    return page, head

with open(path, "wb") as file:
    writer = WARCWriter(file, gzip=path.endswith(".gz"), warc_version=version)
    writer.write_record(writer.create_warcinfo_record(path, {"software": "warcio"}))
    page, head = exchange(url, "text/html", "http://skagen.test/")
    exchange("http://skagen.test/herring.png", "image/png", url)
    digest, date = (page.rec_headers.get_header(name) for name in ("WARC-Payload-Digest", "WARC-Date"))
    writer.write_record(writer.create_revisit_record(url, digest, url, date, http_headers=head))
    told = {"warc_content_type": "application/warc-fields", "payload": io.BytesIO(b"via: x\\r\\n"), "length": 8}
    writer.write_record(writer.create_warc_record(url, "metadata", **told))
    told = {"warc_content_type": "text/plain", "payload": io.BytesIO(b"text"), "length": 4}
    writer.write_record(writer.create_warc_record("urn:text:" + url, "resource", **told))
"""


def written(path: Path, version: str = "1.0") -> Path:
    """Every type of record that warcio writes."""
    run(path.parent, sys.executable, "-c", WRITTEN, path, version)
    return path


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
def test_warcios_files_are_well(tmp_path: Path, name: str, version: str) -> None:
    assert faults(written(tmp_path / name, version)) == []


def test_what_warcio_recompresses_is_well(tmp_path: Path) -> None:
    plain = written(tmp_path / "a.warc").read_bytes()
    whole = tmp_path / "whole.warc.gz"
    whole.write_bytes(gzip.compress(plain))
    only(faults(whole), "holds 8 records in one gzip member")
    run(tmp_path, Path(sys.executable).with_name("warcio"), "recompress", whole, "again.warc.gz")
    assert faults(tmp_path / "again.warc.gz") == []


# wacz create


def packaged(folder: Path, *arguments: str | Path) -> Path:
    code = "import sys; from wacz.main import main; sys.exit(main(sys.argv[1:]))"
    run(folder, sys.executable, "-c", code, "create", "-o", "a.wacz", *arguments)
    return folder / "a.wacz"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.warc.gz", ["--detect-pages", "--text"]),
        ("a.warc", ["--detect-pages"]),
        ("a.warc.gz", ["--pages", "pages.jsonl"]),
        ("a.warc.gz", ["--hash-type", "md5", "--detect-pages"]),
    ],
)
def test_packages_of_py_wacz_are_well(tmp_path: Path, name: str, options: list[str]) -> None:
    rows = [{"format": "json-pages-1.0", "id": "pages"}, {"url": "http://skagen.test/herring", "title": "Herring"}]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = packaged(tmp_path, *options, written(tmp_path / name))
    assert faults(path) == []


def test_a_package_of_py_wacz_without_pages_is_not(tmp_path: Path) -> None:
    """WACZ 1.1.1 asks for the list, though `wacz create` leaves it out unless told."""
    only(faults(packaged(tmp_path, written(tmp_path / "a.warc.gz"))), "has no pages/pages.jsonl")


@needs_wget
def test_wgets_files_can_be_packaged(tmp_path: Path, paper: str) -> None:
    first = wget(tmp_path, paper, "first")
    second = wget(tmp_path, paper, "second", "--warc-dedup=first.cdx")
    assert faults(packaged(tmp_path, "--detect-pages", first, second)) == []
    alone = faults(packaged(tmp_path, "--detect-pages", second))
    assert any("original is not in the package" in text for text in alone)
