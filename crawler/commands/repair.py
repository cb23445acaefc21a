"""``scrapy repair``: every whole record of a damaged WARC file is kept, and what is gone is told."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import ArchiveError, RepairError
from crawler.command import ArchiveCommand, counted, printable
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.repair.repair import Repair


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[FILE...]"

    def short_desc(self) -> str:
        return "Keep every whole record of damaged WARC files, and tell what is gone"

    def long_desc(self) -> str:
        return (
            "Look for damaged WARC files in the archive (all of them, or those named) and tell which bytes and records "
            "of them are gone. With --accept, a mended file takes the place of each: every whole record stays where it "
            "was, with a tombstone in place of what is gone; the damaged file goes to damaged/, and the catalogue is "
            "made again. With --output, a new file with the whole records is written into that folder instead, and the "
            "archive stays as it is. A file from elsewhere is salvaged into a new one in the --output folder (default: "
            "the present one). A damaged file is never changed."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--accept", action="store_true", help="put mended files in the place of damaged ones")
        parser.add_argument("--output", metavar="FOLDER", help="write new files there")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if opts.accept and opts.output:
            self.fail("give either --accept or --output.")
            self.exitcode = 2
            return
        names, foreign = self._sorted(args)
        damaged = 0
        try:
            for path in foreign:
                damaged += self._salvage(path, Path(opts.output or "."))
            if names:
                damaged += self._repair(names, opts)
        except ArchiveError as error:
            self.fail(error)
            return
        if not damaged and self.exitcode != 1:
            print(f"{counted(len(names) + len(foreign), 'file')}: nothing is damaged.")

    def _sorted(self, args: list[str]) -> tuple[list[str], list[Path]]:
        """Files of the archive by name, and files from elsewhere."""
        store = self.store
        if not args:
            store.require()
            return [name for name in store.files() if store.path(name) == store.root / name], []
        names, foreign = [], []
        known = {(store.root / name).resolve(): name for name in store.files()} if store.exists() else {}
        for arg in args:
            name = known.get((store.root / arg).resolve()) or known.get(Path(arg).resolve())
            if name:
                names.append(name)
            else:
                foreign.append(Path(arg))
        return names, foreign

    def _repair(self, names: list[str], opts: argparse.Namespace) -> int:
        from archive.rebuild import rebuild
        from archive.repair.repair import examine, put_in_place
        from archive.repair.salvage import salvage

        repairs = []
        with Progress("checking") as progress:
            for number, name in enumerate(names, 1):
                progress(name, number, len(names))
                repair = examine(self.store, name)
                if repair.stretches:
                    repairs.append(repair)
        for repair in repairs:
            _tell(repair)
            if opts.output:
                target = _new_name(repair.path, Path(opts.output))
                print(f"  {counted(salvage(repair.path, target).records, 'whole record')} written to {target}")
        if repairs and not opts.accept:
            print("The archive is unchanged; scrapy repair --accept mends it.")
        elif repairs:
            with self.store.lock("catalogue", "scrapy repair"):
                for repair in repairs:
                    try:
                        aside = put_in_place(self.store, repair)
                    except RepairError as error:
                        self.fail(error)
                    else:
                        print(f"{repair.name}: mended; the damaged file is kept as {aside}.")
            for problem in rebuild(self.store):
                self.fail(problem)
        return len(repairs)

    def _salvage(self, path: Path, folder: Path) -> int:
        from archive.repair.salvage import salvage

        target = _new_name(path, folder)
        done = salvage(path, target)
        inside = " of what it unpacks to" if done.unpacked else ""
        print(f"{path}: {counted(done.records, 'whole record')} written to {target}")
        for start, end in done.gaps:
            print(f"  gone: bytes {start} to {end}{inside}")
        for problem in done.problems:
            print(f"  {printable(problem, line_ends=False)}")
        return 1


def _new_name(path: Path, folder: Path) -> Path:
    """What a salvaged file is called."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = path.name.removesuffix(".open").removesuffix(".gz").removesuffix(".warc")
    return folder / f"{stem}-repaired.warc.gz"


def _tell(repair: Repair) -> None:
    stretches = counted(len(repair.stretches), "damaged stretch").replace("stretchs", "stretches")
    print(f"{repair.name}: {counted(repair.records, 'whole record')}, {stretches}")
    for stretch in repair.stretches:
        print(f"  gone: bytes {stretch.offset} to {stretch.end}. {printable(stretch.what, line_ends=False)}")
        for lost in stretch.lost:
            print(f"    {printable(str(lost), line_ends=False)}")
        if not stretch.lost:
            print("    what stood there is not known")
