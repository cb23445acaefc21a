"""``scrapy seal``: a signed word over all records that are new."""

from __future__ import annotations

import argparse
from pathlib import Path

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, counted, printable
from crawler.progress import Progress


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Seal what is new in the archive, so that anybody can check later that no record was changed"

    def long_desc(self) -> str:
        return (
            "Build a Merkle tree over all records that no seal covers yet, sign its root with the key of the setting "
            "SEAL_KEY (or ~/.config/newswarc/key.pem; scrapy keygen makes one), chain it to the seal before, and have "
            "it stamped by the authority of SEAL_TIMESTAMP, if one is named. Files that a running crawl writes come "
            "into a later seal. Keep the digest that is printed, or the public key's fingerprint, somewhere else: who "
            "has it can tell if anything older was changed."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--rotate", metavar="FILE", help="announce that the key in FILE signs from the next seal on"
        )
        parser.add_argument(
            "--unannounced", action="store_true", help="sign although the seal before names another key, which is lost"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.sealing.keys import key_path
        from archive.sealing.sealing import seal_store
        from archive.signing import SigningKey

        assert self.settings is not None
        if args:
            self.fail("scrapy seal takes no arguments.")
            self.exitcode = 2
            return
        try:
            named = self.settings.get("SEAL_KEY"), self.settings.get("EXPORT_KEY")
            key = SigningKey.read(key_path(self.store, *named))
            following = SigningKey.read(Path(opts.rotate).expanduser()) if opts.rotate else None
            with Progress("sealing") as progress:
                done = seal_store(self.store, key, next_key=following, unannounced=opts.unannounced, progress=progress)
        except ArchiveError as error:
            self.fail(error)
            return
        for problem in done.problems:
            self.fail(problem)
        if done.seal:
            said = done.seal.statement
            files, records = counted(said.files.count, "file"), counted(said.tree.size, "record")
            print(f"Seal {said.number} covers {files} with {records}. It is signed with the key {said.key}.")
            print(f"Its digest, to be kept elsewhere: {done.seal.digest}")
        else:
            print("All that is in the archive is sealed already.")
        if following:
            print(f"The next seal is to be signed with the key {following.fingerprint}: set SEAL_KEY to its file.")
        self._stamp()

    def _stamp(self) -> None:
        """Have others say when the seals were made; without them the seals stand all the same."""
        from archive.sealing.stamp import read_certificates
        from archive.sealing.stamping import Stamping

        assert self.settings is not None
        stamping = Stamping(self.store)
        try:
            if url := self.settings.get("SEAL_TIMESTAMP"):
                roots = self.settings.get("SEAL_TIMESTAMP_CA")
                authorities = read_certificates(Path(roots).expanduser()) if roots else []
                for number, stamp in stamping.stamps(url, authorities):
                    print(printable(f"Seal {number} is stamped: {stamp.time:%Y-%m-%dT%H:%M:%SZ} by {stamp.authority}."))
                    if not stamp.is_known:
                        print("This machine does not know who vouches for that authority; see SEAL_TIMESTAMP_CA.")
        except ArchiveError as error:
            self.fail(f"{error} The seal stands without a time stamp; the next scrapy seal asks again.")
        try:
            if urls := self.settings.getlist("SEAL_CALENDARS"):
                for number, what in stamping.commitments(urls):
                    print(printable(f"Seal {number} {what.rstrip('.')}."))
        except ArchiveError as error:
            self.fail(f"{error} The seal stands without it; the next scrapy seal asks again.")
