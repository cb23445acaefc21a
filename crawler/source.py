"""`Source`: one news site, read from one TOML file and checked at load."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import zipfile
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec
from scrapy.utils.conf import closest_scrapy_cfg

from archive import clock
from archive.errors import SourceError
from archive.rules import Reading, SiteRules, rules_at
from crawler.cadence import Cadence, read_cadence
from crawler.rights import SourceRights, check_rights
from crawler.scheduling.schedule import Schedule, read_schedule

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

__all__ = [
    "Source",
    "check_url",
    "host_of",
    "known_reading",
    "load_source",
    "load_sources",
    "project_folder",
    "source_folder",
]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One news site: where its news are announced and what its article URLs look like.

    `feeds`, `sitemaps` and `sections` may be relative to `home`.
    """

    name: str
    """The file's stem; also the spider's name."""
    title: str
    home: str
    """Home page; empty when the user must give one (``-a home=``)."""
    hosts: tuple[str, ...] = ()
    """Hosts that belong to the site, subdomains included; default: the home page's host."""
    language: str | None = None
    """BCP 47."""
    timezone: str = "UTC"
    """IANA zone of times that the pages state without one."""
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    """Pages whose links to articles are followed."""
    article_urls: tuple[str, ...]
    """Regular expressions; an article URL's path with query, escaped or not, matches one of them as a whole."""
    requisites: bool = False
    """Whether the images, stylesheets and fonts of the articles are fetched too, so that a replayed page looks as it
    did."""
    schedule: Schedule | None = None
    """When `scrapy schedule` crawls it; never without one."""
    cadence: Cadence = Cadence()
    """How often its pages are looked at, and how many of them at once."""
    rights: SourceRights = SourceRights()
    """What the site's statements about the use of its pages mean here, where the settings don't fit."""
    rules: tuple[SiteRules, ...] = ()

    @property
    def listings(self) -> tuple[str, ...]:
        """Where it announces its articles, as the file names them; the home page where it names nothing."""
        return (*self.feeds, *self.sitemaps, *self.sections) or (self.home,)

    def is_article(self, url: str) -> bool:
        """Whether `url` is, by its host and form, an article of this source."""
        parts = _split(url)
        if parts is None or parts.scheme not in ("http", "https"):
            return False
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        forms = (target, unquote(target)) if "%" in target else (target,)
        return self.owns(url) and any(re.fullmatch(p, form) for p in self.article_urls for form in forms)

    def owns(self, url: str) -> bool:
        """Whether `url` lies on one of the source's hosts or below one."""
        host = host_of(url)
        return any(host == h or host.endswith("." + h) for h in self.own_hosts)

    @property
    def own_hosts(self) -> list[str]:
        """The hosts of the site, in lower case and punycode."""
        own = [_plain_host(h) for h in self.hosts] or [host_of(self.home).removeprefix("www.")]
        return [h for h in own if h]

    def reading(self, day: dt.date) -> Reading:
        """What the extractor is told of this site for a page captured on `day`."""
        return Reading(timezone=self.timezone, language=self.language, rules=rules_at(self.rules, day))

    def at(self, home: str) -> Source:
        """The same source at another home page (`home` an http(s) URL). Raises `SourceError`."""
        check_url(home, "home", f"-a home={home}")
        return msgspec.structs.replace(self, home=home, hosts=(host_of(home),))


def load_sources(folder: Path | zipfile.Path) -> tuple[dict[str, Source], dict[str, SourceError]]:
    """All sources of a folder by name, and the errors of those files that are wrong, by name."""
    sources: dict[str, Source] = {}
    errors: dict[str, SourceError] = {}
    files = (path for path in folder.iterdir() if path.name.endswith(".toml")) if folder.is_dir() else ()
    for path in sorted(files, key=str):
        try:
            sources[path.stem] = load_source(path)
        except SourceError as error:
            errors[path.stem] = error
    return sources, errors


