"""``scrapy source add URL`` and ``scrapy source check NAME``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import ArchiveError, SourceError
from crawler.command import ArchiveCommand, printable

if TYPE_CHECKING:
    from crawler.discovery.checking import Checkup, Read
    from crawler.discovery.detection import Detection
    from crawler.discovery.scout import Scout
    from crawler.source import Source


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options] add URL | check NAME"

    def short_desc(self) -> str:
        return "Add a source by its address, or check one"

    def long_desc(self) -> str:
        return (
            "Add URL looks at a site's home page and what it leads to (feeds, sitemaps, sections), and writes a source "
            "definition with the forms that its articles' addresses have, examples beside them. An existing file is "
            "never changed. Check NAME tries each listing of a source and reads a few of its articles. Both fetch as "
            "politely as a crawl, and what they fetch is archived as a run of the source."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--name", default="", help="name of the new source; default: from the host")
        parser.add_argument(
            "--limit", type=int, default=3, help="articles that are read by check (default: %(default)s)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            if len(args) != 2 or args[0] not in ("add", "check"):
                self.fail("say add and the address of a site, or check and the name of a source.")
                self.exitcode = 2
            elif args[0] == "add":
                self._add(args[1], opts.name)
            else:
                self._check(args[1], max(opts.limit, 1))
        except ArchiveError as error:
            self.fail(error)

    @property
    def _folders(self) -> list[Path]:
        from crawler.source import project_folder

        assert self.settings is not None
        return [project_folder() / folder for folder in self.settings.getlist("SOURCES")]

    def _add(self, url: str, name: str) -> None:
        from crawler.discovery.definition import definition, name_for, write_definition
        from crawler.discovery.detection import detect
        from crawler.discovery.scout import send_out
        from crawler.source import check_url

        assert self.settings is not None
        url = url if "://" in url else f"https://{url}"
        check_url(url, "home", "scrapy source add")
        name = name or name_for(url)
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            raise SourceError(f"--name {name}: is no name; use lower case letters, digits and _.")
        if not self._folders:
            raise SourceError("SOURCES names no folder for source definitions.")
        path = self._folders[0] / f"{name}.toml"
        for known in (folder / path.name for folder in self._folders):
            if known.exists():
                raise SourceError(f"{known} is there already and stays as it is; give another --name, or delete it.")
        found: list[Detection] = []

        async def errand(scout: Scout) -> None:
            found.append(detection := await detect(scout, url))
            source = detection.source(name)
            for place in (*detection.feeds, *detection.sitemaps, *detection.sections):
                scout.keep_leads(place.response, place.listing, source)

        print(f"Looking at {url} ...", flush=True)
        send_out(name, errand, self.settings)
        (detection,) = found
        write_definition(path, definition(detection, detection.source(name)))
        _print_detection(detection, detection.source(name))
        print(f"\nWritten to {_shown(path)}. Look it over, then:")
        print(f"    scrapy source check {name}     # does it bring articles?")
        print(f"    scrapy crawl {name}")

    def _check(self, name: str, limit: int) -> None:
        from crawler.discovery.checking import check, read_pages
        from crawler.discovery.scout import send_out

        assert self.settings is not None
        source = self._source(name)
        done: list[Checkup] = []

        async def errand(scout: Scout) -> None:
            done.append(await check(scout, source, limit))

        print(f"Trying {source.title} ...", flush=True)
        send_out(name, errand, self.settings)
        (checkup,) = done
        read = read_pages(checkup, self.settings)
        _print_checkup(checkup, read)
        if trouble := _trouble(checkup, read):
            self.fail(f"{name} would bring nothing: {trouble}")

    def _source(self, name: str) -> Source:
        from crawler.source import load_source

        for folder in reversed(self._folders):  # later ones win
            if (path := folder / f"{name}.toml").exists():
                source = load_source(path)
                if not source.home:
                    raise SourceError(f"{name} has no home page of its own, so it can't be checked.")
                return source
        raise SourceError(f"There is no source {name}; scrapy list names them.")


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _print_detection(found: Detection, source: Source) -> None:
    for note in found.notes:
        print(printable(note))
    print(f"\n{printable(source.title)}, {printable(source.home)}")
    print(f"  language   {source.language or 'unknown'}")
    print(f"  time zone  {source.timezone} ({'a guess: ' if found.zone.is_guess else ''}{found.zone.why})")
    for title, places in (("feed", found.feeds), ("sitemap", found.sitemaps), ("section", found.sections)):
        for place in places:
            articles = sum(1 for lead in place.leads if source.is_article(lead.url))
            print(f"  {title:<9}  {printable(place.url)} ({articles} articles)")
    for place in found.aside:
        print(f"  aside      {printable(place.url)}: for a look into the past, too much for every crawl")
    print("  articles")
    for pattern in found.patterns:
        print(f"    {printable(pattern.regex)}  ({pattern.count} of {found.leads} leads)")
        for example in pattern.examples[:2]:
            print(f"      {printable(example)}")
    if found.unlike:
        print(f"    not of such a form: {len(found.unlike)}, such as {printable(found.unlike[0])}")


def _print_checkup(checkup: Checkup, read: list[Read]) -> None:
    for looked in checkup.listings:
        print(f"{looked.key[:-1]:<8} {printable(looked.url)}: {looked.sentence}")
        for problem in looked.problems:
            print(f"         {printable(problem)}")
    for one in read:
        if one.article is None:
            print(f"article  {printable(one.problem)}")
            continue
        print(f"article  {printable(one.url)}")
        print(f"         {printable(one.article.headline or '(no headline)')}")
        lines = len(one.article.text.split("\n"))
        print(f"         {lines} paragraphs; {', '.join(one.fields)}")
        if one.lacking:
            print(f"         lacks {', '.join(one.lacking)}")


def _trouble(checkup: Checkup, read: list[Read]) -> str:
    """Why a source would bring nothing; empty if it brings something."""
    leads = sum(looked.leads for looked in checkup.listings)
    if not leads and not any(looked.articles for looked in checkup.listings):
        return "no listing announces anything; see above."
    if not checkup.articles:
        return f"none of {leads} leads has the form of article_urls."
    if not any(one.article for one in read):
        return f"none of {len(read)} pages could be read as an article; see above."
    good = sum(1 for one in read if one.article and not one.lacking)
    print(
        f"\n{checkup.articles} articles are announced; {good} of {len(read)} were read with all that an article needs."
    )
    return ""
