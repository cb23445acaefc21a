"""Whether scripts of archived pages run in a reader's browser, and if not, why."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["HOLDS", "Scripts", "why_still"]

Scripts = Literal["held", "always", "never"]
"""Where they run: in browsers that keep them from the network, everywhere, nowhere."""
HOLDS = 156
"""First version of Chromium in which Connection-Allowlist was seen to hold (tests/archive/serving/test_escapes.py)."""
_CHROMIUM = re.compile(r"Chrome/(\d{1,6})\.")


def why_still(scripts: Scripts, browser: str) -> str | None:
    """Why scripts don't run in a browser (its User-Agent), for its reader; None if they do."""
    if scripts == "never":
        return "Scripts of archived pages are switched off here, so parts of this page may be missing."
    version = _CHROMIUM.search(browser)
    if scripts == "always" or (version and int(version[1]) >= HOLDS):
        return None
    return (
        "This page’s own scripts don’t run in your browser, which could not keep them from the network, so parts of "
        f"the page may be missing. They run in Chrome, Chromium and Edge from version {HOLDS}."
    )
