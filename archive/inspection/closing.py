"""What the records of a set of files say of each other, judged when all have been read.

A WACZ must be whole in itself. WARC files that were given together are one set: what they refer to may lie in
files that were not given, and then only a revisit is a fault, since no replay of this set can show it.
"""

from __future__ import annotations

from collections.abc import Iterator

from archive.inspection.findings import Findings
from archive.inspection.headers import seconds_of
from archive.inspection.ledger import Ledger, Noted

__all__ = ["judge_set"]

_PROFILES = tuple(
    f"http://netpreserve.org/warc/{version}/revisit/{kind}"
    for version in ("1.1", "1.0", "0.18")
    for kind in ("identical-payload-digest", "server-not-modified", "uri-agnostic-identical-payload-digest")
)
_GIVE = "give the file that holds it too"
_REMEMBERED = 10_000
_ORIGINALS = "('response', 'resource')"


def judge_set(ledger: Ledger, findings: Findings, *, whole: bool) -> None:
    """Judge all references; `whole` if nothing may be missing."""
    _Set(ledger, findings, whole=whole).judge()


class _Set:
    def __init__(self, ledger: Ledger, findings: Findings, *, whole: bool) -> None:
        self._ledger, self._findings, self._whole = ledger, findings, whole
        self._other_versions: dict[str | None, bool] = {}

    def judge(self) -> None:
        self._judge_ids()
        for revisit in self._ledger.ask("WHERE r.type = 'revisit' ORDER BY r.number"):
            self._judge_revisit(revisit)
        self._judge_derived()
        self._judge_links()
        self._judge_replay()

    def _label(self, record: Noted) -> str:
        return self._ledger.files[record.file][0]

    def _fault(self, record: Noted, what: str, kind: str = "") -> None:
        self._findings.fault(self._label(record), what, place=record.place, record=record.id, kind=kind)

    def _advise(self, record: Noted, what: str, kind: str = "") -> None:
        self._findings.advise(self._label(record), what, place=record.place, record=record.id, kind=kind)

    def _judge_ids(self) -> None:
        again = (
            """WHERE EXISTS (SELECT 1 FROM records AS o WHERE o.id = r.id AND o.number < r.number) ORDER BY r.number"""
        )
        for record in self._ledger.ask(again):
            first = self._ledger.first("WHERE r.id = ? ORDER BY r.number", (record.id,))
            where = f"{self._label(first)}, {first.place}" if first else ""
            what = "has the WARC-Record-ID of another record"
            self._fault(record, f"{what} ({where}); ids must be unique", what)

    # Revisits

    def _judge_revisit(self, revisit: Noted) -> None:
        if revisit.profile and revisit.profile not in _PROFILES:
            self._advise(revisit, f"is a revisit of the profile {revisit.profile!r}, which replay tools don't know")
        if revisit.payload is None and (revisit.profile or "").endswith("identical-payload-digest"):
            self._fault(
                revisit,
                "is a revisit for an identical payload without WARC-Payload-Digest; have its maker write it anew",
            )
        originals = list(self._originals(revisit))
        original = next((o for o in originals if o.type != "revisit"), None)
        if original is None:
            what = (
                "is a revisit of another revisit; it must refer to the response itself"
                if originals
                else self._missing(revisit)
            )
            self._fault(revisit, what, "revisits whose original is missing" if not originals else "")
            return
        self._judge_original(revisit, original)

    def _missing(self, revisit: Noted) -> str:
        named = f" ({revisit.refers_url} at {revisit.refers_date})" if revisit.refers_url else ""
        then = "replay shows nothing or another version; add it" if self._whole else f"replay needs it; {_GIVE}"
        where = "in the package" if self._whole else "among these files"
        return f"is a revisit whose original is not {where}{named}; {then}"

    def _originals(self, revisit: Noted) -> Iterator[Noted]:
        """What it may be a revisit of: by id, else by URL and date, else by payload digest where it names nothing."""
        found = list(self._ledger.ask("WHERE r.id = ? LIMIT 2", (revisit.refers,))) if revisit.refers else []
        if not found and revisit.refers_url and revisit.refers_date:
            by_url = f"WHERE r.url = ? AND r.date = ? AND r.type IN {_ORIGINALS} LIMIT 1"
            found = list(self._ledger.ask(by_url, (revisit.refers_url, revisit.refers_date)))
            if found and revisit.refers:
                self._advise(revisit, "refers to a record id that is not among these files, though URL and date are")
        if not found and not revisit.refers and not revisit.refers_url and revisit.payload:
            by_payload = f"WHERE r.payload = ? AND r.type IN {_ORIGINALS} LIMIT 1"
            found = list(self._ledger.ask(by_payload, (revisit.payload,)))
            if found:
                self._advise(revisit, "is a revisit that names its original by digest only; few replay tools find it")
        yield from found

    def _judge_original(self, revisit: Noted, original: Noted) -> None:
        said = [
            ("WARC-Refers-To-Target-URI", revisit.refers_url, original.url),
            ("WARC-Refers-To-Date", revisit.refers_date, original.date),
        ]
        for name, mine, theirs in said:
            if mine is not None and mine != theirs and not (name.endswith("Date") and _same_second(mine, theirs)):
                what = f"has a {name} that its original does not have"
                self._fault(revisit, f"{what} ({mine}, not {theirs}); replay shows another version", what)
        if (
            revisit.payload
            and original.payload
            and revisit.payload.partition(":")[0] != original.payload.partition(":")[0]
        ):
            self._advise(
                revisit, "has a payload digest by another algorithm than its original's; they can't be compared"
            )
        elif revisit.payload and original.payload and revisit.payload != original.payload:
            self._fault(
                revisit,
                "has another WARC-Payload-Digest than its original, so it is of something else; get the files again",
            )
        if revisit.refers_url is None or revisit.refers_date is None:
            what = "is a revisit without WARC-Refers-To-Target-URI and WARC-Refers-To-Date, by which replay tools look"
            self._advise(revisit, what)
        if "." in (original.date or "") and self._has_another_version(original):
            what = "is a revisit of a capture whose WARC-Date has fractions of a second: replayweb.page shows another"
            self._fault(revisit, f"{what} version of the page; write dates in whole seconds")

    def _has_another_version(self, original: Noted) -> bool:
        """Whether its URL has another payload; asked once for many revisits of one original."""
        if original.id not in self._other_versions:
            if len(self._other_versions) >= _REMEMBERED:
                self._other_versions.clear()
            other = f"WHERE r.url = ? AND r.type IN {_ORIGINALS} AND r.id IS NOT ? AND r.payload IS NOT ?"
            found = self._ledger.first(other, (original.url, original.id, original.payload))
            self._other_versions[original.id] = found is not None
        return self._other_versions[original.id]

    # What was made of others

    def _judge_derived(self) -> None:
        for text in self._ledger.ask("WHERE r.type = 'conversion' AND r.refers IS NULL ORDER BY r.number"):
            what = "is a conversion without WARC-Refers-To: nobody can tell what it was made from"
            self._fault(text, f"{what}; have its maker write it anew")
        lost = """WHERE r.type IN ('conversion', 'metadata') AND r.refers IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM records AS o WHERE o.id = r.refers) ORDER BY r.number"""
        for record in self._ledger.ask(lost):
            if self._whole:
                self._fault(record, f"is a {record.type} of a record that is not in the package; add it")
            else:
                self._advise(record, f"is a {record.type} of a record that is not among these files; {_GIVE}")

    def _judge_links(self) -> None:
        lost = """JOIN links AS l ON l.record = r.number
                  WHERE NOT EXISTS (SELECT 1 FROM records AS o WHERE o.id = l.target) ORDER BY r.number"""
        for record in self._ledger.ask(lost):
            self._advise(record, f"is a {record.type} that belongs to a record (WARC-Concurrent-To) that is not here")
        other = """JOIN records AS o ON o.id = r.info AND o.type != 'warcinfo' ORDER BY r.number"""
        for record in self._ledger.ask(other):
            self._fault(
                record, "has a WARC-Warcinfo-ID that leads to a record of another type; have its maker write it anew"
            )
        lost = """WHERE r.info IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM records AS o WHERE o.id = r.info) ORDER BY r.number"""
        for record in self._ledger.ask(lost):
            self._advise(record, "has a WARC-Warcinfo-ID that leads to no record of these files")

    # What replay tools get wrong

    def _judge_replay(self) -> None:
        beside = """WHERE r.type = 'conversion' AND EXISTS (SELECT 1 FROM records AS o WHERE o.url = r.url
                    AND o.file = r.file AND o.type IN ('response', 'revisit', 'resource')) ORDER BY r.number"""
        for text in self._ledger.ask(beside):
            what = "is a conversion in one file with its page: replay tools show the text as a capture of the page; "
            self._fault(text, what + "keep texts in a file of their own")
        json = """WHERE r.type = 'metadata' AND r.content_type != 'application/warc-fields' AND r.url LIKE 'http%'
                  ORDER BY r.number"""
        for record in self._ledger.ask(json):
            what = "is a metadata record under the URL of a page: replay tools show it as the page; give it a urn:"
            if self._page_of(record):
                self._fault(record, what)
            else:
                self._advise(record, what)
        fractions = """WHERE r.date LIKE '%.%' AND r.type IN ('response', 'revisit', 'resource') ORDER BY r.number"""
        for record in self._ledger.ask(fractions):
            self._advise(record, "has fractions of a second in its WARC-Date, which some replay tools trip over")

    def _page_of(self, record: Noted) -> bool:
        beside = "WHERE r.url = ? AND r.file = ? AND r.type IN ('response', 'revisit', 'resource')"
        return self._ledger.first(beside, (record.url, record.file)) is not None


def _same_second(one: str, other: str | None) -> bool:
    """Whether two dates differ at most in whether they have fractions."""
    return seconds_of(one) == seconds_of(other) and ("." in one) != ("." in (other or ""))
