"""``scrapy show URL``: what the archive has of a page."""

from __future__ import annotations

import argparse
import json
from typing import Any

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "URL"

    def short_desc(self) -> str:
        return "Show captures, versions, text and provenance of a URL"

    def long_desc(self) -> str:
        return (
            "Print where and when the URL was announced, every capture of it, every version of the article that was "
            "read from it, the latest text with its fields and what was removed, and the provenance from the text down "
            "to the bytes."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue

        if len(args) != 1:
            self.fail("name one URL.")
            self.exitcode = 2
            return
        try:
            self.store.require()
            with Catalogue(self.store.catalogue_path) as catalogue:
                captures, versions = catalogue.captures(args[0]), catalogue.versions(args[0])
                leads = catalogue.announcements(args[0])
            if not captures and not versions and not leads:
                self.fail(f"{args[0]} is not in the archive {self.store.root}.")
                return
            _print_leads(leads)
            _print_captures(captures)
            if versions:
                self._print_versions(versions)
        except ArchiveError as error:
            self.fail(error)

    def _print_versions(self, versions: list[dict[str, Any]]) -> None:
        from archive.reader import parse_member

        print("\nVersions")
        before = None
        for row in versions:
            change = "first" if before is None else "same text" if before == row["text_digest"] else "changed"
            before = row["text_digest"]
            print(f"  {row['date']}  {change:<9}  {printable(row['headline'] or '')}  {row['text_digest'][:23]}")
        latest = versions[-1]

        def block(prefix: str) -> bytes:
            offset, length = latest[f"{prefix}offset"], latest[f"{prefix}length"]
            return parse_member(self.store.read(latest["file"], offset, length), offset).block

        article = json.loads(block("details_"))["article"]
        print(f"\n{printable(article['headline'] or '(no headline)')}")
        for name in ("standfirst", "authors", "published", "modified", "section", "tags", "language"):
            value = article.get(name)
            if value:
                text = ", ".join(value) if isinstance(value, list) else value
                print(f"  {name}: {printable(text)}  [{printable(article['trace']['evidence'].get(name, ''))}]")
        print("\n" + printable(block("").decode()).replace("\n", "\n\n"))
        removed = article["trace"]["removed"]
        print(f"\nRemoved: {len(removed)} blocks of the page")
        for item in removed:
            print(f"  [{item['rule']}] {printable(item['text'])[:100]}")
        print(f"\nProvenance ({latest['file']}, byte {latest['provenance_offset']})")
        text = json.dumps(json.loads(block("provenance_")), indent=1, ensure_ascii=False)
        # JSON lets characters stand as they are that a terminal must not see; escaped they mean the same.
        print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def _print_leads(leads: list[dict[str, Any]]) -> None:
    if leads:
        print("Announced")
    for row in leads:
        dated = f", dated {row['announced']}" if row["announced"] else ""
        print(f"  {row['seen']}  {row['kind']:<7}  {printable(row['via'])}{printable(dated)}")
        if row["title"]:
            print(f"      {printable(row['title'])}")
    if leads:
        print()


def _print_captures(captures: list[dict[str, Any]]) -> None:
    if not captures:
        print("Announced, but not captured yet.")
        return
    print("Captures")
    for row in captures:
        cut = f" cut short ({row['truncated']})" if row["truncated"] else ""
        print(f"  {row['date']}  {row['status']} {row['kind']:<8} {printable(row['url'], line_ends=False)}{cut}")
        print(f"      {row['file']}, byte {row['offset']}, {row['payload_digest']}")
