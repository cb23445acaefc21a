"""A source's TOML file, written as one would by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from archive import clock
from archive.errors import SourceError
from crawler.discovery.detection import Detection, Place
from crawler.source import Source, host_of, load_source

__all__ = ["definition", "name_for", "write_definition"]

_MOST_EXAMPLES = 2


def name_for(url: str) -> str:
    """A name for the source at that address: what the host is called, without its ending."""
    from tld import get_tld

    host = host_of(url).removeprefix("www.")
    found = get_tld(f"https://{host}", as_object=True, fail_silently=True, search_private=True)
    word = found.domain if found is not None and not isinstance(found, str) else host.rpartition(".")[0] or host
    name = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    return name if re.match("[a-z]", name) else f"paper_{name}".rstrip("_")


def definition(detection: Detection, source: Source) -> str:
    """The text of the file."""
    lines = [
        f"# Written by scrapy source add on {clock.now():%Y-%m-%d}. Change what you know better.",
        f"title = {_text(source.title)}",
        f"home = {_text(source.home)}",
    ]
    if source.hosts:
        lines.append(f"hosts = [{', '.join(map(_text, source.hosts))}]")
    if source.language:
        lines.append(f"language = {_text(source.language)}")
    lines.append(f"# {'A guess' if detection.zone.is_guess else 'Found'}: {detection.zone.why}.")
    lines.append(f"timezone = {_text(source.timezone)}")
    lines.append('schedule = "every 60 minutes"  # by scrapy schedule')
    for key, places in (("feeds", detection.feeds), ("sitemaps", detection.sitemaps)):
        lines += _list(key, places, source, lambda place: _counted(place, source))
    if detection.aside:
        lines.append("# Everything that the site has; too much for every crawl, but good for one look into the past:")
        lines.append(f"# sitemaps = [{', '.join(_text(_short(place.url, source)) for place in detection.aside)}]")
    if detection.sections and (detection.feeds or detection.sitemaps):
        count = detection.unannounced
        lines.append(f"# The front page links {count} articles that are announced nowhere else.")
    elif detection.sections:
        lines.append("# No feed and no sitemap was found: these pages link what is new.")
    lines += _list("sections", detection.sections, source, lambda place: "")
    lines.append("article_urls = [")
    for pattern in detection.patterns:
        lines.append(f"    # {pattern.count} of {detection.leads} leads, such as")
        lines += [f"    # {_comment(example)}" for example in pattern.examples[:_MOST_EXAMPLES]]
        lines.append(f"    '{pattern.regex}',")
    lines.append("]")
    if detection.unlike:
        lines.append(f"# Leads that have no such form and are not fetched: {len(detection.unlike)}, such as")
        lines += [f"# {_comment(url)}" for url in detection.unlike[:_MOST_EXAMPLES]]
    return "\n".join(lines) + "\n"


def write_definition(path: Path, text: str) -> Source:
    """Write a new file and load it. Raises `SourceError` if there is one already, or it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SourceError(f"{path} is there already and stays as it is; give another --name, or delete it.") from error
    except OSError as error:
        raise SourceError(f"{path} can't be written: {error.strerror}.") from error
    return load_source(path)


def _list(key: str, places: Sequence[Place], source: Source, about: Callable[[Place], str]) -> list[str]:
    if not places:
        return []
    items = [(_text(_short(place.url, source)), about(place)) for place in places]
    if not any(note for _, note in items) and sum(len(item) for item, _ in items) < 90:
        return [f"{key} = [{', '.join(item for item, _ in items)}]"]
    return [f"{key} = [", *(f"    {item}," + (f"  # {note}" if note else "") for item, note in items), "]"]


def _counted(place: Place, source: Source) -> str:
    articles = sum(1 for found in place.leads if source.is_article(found.url))
    return f"{articles} articles" if articles != 1 else "1 article"


def _short(url: str, source: Source) -> str:
    """A URL as it stands in a file: its path, where it lies on the home page's host."""
    home, parts = urlsplit(source.home), urlsplit(url)
    if (home.scheme, home.netloc) != (parts.scheme, parts.netloc):
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _text(value: str) -> str:
    """A TOML string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 1 << 16 else "" for c in escaped) + '"'
    )


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:300]
