"""``pages/*.jsonl`` of a WACZ: the list of pages that a reader is shown."""

from __future__ import annotations

import re
from typing import IO

import msgspec

from archive.inspection.findings import Findings
from archive.inspection.ledger import Ledger
from archive.inspection.lines import read_lines
from archive.surt import url_key

__all__ = ["PAGES", "judge_page_lists", "read_pages"]

PAGES = "pages/pages.jsonl"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_BATCH = 500


class _Header(msgspec.Struct, frozen=True):
    format: str | None = None
    url: str | None = None


class _Page(msgspec.Struct, frozen=True):
    url: str
    ts: str


def read_pages(file: IO[bytes], place: str, ledger: Ledger, findings: Findings, *, main: bool) -> None:
    """Judge one list's form; whether its pages have captures is seen later. `main` is pages.jsonl itself.

    Raises what reading the file raises.
    """
    rows: list[tuple[str, str, str]] = []
    count = 0
    for number, line in enumerate(read_lines(file, place, findings), 1):
        where = f"line {number}"
        if number == 1 and _is_header(line):
            continue
        if number == 1:
            tell = findings.fault if main else findings.advise
            tell(place, 'does not begin with a header such as {"format": "json-pages-1.0"}; readers miss a page')
        try:
            page = msgspec.json.decode(line, type=_Page)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            findings.fault(
                place,
                f"is no page: {str(error).rstrip('.')}; leave it out",
                place=where,
                kind="lines that are no pages",
            )
            continue
        if not _TIME.fullmatch(page.ts):
            what = f"has the ts {page.ts[:40]!r}, which is no time such as 2026-11-20T09:00:00Z"
            findings.fault(place, what, place=where, kind="pages whose ts is no time")
        count += 1
        rows.append((f"{place}\n{where}", page.url, url_key(page.url)))
        if len(rows) >= _BATCH:
            ledger.add_pages(rows)
            rows = []
    ledger.add_pages(rows)
    if main and not count:
        findings.advise(place, "lists no page, so that a reader has nowhere to begin")


def _is_header(line: bytes) -> bool:
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return header.format is not None and header.url is None


def judge_page_lists(ledger: Ledger, findings: Findings) -> None:
    """Whether every page that is listed is in the index, by which readers find it."""
    lost = "SELECT place, url FROM pages AS p WHERE NOT EXISTS (SELECT 1 FROM lines AS l WHERE l.key = p.key)"
    for where, url in ledger.rows(lost):
        file, _, place = where.partition("\n")
        what = "is a page without a capture in the index: it can be listed, but not shown"
        tell = findings.fault if file.endswith(PAGES) else findings.advise
        tell(file, f"{what} ({url}); leave it out or add its capture", place=place, kind=what)
