"""What the archive's tests are made of: exchanges, pages and small stores of an invented newspaper."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from archive.capture import Capture, Exchange, Failure
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import ArchiveError
from archive.reader import StoredRecord, read_records
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.workers import Task, extract_capture

MORNING = dt.datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=dt.UTC)
SETTINGS = "sha256:" + "5" * 64
ROOT = Path(__file__).parent.parent.parent
PROLOGUE = """
import os, sys
from archive.run import Run
from archive.storage import Store
from tests.archive.making import *
"""

SENTENCES = (
    "The harbour of Ellery stays closed until the ice at the northern mole has been broken up by the pilots.",
    "Twelve boats were caught in the storm on Friday night and ran for the shelter of the outer islands.",
    "The council had put off the repair of the old sea wall for three years running, and nobody was surprised.",
    "Fishermen who lost their nets will be paid out of a fund that the province keeps for such winters.",
    "A spokeswoman for the coast guard said that the crews were cold, tired and very glad to be ashore again.",
    "Insurance men arrived with the first train on Monday and walked along the quay with notebooks in hand.",
)


def later(hours: float) -> dt.datetime:
    """So long after `MORNING`."""
    return MORNING + dt.timedelta(hours=hours)


def wire(body: bytes = b"", status: str = "200 OK", headers: Sequence[str] = ("Content-Type: text/html",)) -> bytes:
    """A response as a server sends it."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def exchange(
    url: str, response: bytes | IO[bytes] | None = None, *, at: dt.datetime = MORNING, **fields: Any
) -> Exchange:
    """A GET of `url` that was answered with `response`; `fields` are those of `Exchange`."""
    path = "/" + url.split("/", 3)[3] if url.count("/") > 2 else "/"
    method = fields.pop("method", "GET")
    return Exchange(
        url=url,
        method=method,
        request=fields.pop(
            "request", f"{method} {path} HTTP/1.1\r\nHost: paper.test\r\n\r\n".encode("utf-8", "replace")
        ),
        response=wire(b"<p>hello") if response is None else response,
        started=at,
        ended=fields.pop("ended", at + dt.timedelta(milliseconds=87)),
        **fields,
    )


def failure(url: str, **fields: Any) -> Failure:
    """A fetch of `url` that got no answer."""
    told: dict[str, Any] = {"method": "GET", "started": MORNING, "ended": later(0.01)}
    told |= {"kind": "dns", "error": "No such host.", **fields}
    return Failure(url=url, **told)


def page(headline: str, *, sentences: Sequence[str] = SENTENCES, head: str = "", language: str = "en") -> bytes:
    """An article's page that the extractor can read."""
    paragraphs = "\n".join(f"<p>{text}</p>" for text in sentences)
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{headline}</title>{head}</head>'
        f"<body><nav><a href='/'>Front</a> <a href='/sea'>Sea</a></nav><article><h1>{headline}</h1>{paragraphs}"
        "</article><aside><p>Support the Ellery Courier with a small gift.</p></aside></body></html>"
    ).encode()


def keep_page(run: Run, url: str, html: bytes, *, at: dt.datetime = MORNING, reading: Reading | None = None) -> Capture:
    """Archive a page and, unless it is a revisit, the article on it; as a crawl does, but in this process."""
    capture = run.keep(exchange(url, wire(html), at=at))
    if capture.kind == "response":
        keep_article(run, capture, reading or Reading())
    return capture


def keep_article(run: Run, capture: Capture, reading: Reading) -> str:
    """Read an archived page and archive the article; returns the record id of its text."""
    found = extract_capture(Task(store=str(run.store.root), capture=capture, reading=reading))
    return run.keep_extracted(capture, found)


@contextmanager
def running(store: Store, source: str = "ellery", **options: Any) -> Iterator[Run]:
    """A run that is finished at the end."""
    run = Run(store, source, **{"settings_digest": SETTINGS, **options})
    try:
        yield run
    finally:
        run.finish("finished", {"items": 1})


def records(store: Store, kind: str = "") -> list[StoredRecord]:
    """All records of the store, or those of one WARC-Type, in the order of files and bytes."""
    return [r for name in store.files() for r in read_records(store.path(name)) if r.type == (kind or r.type)]


def dump(store: Store) -> dict[str, list[Row]]:
    """All rows of the store's catalogue."""
    catalogue = Catalogue(store.catalogue_path)
    try:
        return catalogue.dump()
    finally:
        catalogue.close()


def digest_of(data: bytes) -> str:
    """``sha256:<hex>``, made without the archive's help."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


# Other processes


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code that may use this module's names in a process of its own; `arguments` are in sys.argv."""
    command = [sys.executable, "-W", "error", "-c", PROLOGUE + code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def killed(code: str, *arguments: object) -> None:
    """`run_python`, but the process is killed at the end of the code."""
    done = run_python(code + "\nimport signal; os.kill(os.getpid(), signal.SIGKILL)", *arguments)
    assert done.returncode == -9, done.stderr


# Tampering


Change = Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes] | None]


