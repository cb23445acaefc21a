"""``scrapy serve``: the reading room, and archived pages as they were."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from archive.errors import ArchiveError, ServingError
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
        parser.add_argument("--users", metavar="FILE", help="let these users in, nobody else (SERVE_USERS)")
        parser.add_argument("--open", action="store_true", help="let everybody in who reaches it (SERVE_OPEN)")
        parser.add_argument("--hash-password", metavar="NAME", help="read a password, print NAME's line for FILE, end")
        parser.add_argument("--new-token", metavar="NAME", help="print NAME's new token and its line for FILE, end")
        parser.add_argument("--setup-only", action="store_true", help="set pywb up and end")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.serving.addresses import Addresses
        from archive.serving.admission import Admission
        from archive.serving.environment import PywbEnvironment
        from archive.serving.replay import scripts_of
        from archive.serving.serve import serve
        from crawler.rights import policy

        settings = self.settings
        assert settings is not None
        environment = Path(settings["REPLAY_ENVIRONMENT"])
        try:
            if opts.hash_password or opts.new_token:
                print(_line_of(opts.hash_password) if opts.hash_password else _token_of(opts.new_token))
                return
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
                admission=Admission(
                    users=Path(users) if (users := opts.users or settings["SERVE_USERS"]) else None,
                    is_open=opts.open or settings.getbool("SERVE_OPEN"),
                    session=settings.getfloat("SERVE_SESSION"),
                    rate=settings.getint("SERVE_RATE"),
                    proxies=tuple(settings.getlist("SERVE_PROXIES")),
                ),
                memory=settings.getint("REPLAY_MEMORY"),
                scripts=scripts_of(settings["REPLAY_SCRIPTS"]),
                titles=_titles(settings.getlist("SOURCES")),
                not_shown=policy(settings, "not_shown"),
                reserved=policy(settings, "reserved"),
                say=_say,
            )
        except ArchiveError as error:
            self.fail(error)


def _line_of(name: str) -> str:
    """A line for the file of users. The password is asked for twice, or read from a pipe."""
    from archive.access.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, hash_password

    is_asked = sys.stdin.isatty()
    password = getpass.getpass(f"Password of {name}: ") if is_asked else sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ServingError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; nothing was made.")
    if is_asked and getpass.getpass("Once more: ") != password:
        raise ServingError("The two passwords differ; nothing was made.")
    return f"{_checked(name)}:{hash_password(password)}"


def _token_of(name: str) -> str:
    from archive.access.accounts import new_token

    token, stored = new_token()
    line = f"{_checked(name)}:{stored}"
    _say(f"The token of {name}, shown only now: {token}")
    return line


def _checked(name: str) -> str:
    from archive.access.accounts import is_name

    if not is_name(name):
        raise ServingError(f"{name}: a name has 1 to 64 letters, digits, dots, hyphens, underscores or @.")
    return name


def _titles(folders: list[str]) -> dict[str, str]:
    """Readers' names of the sources, those of the demo included."""
    from crawler.demo.newspapers import SOURCES
    from crawler.source import load_sources, project_folder

    loaded = [load_sources(folder)[0] for folder in (SOURCES, *(project_folder() / folder for folder in folders))]
    return {name: source.title for sources in loaded for name, source in sources.items()}


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr, flush=True)
