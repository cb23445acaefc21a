"""``scrapy furniture SOURCE``: the recurring paragraphs that were learned from a source's articles."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, counted, printable
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.furniture.furniture import Entry
    from archive.run import Run


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "SOURCE [--allow ID | --deny ID_OR_TEXT]"

    def short_desc(self) -> str:
        return "Show and correct what was learned to be a source's furniture"

    def long_desc(self) -> str:
        return (
            "A paragraph that stands on three or more different articles of a site and is not about what they are "
            "about is furniture, and is taken out of all texts of that site. This prints what was learned: id, "
            "articles, first and last sight, what gave it away, text. --allow says that it belongs to the texts, "
            "--deny that it does not; both are kept in the archive, and the articles are cleaned again."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        verdict = parser.add_mutually_exclusive_group()
        verdict.add_argument("--allow", metavar="ID", help="this is part of the texts")
        verdict.add_argument("--deny", metavar="ID_OR_TEXT", help="this is furniture")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            self.fail("name one source.")
            self.exitcode = 2
            return
        try:
            self.store.require()
            if opts.allow or opts.deny:
                self._decide(args[0], opts.allow or opts.deny, "allowed" if opts.allow else "denied")
            else:
                self._list(args[0])
        except ArchiveError as error:
            self.fail(error)

    def _list(self, source: str) -> None:
        import msgspec

        from archive.catalogue import Catalogue
        from archive.furniture.furniture import Entry

        with Catalogue(self.store.catalogue_path) as catalogue:
            sites = catalogue.sites(source)
            rows = {site: catalogue.furniture(site) for site in sites}
        if not sites:
            self.fail(f"the archive {self.store.root} has no article of {source}.")
        for site, row in rows.items():
            entries = msgspec.json.decode(row["entries"], type=list[Entry]) if row else []
            print(f"{site}: {len(entries) or 'no'} recurring paragraph{'s' * (len(entries) != 1)}")
            for entry in entries:
                _print(entry)

    def _decide(self, source: str, named: str, verdict: str) -> None:
        from archive.furniture.furniture import key_of
        from archive.run import Run

        run = Run(self.store, source, settings_digest="")
        try:
            sites = run.catalogue.sites(source)
            known = [(site, e) for site in sites for e in run.lists.entries(site) if e.key.startswith(named.lower())]
            if len(known) > 1:
                self.fail(f"{named} begins the ids of {len(known)} paragraphs; give more of it.")
                return
            if known:
                site, text = known[0][0], known[0][1].text
            elif verdict == "denied" and len(sites) == 1 and key_of(named):
                site, text = sites[0], named
            else:
                self.fail(
                    f"{source} has no recurring paragraph with the id {named}; scrapy furniture {source} lists them."
                )
                return
            run.lists.decide(site, key_of(text), verdict, text=text, who=f"by {getpass.getuser()}")
            print(f"{key_of(text)[:8]} is {verdict}; {self._clean_again(run)} articles were cleaned again.")
        finally:
            run.finish("finished", {})

    def _clean_again(self, run: Run) -> int:
        """Read again the pages whose texts are no longer what the list asks for."""
        from archive.furniture.renewal import renew
        from crawler.limits import Limits

        if not run.lists.count_stale():
            return 0
        assert self.settings is not None
        pool = Limits.of(self.settings).pool()
        try:
            with Progress("cleaning") as progress:
                return renew(run, pool, complain=self.fail, progress=progress)
        finally:
            pool.close(abandon=True)


def _print(entry: Entry) -> None:
    number = counted(entry.articles, "article")
    days = " to ".join(sorted({entry.first_seen[:10], entry.last_seen[:10]}))
    print(f"\n  {entry.key[:8]}  {entry.verdict} ({entry.why}), {number}{days and f', {days}'}")
    print(f"    {printable(entry.text)}")
