"""`token_of`: the token in an Authorization header. Standard library only, as `accounts`."""

from __future__ import annotations

import base64
import binascii

__all__ = ["token_of"]


def token_of(authorization: str) -> str:
    """The token of ``Bearer TOKEN`` (RFC 6750), or of ``Basic`` with any name and the token as its password.

    Programs that know no Bearer can nearly always be given a name and a password. Empty if it is neither.
    """
    scheme, _, value = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
            except (binascii.Error, ValueError):
                return ""
    return ""
