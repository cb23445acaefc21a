"""Time stamps of seals (RFC 3161): an authority's signed word that a seal was there at a certain time."""

from __future__ import annotations

import datetime as dt
import ssl
import urllib.error
import urllib.request
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from archive.errors import SealError
from archive.inspection.timestamp import check_timestamp

__all__ = ["Stamp", "ask_for_stamp", "check_stamp", "read_certificates"]

_LARGEST_REPLY = 1 << 20
_TYPE = "application/timestamp-reply"
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    UnsupportedAlgorithm,
)
"""What certificates that were tampered with raise."""


class Stamp(msgspec.Struct, frozen=True):
    """A time stamp that is good."""

    time: dt.datetime
    """UTC."""
    authority: str
    """The name in its certificate."""
    is_known: bool
    """Its certificate leads to one of the authorities that were given, or that this machine trusts."""


def check_stamp(reply: bytes, stamped: bytes, authorities: Sequence[x509.Certificate] = ()) -> Stamp:
    """Verify a TimeStampResp over these bytes, without the network and as of its own time.

    `authorities` are root certificates to trust beside those of this machine. Raises `SealError` with a sentence
    without its subject.
    """
    try:
        response = decode_timestamp_response(reply)
        # Raises for a certificate of no signer, or that may not stamp.
        signer = _signer(response)
        time = response.tst_info.gen_time.astimezone(dt.UTC)
        name = signer.subject.rfc4514_string()
    except _UNREADABLE as error:
        raise SealError(f"has a time stamp that can't be read: {error}") from error
    if _is_vouched_for(response, stamped, authorities):
        return Stamp(time, name, True)
    try:
        check_timestamp(reply, stamped, signer)
    except _UNREADABLE as error:
        raise SealError(f"has a time stamp that {error}") from error
    return Stamp(time, name, False)


def ask_for_stamp(
    url: str, data: bytes, *, authorities: Sequence[x509.Certificate] = (), timeout: float = 30
) -> tuple[bytes, Stamp]:
    """Ask the authority at that URL (RFC 3161, 3.4: over HTTP) to stamp these bytes; only their digest is sent.

    Returns its TimeStampResp as it came, and what it says. Raises `SealError` with one sentence if there is no good
    one.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not host:
        raise SealError(f"SEAL_TIMESTAMP {url[:80]!r}: is no http or https address of an authority.")
    asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    reply = _post(url, host, asked.as_bytes(), timeout)
    if problem := _refusal(reply, asked.nonce):
        raise SealError(f"{host} did not stamp the seal: {problem}.")
    try:
        return reply, check_stamp(reply, data, authorities)
    except SealError as error:
        raise SealError(f"{host}: the seal {error}.") from error


def _post(url: str, host: str, body: bytes, timeout: float) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": _TYPE, "User-Agent": "newswarc"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the scheme was looked at
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as answer:
            reply: bytes = answer.read(_LARGEST_REPLY)
            return reply
    except urllib.error.HTTPError as error:
        error.close()
        raise SealError(f"{host} did not stamp the seal: it answered {error.code}.") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SealError(f"{host} did not stamp the seal: {getattr(reason, 'strerror', None) or reason}.") from error


def _refusal(reply: bytes, nonce: int | None) -> str | None:
    """Why an authority's answer is no stamp of ours, if it isn't."""
    try:
        response = decode_timestamp_response(reply)
        granted = response.status in (0, 1)
        same = granted and response.tst_info.nonce == nonce
    except ValueError as error:
        return f"what it answered is no time stamp ({error})"
    if not granted:
        return ", ".join(response.status_string) or "it refused"
    return None if same else "its answer is to another question"


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Certificates in a PEM file. Raises `SealError` if there are none."""
    try:
        with warnings.catch_warnings(action="ignore"):  # old roots have odd serial numbers
            return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise SealError(f"{path}: can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise SealError(f"{path}: holds no certificates in PEM.") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An authority that leads elsewhere is not followed: it was chosen by its address."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The certificate in a time stamp that signed it. Raises `ValueError`."""
    infos = list(response.signed_data.signer_infos)
    for data in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(bytes(data))
        for info in infos:
            if (certificate.issuer, certificate.serial_number) == (info.issuer, info.serial_number):
                try:
                    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
                except x509.ExtensionNotFound:
                    usage = x509.ExtendedKeyUsage([])
                if ExtendedKeyUsageOID.TIME_STAMPING not in usage:
                    raise ValueError("its certificate is not for time stamps")
                return certificate
    raise ValueError("it brings no certificate of its signer")


def _is_vouched_for(response: TimeStampResponse, stamped: bytes, authorities: Sequence[x509.Certificate]) -> bool:
    roots = [*authorities, *_known_here()]
    try:
        return bool(roots) and VerifierBuilder(roots=roots).build().verify_message(response, stamped)
    except (VerificationError, *_UNREADABLE):
        return False


@cache
def _known_here() -> tuple[x509.Certificate, ...]:
    """The root certificates that this machine trusts."""
    roots = []
    with warnings.catch_warnings(action="ignore"):  # old roots have odd serial numbers
        for data in ssl.create_default_context().get_ca_certs(binary_form=True):
            with suppress(ValueError):
                roots.append(x509.load_der_x509_certificate(data))
    return tuple(roots)