def load_source(path: Path | zipfile.Path) -> Source:
    """Read and check one source definition.

    Raises `SourceError` with a sentence that names file, line and key.
    """
    raw = b""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise SourceError(f"{path}: can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        where = _begun(raw[: error.start].decode("utf-8-sig", "replace") + "x")
        raise SourceError(f"{path}, {where}: is not UTF-8; save it as UTF-8.") from error
    except (ValueError, RecursionError, OverflowError) as error:
        at = re.search(r"at line (\d+)", str(error))
        where = _begun("\n".join(text.splitlines()[: int(at[1])]) if at else text)
        raise SourceError(f"{path}, {where}: is not valid TOML: {error}.") from error
    try:
        schedule, cadence = data.pop("schedule", None), read_cadence(data.pop("cadence", {}))
        source = msgspec.structs.replace(msgspec.convert({"name": path.stem, **data}, Source), cadence=cadence)
        _check(source, path.stem)
        if schedule is not None:
            source = msgspec.structs.replace(source, schedule=read_schedule(schedule, source.timezone))
    except msgspec.ValidationError as error:
        place = _Place.of(str(error))
        raise SourceError(f"{path}, line {place.line(text)}, key {place.key!r}: {place.message}.") from error
    return source


def _check(source: Source, stem: str) -> None:
    """What types alone can't say; raises msgspec.ValidationError with the same ``- at `$.key```."""

    def fail(message: str, key: str) -> None:
        raise msgspec.ValidationError(f"{message} - at `$.{key}`")

    if not re.fullmatch(r"[a-z][a-z0-9_]*", source.name):
        fail(f"{source.name!r} is no name: use lower case letters, digits and _", "name")
    if source.name != stem:
        fail(f"{source.name!r} is not the file's name {stem!r}; leave it out", "name")
    if source.home:
        check_url(source.home, "home")
    for index, host in enumerate(source.hosts):
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host):
            fail(f"{host!r} is no host such as paper.example", f"hosts[{index}]")
    for key in ("feeds", "sitemaps", "sections"):
        for index, url in enumerate(getattr(source, key)):
            parts = _split(url)
            if parts is None or (parts.scheme and not (parts.scheme in ("http", "https") and parts.hostname)):
                fail(f"{url!r} is no http or https URL, nor a path on the site", f"{key}[{index}]")
    try:
        ZoneInfo(source.timezone)
    except (KeyError, ValueError, OSError):
        fail(f"{source.timezone!r} is no IANA time zone such as Europe/Berlin", "timezone")
    check_rights(source.rights)
    if not source.article_urls:
        fail("give at least one pattern of article URLs", "article_urls")
    patterns: list[tuple[str, str]] = [(f"article_urls[{i}]", p) for i, p in enumerate(source.article_urls)]
    for i, rules in enumerate(source.rules):
        patterns += [(f"rules[{i}].remove_text[{j}]", p) for j, p in enumerate(rules.remove_text)]
        _check_selectors(rules, i)
    for key, pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            fail(f"{pattern[:80]!r} is no regular expression ({error})", key)


def _check_selectors(rules: SiteRules, index: int) -> None:
    from cssselect import SelectorError
    from lxml import etree
    from lxml.cssselect import CSSSelector

    fields: dict[str, Any] = {
        f: getattr(rules, f) for f in ("body", "headline", "standfirst", "authors", "published", "modified", "comments")
    }
    fields |= {f"remove[{j}]": selector for j, selector in enumerate(rules.remove)}
    for key, selector in fields.items():
        if selector is None:
            continue
        try:
            CSSSelector(selector, translator="html")
        except (SelectorError, etree.XPathError, RecursionError, ValueError) as error:
            raise msgspec.ValidationError(
                f"{selector!r} is no CSS selector ({error}) - at `$.rules[{index}].{key}`"
            ) from error
    if rules.from_ and rules.until and rules.until < rules.from_:
        raise msgspec.ValidationError(f"until is before from - at `$.rules[{index}].until`")


