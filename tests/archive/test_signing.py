from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from archive.errors import SigningError
from archive.signing import SigningKey, default_path
from tests.archive.making import digest_of, refused

DIGEST = "sha256:" + "a" * 64
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def is_true(public: str, signature: str, text: str) -> bool:
    """Whether a signature is that of the text; made without the archive's help."""
    key = serialization.load_der_public_key(base64.b64decode(public))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    raw = base64.b64decode(signature)
    assert len(raw) == 96
    der = utils.encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    try:
        key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes = b"") -> Path:
    way = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.touch(0o600)
    path.write_bytes(key.private_bytes(PEM, PKCS8, way))
    return path


def test_a_key_is_kept_and_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "key.pem"
    made = SigningKey.make(path)
    read = SigningKey.read(path)
    assert (read.public, read.fingerprint) == (made.public, made.fingerprint)
    assert made.fingerprint == digest_of(base64.b64decode(made.public))
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp384r1"


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_nobody_else_can_read_it_from_its_first_moment(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    real = os.fdopen

    def fdopen(descriptor: int, *arguments: str) -> object:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        assert os.fstat(descriptor).st_size == 0
        return real(descriptor, *arguments)

    monkeypatch.setattr(os, "fdopen", fdopen)
    before = os.umask(umask)
    try:
        SigningKey.make(tmp_path / "folder" / "key.pem")
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "folder" / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "key.pem", tmp_path / "elsewhere.pem"
    SigningKey.make(path)
    before = path.read_bytes()
    (tmp_path / "link.pem").symlink_to(elsewhere)
    for target in (path, tmp_path / "link.pem"):
        with pytest.raises(SigningError) as caught:
            SigningKey.make(target)
        assert "never overwritten" in refused(caught.value)
    assert path.read_bytes() == before
    assert not elsewhere.exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SigningError) as caught:
        SigningKey.make(tmp_path / "file" / "key.pem")
    refused(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o601])
def test_a_key_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    SigningKey.make(path)
    path.chmod(mode)
    with pytest.raises(SigningError) as caught:
        SigningKey.read(path)
    assert f"chmod 600 {path}" in refused(caught.value)
    path.chmod(0o400)
    SigningKey.read(path)


def test_what_is_no_key_of_ours_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("missing", "text", "empty", "large", "folder")]
    for path, text in zip(paths[1:4], ("no key", "", "x" * 100_000), strict=True):
        path.touch(0o600)
        path.write_text(text)
    paths[4].mkdir()
    paths += [
        write_key(tmp_path / "p256", ec.generate_private_key(ec.SECP256R1())),
        write_key(tmp_path / "ed25519", ed25519.Ed25519PrivateKey.generate()),
        write_key(tmp_path / "locked", ec.generate_private_key(ec.SECP384R1()), b"secret"),
    ]
    for path in paths:
        with pytest.raises(SigningError) as caught:
            SigningKey.read(path)
        assert str(path) in refused(caught.value)


def test_signatures_are_true_and_always_the_same(tmp_path: Path) -> None:
    key = SigningKey.make(tmp_path / "key.pem")
    signature = key.sign(DIGEST)
    assert SigningKey.read(tmp_path / "key.pem").sign(DIGEST) == signature
    assert is_true(key.public, signature, DIGEST)
    assert not is_true(key.public, signature, DIGEST.replace("a", "b"))
    other = SigningKey.make(tmp_path / "other.pem")
    assert not is_true(other.public, signature, DIGEST)


def test_a_known_signature(tmp_path: Path) -> None:
    """RFC 6979, A.2.6: P-384 with SHA-256, message "sample"."""
    number = 0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5
    key = SigningKey.read(write_key(tmp_path / "key.pem", ec.derive_private_key(number, ec.SECP384R1())))
    assert base64.b64decode(key.sign("sample")).hex().upper() == (
        "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD"
        "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0"
    )


def test_the_usual_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/conf")
    assert default_path() == Path("/conf/newswarc/key.pem")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert default_path() == Path.home() / ".config" / "newswarc" / "key.pem"
