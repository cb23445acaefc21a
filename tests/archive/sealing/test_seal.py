import base64
import hashlib
import json

import msgspec
import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from archive.errors import SealError
from archive.sealing.seal import FORMAT, FileList, Seal, Statement, Tree
from archive.signing import SigningKey

NOTHING = "sha256:" + "0" * 64


def new_key() -> SigningKey:
    return SigningKey(ec.generate_private_key(ec.SECP384R1()))


KEY, OTHER = new_key(), new_key()


def statement(key: SigningKey = KEY, number: int = 1, previous: str | None = None, **told: object) -> Statement:
    fields = {
        "format": FORMAT,
        "made": "2026-12-01T00:15:00Z",
        "tree": Tree(size=3, root="ab" * 32),
        "files": FileList(count=1, digest=NOTHING),
        "software": "newswarc/test",
    }
    return Statement(number=number, previous=previous, key=key.fingerprint, **(fields | told))  # type: ignore[arg-type]


def test_a_seal_is_read_back_as_it_was_made() -> None:
    seal = Seal.sign(statement(), KEY)
    assert Seal.read(seal.data) == seal
    assert seal.public_key == KEY.public_bytes


def test_the_signature_is_over_the_statement_as_it_stands_there() -> None:
    told = json.loads(Seal.sign(statement(), KEY).data)
    key = KEY._private.public_key()
    key.verify(base64.b64decode(told["signature"]), told["statement"].encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(told["statement"])["tree"] == {"root": "ab" * 32, "size": 3}


def test_any_changed_byte_breaks_a_seal() -> None:
    data = Seal.sign(statement(next_key=OTHER.fingerprint), KEY).data
    for at in range(len(data)):
        for bit in (1, 4, 32, 128):
            flipped = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            with pytest.raises(SealError):
                Seal.read(flipped)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"publicKey":"","signature":"","statement":"{}"}'])
def test_what_is_no_seal_is_refused(data: bytes) -> None:
    with pytest.raises(SealError, match="is no seal"):
        Seal.read(data)


def test_another_way_to_write_the_same_is_refused() -> None:
    data = Seal.sign(statement(), KEY).data
    told = json.loads(data)
    for other in (data + b"\n", json.dumps(told).encode(), json.dumps(told, indent=1).encode()):
        with pytest.raises(SealError, match="is not written as seals are"):
            Seal.read(other)


def test_a_statement_that_is_signed_again_by_somebody_else_is_another_seal() -> None:
    mine = Seal.sign(statement(), KEY)
    with pytest.raises(SealError, match="signed by another key than it says"):
        Seal.read(Seal.sign(mine.statement, OTHER).data)
    theirs = Seal.sign(statement(OTHER), OTHER)
    assert Seal.read(theirs.data).digest != mine.digest


def test_seals_of_the_future_are_told_apart() -> None:
    with pytest.raises(SealError, match="does not know: 'newswarc-seal/2'"):
        Seal.read(Seal.sign(statement(format="newswarc-seal/2"), KEY).data)


def test_seals_are_a_chain() -> None:
    first = Seal.sign(statement(), KEY)
    second = Seal.sign(statement(number=2, previous=first.digest), KEY)
    assert first.follows(None) == second.follows(first) == "announced"
    for broken, before, reason in (
        (second, None, "number 2, where number 1"),
        (first, second, "number 1, where number 3"),
        (Seal.sign(statement(number=2, previous=NOTHING), KEY), first, "does not name the seal that is stored before"),
        (Seal.sign(statement(OTHER, 2, first.digest), OTHER), first, "where sha256:"),
    ):
        with pytest.raises(SealError, match=reason):
            broken.follows(before)


def test_keys_change_when_they_are_announced_or_are_said_to_be_lost() -> None:
    first = Seal.sign(statement(next_key=OTHER.fingerprint), KEY)
    assert Seal.sign(statement(OTHER, 2, first.digest), OTHER).follows(first) == "announced"
    with pytest.raises(SealError, match="is signed by the key"):
        Seal.sign(statement(KEY, 2, first.digest), KEY).follows(first)
    plain = Seal.sign(statement(), KEY)
    assert Seal.sign(statement(OTHER, 2, plain.digest, unannounced=True), OTHER).follows(plain) == "unannounced"


def rewritten(seal: Seal, **changes: str) -> bytes:
    """A seal with parts of its envelope put in place of others, in the canonical form."""
    return rfc8785.dumps({**json.loads(seal.data), **changes})


def test_the_other_signature_that_says_the_same_is_refused() -> None:
    """Whoever has (r, s) can write (r, n - s) without the key: the seal would have another digest."""
    seal = Seal.sign(statement(), KEY)
    r, s = utils.decode_dss_signature(seal.signature)
    other = utils.encode_dss_signature(r, ec.SECP384R1.group_order - s)
    with pytest.raises(SealError, match="has a signature in another form"):
        Seal.read(rewritten(seal, signature=base64.b64encode(other).decode()))


def test_only_two_curves_are_known() -> None:
    private = ec.generate_private_key(ec.SECP256K1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    said = msgspec.structs.replace(statement(), key="sha256:" + hashlib.sha256(public).hexdigest())
    signature = private.sign(said.encode(), ec.ECDSA(hashes.SHA256()))
    parts = {"publicKey": public, "signature": signature}
    texts = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    with pytest.raises(SealError, match="not ECDSA with P-256 or P-384"):
        Seal.read(rewritten(Seal.sign(statement(), KEY), statement=said.encode().decode(), **texts))


@pytest.mark.parametrize(
    "told", [{"made": "2026; trust me"}, {"software": "x\x1b[2J"}, {"next_key": "sha256:0"}, {"made": "2026-12-01"}]
)
def test_a_seal_says_nothing_but_what_seals_say(told: dict[str, str]) -> None:
    with pytest.raises(SealError, match="is no seal"):
        Seal.read(Seal.sign(statement(**told), KEY).data)
