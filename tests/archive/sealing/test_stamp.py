import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.errors import SealError
from archive.sealing.stamp import ask_for_stamp, check_stamp, read_certificates
from tests.archive.sealing.authority import Authority, listening, make_authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, which plays the authority")

DATA = b"what is stamped"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    folder = tmp_path_factory.mktemp("tsa") / "authority"
    make_authority(folder)
    with listening(folder) as found:
        yield found


def test_a_stamp_says_when_and_by_whom(authority: Authority) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    reply, stamp = ask_for_stamp(authority.url, DATA, authorities=read_certificates(authority.root))
    assert before <= stamp.time <= dt.datetime.now(dt.UTC)
    assert (stamp.authority, stamp.is_known) == ("CN=Ellery Time", True)
    assert check_stamp(reply, DATA, read_certificates(authority.root)) == stamp


def test_an_authority_that_nobody_vouches_for_is_told_apart(authority: Authority, tmp_path: Path) -> None:
    reply, stamp = ask_for_stamp(authority.url, DATA)
    assert not stamp.is_known
    make_authority(tmp_path / "other")  # of the same names
    assert not check_stamp(reply, DATA, read_certificates(tmp_path / "other" / "root.pem")).is_known


def test_a_stamp_is_of_these_bytes_alone(authority: Authority) -> None:
    reply, _ = ask_for_stamp(authority.url, DATA)
    with pytest.raises(SealError, match="has a time stamp that is a time stamp of something else"):
        check_stamp(reply, DATA + b"!", read_certificates(authority.root))


def test_every_changed_byte_of_a_stamp_is_found_or_changes_nothing_it_says(authority: Authority) -> None:
    roots = read_certificates(authority.root)
    reply, stamp = ask_for_stamp(authority.url, DATA, authorities=roots)
    unseen = []
    for at in range(0, len(reply), 5):
        flipped = reply[:at] + bytes([reply[at] ^ 0x10]) + reply[at + 1 :]
        try:
            if (got := check_stamp(flipped, DATA, roots)).is_known:
                assert got == stamp
                unseen.append(at)
        except SealError:
            continue
    # What no signature covers: the status, and which version and algorithms the wrapping says that it has.
    assert len(unseen) < 6, unseen


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("busy", "it answered 503"),
        ("moved", "it answered 302"),
        ("no", "what it answered is no time stamp"),
        ("old", "its answer is to another question"),
    ],
)
def test_what_is_no_stamp_is_refused(authority: Authority, path: str, reason: str) -> None:
    ask_for_stamp(authority.url, DATA)
    with pytest.raises(SealError, match="did not stamp the seal") as caught:
        ask_for_stamp(authority.url + path, DATA)
    assert reason in str(caught.value)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://a/b", "https://", "http:///x", "127.0.0.1:80"])
def test_only_http_addresses_are_asked(url: str) -> None:
    with pytest.raises(SealError, match="no http or https address"):
        ask_for_stamp(url, DATA)


def test_a_name_that_was_put_into_a_stamp_is_not_vouched_for(authority: Authority) -> None:
    roots = read_certificates(authority.root)
    reply, _ = ask_for_stamp(authority.url, DATA, authorities=roots)
    stamp = check_stamp(reply.replace(b"Ellery Time", b"Ellery Tome"), DATA, roots)
    assert (stamp.authority, stamp.is_known) == ("CN=Ellery Tome", False)


def test_what_is_cut_or_no_stamp_at_all_is_refused(authority: Authority) -> None:
    reply, _ = ask_for_stamp(authority.url, DATA)
    for wrong in (reply[: len(reply) // 2], b"", b"\x30\x03\x02\x01\x02", reply + b"\0"):
        with pytest.raises(SealError, match="has a time stamp that"):
            check_stamp(wrong, DATA, read_certificates(authority.root))


def test_certificates_are_read_or_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("hello")
    for name, reason in (("no.pem", "holds no certificates"), ("missing.pem", "can't be read")):
        with pytest.raises(SealError, match=reason):
            read_certificates(tmp_path / name)
