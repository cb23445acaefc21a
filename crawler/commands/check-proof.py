"""``scrapy check-proof``: is a proof good, and what does it prove?"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "FILE..."

    def short_desc(self) -> str:
        return "Check a file that scrapy prove wrote, without the archive, and say what it proves"

    def long_desc(self) -> str:
        return (
            "Check every link of a proof: records against the root of the seal, the seal's signature and time stamp, "
            "the text against the answer that it was read from, the quotation against the text and the page. Nothing "
            "is asked over the network. The exit code is 1 if anything is wrong."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--key",
            metavar="FINGERPRINT",
            action="append",
            default=[],
            help="only seals with this key count (sha256:...)",
        )
        parser.add_argument("--authority", metavar="FILE", help="certificates (PEM) of authorities for time stamps")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.sealing.proof import Proof
        from archive.sealing.proof_check import check_proof
        from archive.sealing.stamp import read_certificates

        if not args:
            self.fail("name a file that scrapy prove wrote.")
            self.exitcode = 2
            return
        for name in args:
            try:
                authorities = read_certificates(Path(opts.authority)) if opts.authority else []
                found = check_proof(Proof.read(Path(name)), keys=opts.key, authorities=authorities)
            except ArchiveError as error:
                self.fail(error)
                continue
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the workers have ended
            print(printable(name, line_ends=False))
            for finding in found.findings:
                print(f"  {MARKS[finding.ok]:<10} {printable(finding.what, line_ends=False)}")
            for what in found.not_proven:
                print(f"  {'NOT PROVEN':<10} {printable(what, line_ends=False)}")
            print("  The proof is good." if found.ok else "  The proof is NOT good.")
            if not found.ok:
                self.exitcode = 1


MARKS = {True: "PROVEN", False: "WRONG", None: "?"}
