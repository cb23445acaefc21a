"""`Eyes`: what is wrong with a page as Chromium shows it, to those who see and to those who don't."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["focus_fault", "looks", "nameless"]

_NAMED = {
    "button", "link", "searchbox", "textbox", "combobox", "checkbox", "radio", "image", "Iframe", "navigation",
    "region", "search", "heading", "listbox", "DisclosureTriangle",
}  # fmt: skip
"""Roles of Chromium's accessibility tree that say nothing without a name."""


@cache
def _script() -> str:
    return Path(__file__).with_name("eyes.js").read_text("utf-8")


def looks(page: Page, *faults: str) -> list[str]:
    """What is wrong, of these kinds: ``faint``, ``wide``, ``small``, ``structure``."""
    look = f"(kinds) => {{ const eyes = {_script()}; return kinds.flatMap((kind) => eyes[kind]()); }}"
    found: list[str] = page.evaluate(look, list(faults))
    return found


def focus_fault(page: Page) -> str:
    """Why nobody can see where the focus is; empty if all can, a page that scrolls there given its time."""
    from playwright.sync_api import TimeoutError as TookTooLong

    try:
        page.wait_for_function(f"() => !{_script()}.focus()", timeout=2000)
    except TookTooLong:
        return str(page.evaluate(f"() => {_script()}.focus()"))
    return ""


def nameless(page: Page) -> list[str]:
    """Things in the tree that Chromium gives to screen readers which have no name there."""
    session = page.context.new_cdp_session(page)
    tree: dict[str, Any] = session.send("Accessibility.getFullAXTree")
    session.detach()
    found = []
    for node in tree["nodes"]:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in _NAMED:
            continue
        if not str(node.get("name", {}).get("value", "")).strip():
            found.append(f"a {role} has no name")
    return found