def altered(path: Path, change: Change, *, fitting: bool = True) -> None:
    """Write a WARC file anew, as somebody would who knows the format: if `fitting`, all digests fit again.

    `change` is given each record's headers and block and returns them as they shall be; None leaves the record out.
    """
    members = []
    for record in list(read_records(path)):
        headers = dict(record.headers)
        digests = {n: headers[n] == digest_of(record.block) for n in headers if n.endswith("-Digest")}
        changed = change(headers, record.block)
        if changed is None:
            continue
        headers, block = changed
        if block != record.block and fitting:
            headers |= {name: digest_of(block) for name, whole in digests.items() if whole}
        headers["Content-Length"] = str(len(block))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        members.append(gzip.compress(f"WARC/1.1\r\n{head}\r\n".encode() + block + b"\r\n\r\n"))
    path.write_bytes(b"".join(members))
    digest_again(path)


def digest_again(path: Path) -> None:
    """Make the digest beside a file fit again."""
    digest = digest_of(path.read_bytes()).removeprefix("sha256:")
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")


# A store with some of everything


KILLED_RUN = """
run = Run(Store(sys.argv[1]), "skagen", settings_digest=SETTINGS)
keep_page(run, "https://skagen.test/a", page("Herring prices fall"), at=later(30))
run.flush()
keep_page(run, "https://skagen.test/b", page("Herring prices rise"), at=later(31))
run.keep(exchange("https://skagen.test/c", wire(b"gone", "404 Not Found"), at=later(32)))
run.keep_failure(failure("https://skagen.test/d", kind="refused", error="Connection refused."))
"""


def varied_store(root: Path) -> Store:
    """Several sources and runs: versions, revisits, failures, truncated ones, small files, a killed run."""
    store = Store(root)
    storm, ferry = "https://www.ellery.test/2026/11/storm", "https://ellery.test/ferry?line=2"
    canonical = '<link rel="canonical" href="https://www.ellery.test/2026/11/storm">'
    with running(store, info={"operator": "Tests <tests@ellery.test>", "robots": "obey"}) as run:
        keep_page(run, storm, page("Storm keeps twelve boats out", head=canonical))
        keep_page(run, ferry, page("Ferry line two stops at noon"), at=later(1))
        run.keep(exchange(storm, wire(page("Storm keeps twelve boats out", head=canonical)), at=later(2)))
        run.keep(exchange(storm, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(3)))
        run.keep(exchange("https://ellery.test/old", wire(b"", "301 Moved", ["Location: /new"]), at=later(4)))
        run.keep(exchange("https://ellery.test/cut", b"HTTP/1.1 200 OK\r\n\r\nhal", truncated="disconnect"))
        run.keep(exchange(ferry, wire(headers=["Content-Type: text/html"]), method="HEAD", at=later(5)))
        run.keep_failure(failure("https://nowhere.test/"))
    with running(store, "ellery", max_file_size=2000) as run:
        keep_page(run, storm, page("Storm keeps nine boats out", sentences=SENTENCES[:5], head=canonical), at=later(24))
        keep_page(run, storm + "/amp", page("Storm keeps nine boats out", head=canonical), at=later(25))
        run.keep(exchange(ferry, wire(page("Ferry line two stops at noon")), at=later(26)))
    with running(store, "nordlys") as run:
        keep_page(run, "https://nordlys.test/å", page("Isen går i havnen", language="no"), at=later(27))
    killed(KILLED_RUN, root)
    with running(store, "ellery") as run:
        run.keep(exchange(storm, wire(status="304 Not Modified", headers=["ETag: y"]), at=later(48)))
    return store


def read_json(record: StoredRecord) -> dict[str, Any]:
    """The JSON object that a metadata record holds, in a field among the originals."""
    block = record.block
    if record.get("Content-Type") == "application/warc-fields":
        (block,) = (line[len(b"newswarc: ") :] for line in block.split(b"\r\n") if line.startswith(b"newswarc: "))
    value: dict[str, Any] = json.loads(block)
    return value


def refused(error: ArchiveError) -> str:
    """The error's text, which must be one sentence."""
    text = str(error)
    assert text.endswith("."), text
    assert "\n" not in text
    assert "Traceback" not in text
    return text


# What a worker can be made to do (a forkserver imports it by name)


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def loop_forever() -> None:
    """As a regular expression can, on the wrong page."""
    while True:
        pass


def allocate(size: int) -> int:
    """Take so many bytes of memory, for a moment."""
    return len(bytearray(size))


def end_process(how: str) -> None:
    """As a parser written in C can."""
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGSEGV if how == "segfault" else signal.SIGKILL)


def raise_error(error: Exception) -> None:
    """Raise it."""
    raise error


def give_a_lambda() -> object:
    """Something that can't be pickled."""
    return lambda: None


def interrupt_itself() -> str:
    """As Ctrl-C does, which the terminal sends to the workers too."""
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"
