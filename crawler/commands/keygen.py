"""``scrapy keygen``: a key to sign packages and seals with."""

from __future__ import annotations

import argparse

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[FILE]"

    def short_desc(self) -> str:
        return "Make a key to sign packages and seals with"

    def long_desc(self) -> str:
        return (
            "Make an ECDSA P-384 key that only you can read, in FILE or where scrapy export looks for it (setting "
            "EXPORT_KEY, or ~/.config/newswarc/key.pem), and print the fingerprint of its public half, by which others "
            "know your packages and seals. A file that exists is never overwritten."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.sealing.keys import key_path
        from archive.signing import SigningKey

        assert self.settings is not None
        if len(args) > 1:
            self.fail("name one file at most.")
            self.exitcode = 2
            return
        try:
            path = key_path(self.store, *args, self.settings.get("EXPORT_KEY"))
            key = SigningKey.make(path)
        except ArchiveError as error:
            self.fail(error)
            return
        shown = printable(str(path), line_ends=False)
        print(f"The private key is in {shown}; keep it to yourself, and keep a copy of it.")
        print(f"The public key's fingerprint, for those who get your packages and proofs: {key.fingerprint}")
