"""``scrapy health``: whether the articles of the sources are as good as they were."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING, Any, Literal

from archive.errors import ArchiveError, StoreError
from crawler.command import ArchiveCommand, printable

if TYPE_CHECKING:
    from archive.catalogue import Catalogue
    from archive.health.state import KindState, SourceState


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[SOURCE] [--json | --quarantined | --release | --keep]"

    def short_desc(self) -> str:
        return "Show whether the articles of the sources are as good as they were, and decide on quarantine"

    def long_desc(self) -> str:
        return (
            "For each source and kind of article: how many of the latest have each field, how long they are, how well "
            "they agree with a second reading of their pages; what of it has fallen, and since when; and how many "
            "texts are in quarantine. --release says that these are right and publishes them; --keep leaves them in "
            "quarantine for good."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--json", action="store_true", help="print one JSON object a source")
        chosen.add_argument("--quarantined", action="store_true", help="list the texts in quarantine")
        chosen.add_argument("--release", action="store_true", help="publish the source's texts that are in quarantine")
        chosen.add_argument("--keep", action="store_true", help="keep them in quarantine for good")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) > 1 or ((opts.release or opts.keep) and not args):
            self.fail("name one source.")
            self.exitcode = 2
            return
        try:
            self.store.require()
            if opts.release or opts.keep:
                self._decide(args[0], "released" if opts.release else "kept")
            else:
                self._show(args[0] if args else None, opts)
        except ArchiveError as error:
            self.fail(error)

    def _show(self, source: str | None, opts: argparse.Namespace) -> None:
        import msgspec

        from archive.catalogue import Catalogue
        from archive.health.state import quarantined_texts, state_of

        with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
            for name in self._sources(catalogue, source):
                if opts.quarantined:
                    for row in quarantined_texts(catalogue, name):
                        print(printable(f"{row['date'][:10]}  {row['source']:<20} {row['headline'] or 'no headline'}"))
                        print(printable(f"    {row['article']}"))
                elif opts.json:
                    print(msgspec.json.encode(state_of(catalogue, name)).decode())
                else:
                    _print(state_of(catalogue, name))

    def _sources(self, catalogue: Catalogue, source: str | None) -> list[str]:
        known = [row["source"] for row in catalogue.sources()]
        if source is not None and source not in known:
            raise StoreError(f"the archive {self.store.root} has nothing of a source {source}.")
        return known if source is None else [source]

    def _decide(self, source: str, verdict: Literal["kept", "released"]) -> None:
        from archive.health.troubles import decided, troubles_of
        from archive.run import Run
        from crawler.health import channels_of, say_alarms

        assert self.settings is not None
        channels = channels_of(self.settings)
        run = Run(self.store, source, quarantine_for=self.settings.getlist("QUARANTINE_FOR"))
        try:
            before = run.catalogue.quarantined(source)
            made = list(decided(troubles_of(run.catalogue, source), verdict, f"by {getpass.getuser()}"))
            run.keep_troubles(made)
        finally:
            run.finish("finished", {})
        if not made:
            self.fail(f"{source} is in no trouble that could be decided on; scrapy health {source} shows how it is.")
            return
        texts = f"{before} text{'s' * (before != 1)}"
        print(f"{source}: {texts} {'published' if verdict == 'released' else 'will stay in quarantine'}.")
        say_alarms(self.store, channels)


def _print(state: SourceState) -> None:
    print(f"{state.source}: {state.sentence}")
    for sentence in state.troubles:
        print(f"  {printable(sentence)}")
    for kind in state.kinds:
        print(f"  {kind.kind}: {_figures(kind)}")


def _figures(kind: KindState) -> str:
    shares: dict[str, Any] = {name: f"{share:.0%}" for name, share in kind.fields.items() if share}
    parts = [f"{kind.pages} of {kind.articles} articles", f"{kind.length} characters"]
    if kind.agreement is not None:
        parts.append(f"agreement {kind.agreement:.0%}")
    return ", ".join([*parts, *(f"{name} {share}" for name, share in shares.items())])
