"""``scrapy serve``: the reading room, and archived pages as they were."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Read, search and replay the archive in a browser"

    def long_desc(self) -> str:
        return (
            "Start two servers: the reading room, and replay of the originals (pywb, in a process and a Python "
            "environment of its own), whose pages can't reach the reading room or the network. They stop together."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--host", help="address to listen on (setting SERVE_HOST; 127.0.0.1)")
        parser.add_argument("--port", type=int, help="port of the reading room (SERVE_PORT; 8090)")
        parser.add_argument("--replay-port", type=int, help="port of replay (REPLAY_PORT; 8091)")
        parser.add_argument("--origin", help="public origin of the reading room, behind a proxy (SERVE_ORIGIN)")
        parser.add_argument("--replay-origin", help="public origin of replay, another host name (REPLAY_ORIGIN)")
        parser.add_argument("--no-replay", action="store_true", help="the reading room alone")
        parser.add_argument("--setup-only", action="store_true", help="set pywb up and end")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.serving.addresses import Addresses
        from archive.serving.environment import PywbEnvironment
        from archive.serving.replay import scripts_of
        from archive.serving.serve import serve
        from crawler.rights import policy

        settings = self.settings
        assert settings is not None
        environment = Path(settings["REPLAY_ENVIRONMENT"])
        try:
            if opts.setup_only:
                PywbEnvironment(environment).set_up(_say)
                return
            addresses = Addresses(
                host=opts.host or settings["SERVE_HOST"],
                port=settings.getint("SERVE_PORT") if opts.port is None else opts.port,
                replay_port=settings.getint("REPLAY_PORT") if opts.replay_port is None else opts.replay_port,
                origin=(opts.origin or settings["SERVE_ORIGIN"]).rstrip("/"),
                replay_origin=(opts.replay_origin or settings["REPLAY_ORIGIN"]).rstrip("/"),
            )
            serve(
                self.store,
                addresses,
                environment=None if opts.no_replay else environment,
                memory=settings.getint("REPLAY_MEMORY"),
                scripts=scripts_of(settings["REPLAY_SCRIPTS"]),
                titles=_titles(settings.getlist("SOURCES")),
                not_shown=policy(settings, "not_shown"),
                reserved=policy(settings, "reserved"),
                say=_say,
            )
        except ArchiveError as error:
            self.fail(error)


def _titles(folders: list[str]) -> dict[str, str]:
    """Readers' names of the sources, those of the demo included."""
    from crawler.demo.newspapers import SOURCES
    from crawler.source import load_sources, project_folder

    loaded = [load_sources(folder)[0] for folder in (SOURCES, *(project_folder() / folder for folder in folders))]
    return {name: source.title for sources in loaded for name, source in sources.items()}


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr, flush=True)
