"""JSON as it is handed over: one object a line, in UTF-8."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["dump", "line"]

_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Signs that some readers take for line ends, or YAML doesn't allow."""


def dump(value: Any) -> str:
    """JSON that is YAML as well and stays on one line, whatever a reader takes for its end."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def line(value: Any) -> bytes:
    """One line of JSON Lines."""
    return dump(value).encode() + b"\n"
