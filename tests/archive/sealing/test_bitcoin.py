"""OpenTimestamps against a calendar on loopback that answers in the library's own format."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("opentimestamps", reason="needs the extra opentimestamps")

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp

from archive.errors import SealError
from archive.sealing.audit import SealAudit
from archive.sealing.bitcoin import ask_calendars, read_commitment, upgrade
from archive.sealing.proof_check import check_proof
from archive.sealing.stamping import Stamping
from tests.archive.sealing.papers import proven, story

DATA = b"the bytes of a seal"
HEIGHT = 912_345


class Calendar:
    """Takes digests, and commits to them in a block when it is told that one was found."""

    def __init__(self) -> None:
        self.digests: list[bytes] = []
        self.has_block = False
        self.url = ""

    def timestamp(self, message: bytes) -> bytes | None:
        """What it answers for a digest that it was sent, or a commitment that it has made."""
        stamp = Timestamp(message)
        if message in self.digests:
            stamp.ops.add(OpPrepend(b"c" * 8)).attestations.add(PendingAttestation(self.url))
        elif not self.has_block or message[8:] not in self.digests:
            return None
        else:
            stamp.ops.add(OpSHA256()).attestations.add(BitcoinBlockHeaderAttestation(HEIGHT))
        context = BytesSerializationContext()
        stamp.serialize(context)
        return context.getbytes()


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    found = Calendar()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            digest = self.rfile.read(int(self.headers["Content-Length"]))
            found.digests.append(digest)
            self.answer(found.timestamp(digest) if self.path == "/digest" else None)

        def do_GET(self) -> None:
            self.answer(found.timestamp(bytes.fromhex(self.path.removeprefix("/timestamp/"))))

        def answer(self, body: bytes | None) -> None:
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_calendar_promises_and_a_block_keeps_the_promise(calendar: Calendar) -> None:
    ots, problems = ask_calendars([calendar.url], DATA)
    assert problems == []
    assert read_commitment(ots, DATA).waiting == (calendar.url,)
    assert upgrade(ots, DATA, [calendar.url]) is None
    calendar.has_block = True
    new = upgrade(ots, DATA, [calendar.url])
    assert new is not None
    root = hashlib.sha256(b"c" * 8 + calendar.digests[0]).digest()
    assert read_commitment(new, DATA).blocks == ((HEIGHT, root[::-1].hex()),)


def test_what_is_dated_does_not_leave_the_house(calendar: Calendar) -> None:
    ask_calendars([calendar.url], DATA)
    ask_calendars([calendar.url], DATA)
    assert hashlib.sha256(DATA).digest() not in calendar.digests
    assert len(set(calendar.digests)) == 2


def test_one_calendar_that_answers_is_enough(calendar: Calendar) -> None:
    _, problems = ask_calendars(["http://127.0.0.1:9", calendar.url], DATA)
    assert problems == ["127.0.0.1:9 did not promise to date the seal: Connection refused."]
    with pytest.raises(SealError, match="did not promise to date the seal"):
        ask_calendars(["http://127.0.0.1:9"], DATA)
    with pytest.raises(SealError, match="is no http or https address"):
        ask_calendars(["file:///etc/passwd"], DATA)


def test_calendars_that_nobody_named_are_not_asked(calendar: Calendar) -> None:
    ots, _ = ask_calendars([calendar.url], DATA)
    calendar.has_block = True
    assert upgrade(ots, DATA) is None


def test_a_file_is_of_its_bytes_alone(calendar: Calendar) -> None:
    ots, _ = ask_calendars([calendar.url], DATA)
    with pytest.raises(SealError, match="of something else"):
        read_commitment(ots, DATA + b"!")
    for wrong in (b"", ots[:-3], ots + b"\0", b"x" * 70000):
        with pytest.raises(SealError, match="has an OpenTimestamps file"):
            read_commitment(wrong, DATA)


def test_a_flipped_byte_is_refused_or_leads_to_another_root(calendar: Calendar) -> None:
    """Whoever looks the block up sees the difference; who keeps the file has its digest beside it."""
    ots, _ = ask_calendars([calendar.url], DATA)
    calendar.has_block = True
    new = upgrade(ots, DATA, [calendar.url])
    assert new is not None
    good = read_commitment(new, DATA)
    same = []
    for at in range(len(new)):
        flipped = new[:at] + bytes([new[at] ^ 4]) + new[at + 1 :]
        try:
            found = read_commitment(flipped, DATA)
        except SealError:
            continue
        same.append(found.blocks == good.blocks)
    in_url = len(calendar.url) + 20  # which says nothing of the block
    assert sum(same) <= in_url


def test_seals_are_promised_then_dated_and_proofs_say_so(calendar: Calendar, tmp_path: Path) -> None:
    store = story(tmp_path)
    stamping = Stamping(store)
    assert list(stamping.commitments([calendar.url])) == [
        (1, "is promised to the Bitcoin block chain"),
        (2, "is promised to the Bitcoin block chain"),
    ]
    assert list(stamping.commitments([calendar.url])) == []
    promised = check_proof(proven(store))
    assert promised.ok
    assert promised.findings[-1].what == "Seal 2 is promised to the Bitcoin block chain, but in no block yet."
    calendar.has_block = True
    dated = [(1, f"is committed to by Bitcoin block {HEIGHT}"), (2, f"is committed to by Bitcoin block {HEIGHT}")]
    assert list(stamping.commitments([calendar.url])) == dated
    assert f"Seal 2 is older than Bitcoin block {HEIGHT}" in check_proof(proven(store)).findings[-1].what
    assert SealAudit.of(store).faults == []
    path = store.root / "seals" / "000001" / "time-stamp.ots"
    path.write_bytes(path.read_bytes() + b"\0")
    (fault,) = SealAudit.of(store).faults
    assert fault.where == "seals/000001/time-stamp.ots"
