"""OpenTimestamps of seals: calendars commit to a seal in the Bitcoin block chain, which nobody can date back.

What is kept is a detached ``.ots`` file, as every OpenTimestamps client reads it. Needs the extra ``opentimestamps``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from archive.errors import SealError

if TYPE_CHECKING:
    from opentimestamps.core.timestamp import Timestamp

__all__ = ["Commitment", "ask_calendars", "is_installed", "read_commitment", "upgrade"]

_NONCE = 16
"""Random bytes before a seal's digest leaves the house: a calendar can't tell what it dates."""
_LARGEST = 1 << 16


class Commitment(msgspec.Struct, frozen=True):
    """What an .ots file says."""

    blocks: tuple[tuple[int, str], ...]
    """Height of each Bitcoin block that commits to the seal, and the Merkle root that this block must then have (hex,
    as block explorers show it)."""
    waiting: tuple[str, ...]
    """Calendars that have promised to."""


def ask_calendars(urls: Sequence[str], data: bytes, *, timeout: float = 30) -> tuple[bytes, list[str]]:
    """Have calendars promise to commit to these bytes; they are sent a digest in which random bytes are mixed.

    Returns the .ots file and a sentence for each calendar that did not. Raises `SealError` if none did, or the extra
    is missing.
    """
    calendars, core = _library()
    file = core.DetachedTimestampFile(core.OpSHA256(), core.Timestamp(hashlib.sha256(data).digest()))
    tip = file.timestamp.ops.add(core.OpAppend(os.urandom(_NONCE))).ops.add(core.OpSHA256())
    problems: list[str] = []
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise SealError(f"SEAL_CALENDARS {url[:80]!r}: is no http or https address of a calendar.")
        try:
            tip.merge(calendars.RemoteCalendar(url, user_agent="newswarc").submit(tip.msg, timeout=timeout))
        except _refusals() as error:
            problems.append(f"{urlsplit(url).netloc} did not promise to date the seal: {_why(error)}.")
    if not tip.attestations and not tip.ops:
        raise SealError(problems[0] if problems else "SEAL_CALENDARS names no calendar.")
    return _bytes_of(file), problems


def upgrade(ots: bytes, data: bytes, trusted: Sequence[str] = (), *, timeout: float = 30) -> bytes | None:
    """Ask the calendars in an .ots file of these bytes whether a block commits to them by now.

    Only calendars at `trusted` addresses, and the public ones that the library knows, are asked. Returns the new file,
    or None if there is nothing new. Raises `SealError` for a file that is not of these bytes.
    """
    calendars, _ = _library()
    not_yet: tuple[type[Exception], ...] = (KeyError, *_refusals())
    allowed = calendars.UrlWhitelist([*trusted])
    allowed |= calendars.DEFAULT_CALENDAR_WHITELIST
    file = _read(ots, data)
    for stamp, attestation in list(_attestations(file.timestamp)):
        if not hasattr(attestation, "uri") or attestation.uri not in allowed:
            continue
        try:
            found = calendars.RemoteCalendar(attestation.uri, user_agent="newswarc").get_timestamp(stamp.msg, timeout)
            stamp.merge(found)
        except not_yet:  # or not now: it is asked again
            continue
    after = _bytes_of(file)
    return after if after != ots else None


def read_commitment(ots: bytes, data: bytes) -> Commitment:
    """What an .ots file says of these bytes. Raises `SealError` with a sentence without its subject."""
    from opentimestamps.core.notary import BitcoinBlockHeaderAttestation

    blocks, waiting = set(), set()
    for stamp, attestation in _attestations(_read(ots, data).timestamp):
        if isinstance(attestation, BitcoinBlockHeaderAttestation):
            blocks.add((attestation.height, stamp.msg[::-1].hex()))
        elif uri := getattr(attestation, "uri", None):
            waiting.add(uri)
    if not blocks and not waiting:
        raise SealError("has an OpenTimestamps file that no calendar has promised anything in")
    return Commitment(tuple(sorted(blocks)), tuple(sorted(waiting)))


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("opentimestamps") is not None


def _library() -> tuple[Any, Any]:
    try:
        from opentimestamps import calendar
        from opentimestamps.core import timestamp
    except ImportError as error:
        raise SealError(
            f"OpenTimestamps needs more than is installed ({error.name}): pip install 'newswarc[opentimestamps]'."
        ) from error
    return calendar, timestamp


def _read(ots: bytes, data: bytes) -> Any:
    """The file, which must be one of these bytes, and no byte more. Raises `SealError`."""
    from opentimestamps.core.serialize import BytesDeserializationContext, DeserializationError

    _, core = _library()
    try:
        if len(ots) > _LARGEST:
            raise SealError(f"has an OpenTimestamps file of more than {_LARGEST} bytes")
        context = BytesDeserializationContext(ots)
        file = core.DetachedTimestampFile.deserialize(context)
        context.assert_eof()
    except (DeserializationError, ValueError, RecursionError, OverflowError) as error:
        raise SealError(f"has an OpenTimestamps file that can't be read: {error}") from error
    if not isinstance(file.file_hash_op, core.OpSHA256) or file.file_digest != hashlib.sha256(data).digest():
        raise SealError("has an OpenTimestamps file of something else")
    return file


def _bytes_of(file: Any) -> bytes:
    from opentimestamps.core.serialize import BytesSerializationContext

    context = BytesSerializationContext()
    file.serialize(context)
    return bytes(context.getbytes())


def _attestations(stamp: Timestamp) -> Iterator[tuple[Timestamp, Any]]:
    yield from ((stamp, attestation) for attestation in stamp.attestations)
    for further in stamp.ops.values():
        yield from _attestations(further)


def _refusals() -> tuple[type[Exception], ...]:
    from opentimestamps.core.serialize import DeserializationError

    return (OSError, HTTPException, DeserializationError, ValueError, RecursionError)


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    code = getattr(error, "code", None)
    return f"it answered {code}" if code else str(getattr(reason, "strerror", None) or reason)[:200].rstrip(".")