def _begun(text: str) -> str:
    """Where a file that can't be read further stopped: its line and the last key that was begun."""
    keys = re.findall(r"^\s*([\w.-]+|\"[^\"]*\")\s*=|^\s*\[\[?\s*([^\]\n]*)", text, re.MULTILINE)
    name = next((key.strip('"') or table for key, table in reversed(keys)), "(file)")
    return f"line {text.count(chr(10)) + 1}, key {name!r}"


def check_url(url: str, key: str, where: str | None = None) -> None:
    """Raise an error unless `url` is http or https: `SourceError` when `where` says what was wrong."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        message = f"{url!r} is no http or https URL"
        raise SourceError(f"{where}: {message}.") if where else msgspec.ValidationError(f"{message} - at `$.{key}`")


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None if it can't be one."""
    try:
        return urlsplit(url)
    except ValueError:  # brackets out of place, characters that NFKC would change
        return None


def host_of(url: str) -> str:
    """The host of a URL in lower case and punycode; empty if it has none."""
    parts = _split(url)
    return _plain_host(parts.hostname or "") if parts else ""


def _plain_host(host: str) -> str:
    """A host in lower case and punycode without a dot at its end, as links and connections have it."""
    host = host.lower().rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


class _Place(msgspec.Struct, frozen=True):
    """Where in a TOML file a msgspec error lies (tomllib keeps no line numbers)."""

    message: str
    path: tuple[str, ...]

    @classmethod
    def of(cls, error: str) -> _Place:
        message, _, path = error.partition(" - at `$")
        if unknown := re.search(r"contains unknown field `([^`]+)`", message):
            path, message = f"{path.rstrip('`')}.{unknown[1]}", "is not a key of a source definition"
        elif missing := re.search(r"missing required field `([^`]+)`", message):
            path, message = f"{path.rstrip('`')}.{missing[1]}", "is missing"
        return cls(message[:1].lower() + message[1:], tuple(re.findall(r"[^.\[\]`]+", path)))

    @property
    def key(self) -> str:
        return ".".join(self.path) or "(file)"

    def line(self, text: str) -> int:
        """The line of the key, or of the nearest table or array that should hold it."""
        names = [p for p in self.path if not p.isdigit()] or [""]
        indexes = [int(p) for p in self.path if p.isdigit()]
        table, seen, inside, best = "", -1, False, 1
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(r"\s*+\[\[?\s*+([^\]]+?)\s*\]", line):
                table = header[1]
                seen += table == names[0]
                inside = table == names[0] and (not indexes or seen == indexes[0])
                best = number if inside else best
            elif key := re.match(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*=""", line):
                name = key[1] or key[2] or key[3]
                if inside and len(names) > 1 and name == names[-1]:
                    return number
                if not table and name == names[0]:
                    best = number
        return best


def known_reading(settings: BaseSettings, url: str, day: dt.date | None = None) -> Reading:
    """What the sources of the setting ``SOURCES`` know of the site of `url`, on a day of capture."""
    for folder in reversed(settings.getlist("SOURCES")):  # later ones win
        for source in load_sources(source_folder(folder))[0].values():
            if source.owns(url):
                return source.reading(day or clock.now().date())
    return Reading()


def project_folder() -> Path:
    """The folder of scrapy.cfg, or the current one."""
    config = closest_scrapy_cfg()
    return Path(config).parent if config else Path.cwd()


def source_folder(folder: str) -> Path | zipfile.Path:
    """A folder of the setting ``SOURCES``.

    It lies below the project, or, where the project was deployed as an egg (scrapyd), inside its packages.
    """
    path = project_folder() / folder
    package, _, rest = folder.partition("/")
    if path.is_dir() or not package.isidentifier() or not util.find_spec(package):
        return path
    found = resources.files(package).joinpath(rest)
    return found if isinstance(found, Path | zipfile.Path) else path
