"""``scrapy prove``: a file that shows what a page said, to somebody who has neither the archive nor our word."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.errors import ArchiveError, SealError
from crawler.command import ArchiveCommand, counted, moment, printable

if TYPE_CHECKING:
    from archive.sealing.proof import Proof


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "URL"

    def short_desc(self) -> str:
        return "Write a file that proves what a page said"

    def long_desc(self) -> str:
        return (
            "Write one file with the request, the response and the text of the article at URL, each with its way up to "
            "the signed root of a seal (scrapy seal), and the time stamp. With --at, of the version that stood there "
            "then; with --quote, where the passage stands in the text. scrapy check-proof, or the short script in "
            "docs/check_proof.py, which needs nothing of newswarc, checks it anywhere."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--at", metavar="TIME", help="the version of then: a day, or a time such as 2026-11-20T09:00Z"
        )
        parser.add_argument("--quote", metavar="TEXT", help="a passage that must stand in the text")
        parser.add_argument("--file", metavar="FILE", help="where to write it (default: proof-HOST-DATE.json here)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue
        from archive.sealing.proving import prove

        if len(args) != 1:
            self.fail("name one URL.")
            self.exitcode = 2
            return
        try:
            self.store.require()
            with Catalogue(self.store.catalogue_path) as catalogue:
                proof = prove(self.store, catalogue, args[0], at=moment(opts.at, "--at"), quote=opts.quote)
            path = write(proof, Path(opts.file) if opts.file else None)
        except ArchiveError as error:
            self.fail(error)
            return
        numbers = ", ".join(str(seal.number) for seal in proof.seals)
        name = printable(str(path), line_ends=False)
        print(
            f"{name}: {counted(len(proof.records), 'record')}, under {'seals' if ',' in numbers else 'seal'} {numbers}."
        )
        if not any(seal.stamp for seal in proof.seals):
            print("No authority has stamped it with the time; see SEAL_TIMESTAMP.")


def write(proof: Proof, path: Path | None) -> Path:
    """Write a proof to a new file. Raises `SealError` if that can't be done, or if there is one of that name."""
    if path is None:
        host = "".join(c if c.isalnum() or c in ".-" else "-" for c in urlsplit(proof.url).netloc) or "page"
        path = Path(f"proof-{host}-{proof.made[:10]}.json")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "wb") as file:
            file.write(proof.encode())
    except FileExistsError as error:
        raise SealError(f"{path}: exists already; name another file with --file.") from error
    except OSError as error:
        raise SealError(f"{path}: can't be written: {error.strerror}.") from error
    return path
