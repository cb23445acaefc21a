"""``scrapy keygen``: a key to sign packages with."""

from __future__ import annotations

import argparse
from pathlib import Path

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[FILE]"

    def short_desc(self) -> str:
        return "Make a key to sign exported packages with"

    def long_desc(self) -> str:
        return (
            "Make an ECDSA P-384 key that only you can read, in FILE or where scrapy export looks for it (setting "
            "EXPORT_KEY, or ~/.config/newswarc/key.pem), and print the fingerprint of its public half, by which others "
            "know your packages. A file that exists is never overwritten."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.signing import SigningKey, default_path

        assert self.settings is not None
        if len(args) > 1:
            self.fail("name one file at most.")
            self.exitcode = 2
            return
        named = args[0] if args else self.settings.get("EXPORT_KEY")
        path = Path(named).expanduser() if named else default_path()
        try:
            if self.store.root.resolve() in path.resolve().parents:
                self.fail(f"{path}: is inside the archive, which is copied and handed on; keep the key elsewhere.")
                return
            key = SigningKey.make(path)
        except ArchiveError as error:
            self.fail(error)
            return
        shown = printable(str(path), line_ends=False)
        print(f"The private key is in {shown}; keep it to yourself, and keep a copy of it.")
        print(f"The public key's fingerprint, for those who get your packages: {key.fingerprint}")
