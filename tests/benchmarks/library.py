"""An invented archive of any size, to ask questions of.

Articles of 600 words of a Zipf vocabulary by twenty sources in four languages, one in fifty an edited copy of
another, each looked at ten times; and one article that changed every time. Their texts, all that is known of them
and their pages (of about 20 KB) lie in files as a crawl writes them; only the other looks at an article share one
record.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from archive.article import Article, Removed, Trace
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_row, furniture_row, version_row
from archive.catalogue.words import Words, words_of
from archive.furniture.furniture import Entry, pack, paragraphs
from archive.health.measures import measured
from archive.provenance import provenance
from archive.records import HTTP_RESPONSE, dump, iso, json_record, revisit_headers
from archive.storage import Store
from archive.warc import Record, WarcWriter, sha256

__all__ = ["COPIES", "DIARY", "LANGUAGES", "MANY", "SOURCES", "VOCABULARY", "WORDS", "build", "version_id"]

MANY = 100_000
WORDS = 600
"""Of an article."""
FETCHES = 10
"""Of an article."""
COPIES = 50
LANGUAGES = {"en": 12, "de": 4, "fr": 3, "ru": 1}
SOURCES = [f"paper_{n:02}" for n in range(20)]
DIARY = "https://paper_00.example/diary"
"""The article that changed every time."""
_EDITIONS = 1000
_BATCH = 500
_WORDS_KNOWN = 60_000
_LEARNED = 300
"""Paragraphs of a site's list."""
_BEGINNING = dt.datetime(2016, 1, 1)
_LATIN = "ba be bo ca co da de di el en er fa fi ga go ha in ka la le li ma mi mo na no or pa ra re ri sa so ta te to"
_CYRILLIC = "ба бе во га да де жи за ка ко ла ли ма мо на но ор па ра ре са со та те то ун"
_FILES = {kind: f"{kind}/2026-11/invented-{kind}.warc.gz" for kind in ("originals", "derived")}
_RUN = {"id": "r", "source": ""}
_DIGEST = "sha256:" + "0" * 64


class _Vocabulary:
    """Words, the frequent ones first, and their weights."""

    def __init__(self, syllables: str, seed: int) -> None:
        rng = random.Random(seed)
        found: dict[str, None] = {}
        while len(found) < _WORDS_KNOWN:
            found["".join(rng.choices(syllables.split(), k=1 + len(found) // 12_000 + rng.randrange(3)))] = None
        self.words = list(found)
        self.weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(_WORDS_KNOWN)))

    def text(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.words, cum_weights=self.weights, k=count)


VOCABULARY = _Vocabulary(_LATIN, 1)


def version_id(number: int) -> str:
    """The record id of an article's text."""
    return f"urn:uuid:v{number}"


class _Author:
    """Writes articles."""

    def __init__(self) -> None:
        self._vocabularies = dict.fromkeys(LANGUAGES, VOCABULARY) | {"ru": _Vocabulary(_CYRILLIC, 2)}
        self._kept: list[list[str]] = []

    def article(self, number: int) -> tuple[Article, str]:
        rng = random.Random(number)
        language = rng.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
        vocabulary = self._vocabularies[language]
        words = vocabulary.text(rng, WORDS)
        if number % COPIES == 1 and self._kept:
            words = words[:80] + rng.choice(self._kept)[:400]
        elif number % COPIES == 0:
            self._kept = [*self._kept[-200:], words]
        source = rng.choices(SOURCES, range(len(SOURCES), 0, -1))[0]
        lines = [" ".join(words[n : n + 50]).capitalize() + "." for n in range(0, len(words), 50)]
        when = _BEGINNING + dt.timedelta(minutes=number * 5_000_000 // MANY)
        return Article(
            url=f"https://{source}.example/{number}",
            headline=" ".join(vocabulary.text(rng, 8)).capitalize(),
            standfirst=" ".join(vocabulary.text(rng, 20)).capitalize() + ".",
            text="\n".join(lines),
            authors=(" ".join(vocabulary.text(rng, 2)).title(),),
            language=language,
            published=f"{when:%Y-%m-%dT%H:%M:%S}+01:00",
            section="News",
            trace=_trace(lines),
        ), source

    def edition(self, number: int) -> Article:
        """The diary after so many changes."""
        article, _ = self.article(-1)
        lines = article.text.split("\n")
        lines[number % len(lines)] += f" Edition {number}."
        return msgspec.structs.replace(article, url=DIARY, text="\n".join(lines), language="en", trace=_trace(lines))


def _trace(lines: Sequence[str]) -> Trace:
    kinds = ("related:links", "share", "subscription", "navigation", "byline", "advertisement", "comment", "legal")
    removed = [
        Removed(
            text=f"What stands there {n}", place="/html/body/div[1]", rule=kinds[n % len(kinds)], line=n % len(lines)
        )
        for n in range(24)
    ]
    evidence = dict.fromkeys(("headline", "standfirst", "authors", "published", "language", "section"), "json-ld")
    return Trace(
        extractor="newswarc/0.2.0 trafilatura/2.3.1",
        places=tuple(f"/html/body/main/p[{n + 1}]" for n in range(len(lines))),
        evidence=evidence,
        removed=tuple(removed),
    )


def build(folder: Path, articles: int) -> Store:
    """Make the archive, or take the one that stands there."""
    store = Store(folder)
    if store.catalogue_path.exists():
        return store
    store.create()
    press, author = _Press(store), _Author()
    with Catalogue(store.catalogue_path, create=True) as catalogue:
        for start in range(0, articles, _BATCH):
            numbers = range(start, min(articles, start + _BATCH))
            press.print(catalogue, [_looked_at(number, *author.article(number)) for number in numbers])
            print(f"\r{numbers.stop} articles", end="", file=sys.stderr)
        press.print(catalogue, [_looked_at(-n, author.edition(n), SOURCES[0]) for n in range(1, _EDITIONS + 1)])
        catalogue.add(furniture=[_list(source) for source in SOURCES])
        started = time.perf_counter()
        catalogue.settle()
        print(f"\r{'':20}\rCounting the days took {time.perf_counter() - started:.1f} s.")
    press.close()
    return store


class _Look(msgspec.Struct):
    """An article, and how it was fetched."""

    number: int
    article: Article
    source: str
    date: str
    fetches: list[Row]


def _looked_at(number: int, article: Article, source: str) -> _Look:
    when = dt.datetime.fromisoformat(article.published or "").replace(tzinfo=None)
    if number < 0:  # an edition: each is a page of its own
        when += dt.timedelta(hours=-number)
        return _Look(number, article, source, f"{when.isoformat()}Z", [_fetch(article.url, source, number, 0, when)])
    fetches = [_fetch(article.url, source, number, again, when) for again in range(FETCHES)]
    return _Look(number, article, source, f"{when.isoformat()}Z", fetches)


def _fetch(url: str, source: str, number: int, again: int, when: dt.datetime) -> Row:
    failed = again > 0 and (number + again) % 40 == 0
    started = iso((when + dt.timedelta(hours=again * 5)).replace(tzinfo=dt.UTC), exact=True)
    row: Row = {"id": f"urn:uuid:f{number}-{again}", "run": "r", "source": source, "url": url, "method": "GET"}
    row |= {"started": started, "ended": started, "outcome": "timeout" if failed else "complete", "error": None}
    row |= {"status": None if failed else 200, "size": 20_000, "capture": f"urn:uuid:c{number}-{again}"}
    return row | {"lead_kind": "feed", "lead_via": None} | ({"capture": None} if failed else {})


class _Press:
    """Writes records and rows."""

    def __init__(self, store: Store) -> None:
        for file in _FILES.values():
            store.path(file).parent.mkdir(parents=True, exist_ok=True)
        info = {"created": "2026-11-20T09:00:00Z"}
        self._writers = {kind: WarcWriter(store.path(file), info) for kind, file in _FILES.items()}

    def print(self, catalogue: Catalogue, looks: Sequence[_Look]) -> None:
        captures: list[Row] = []
        versions: list[tuple[Row, Words]] = []
        for look in looks:
            page, again = self.page(look)
            captures += _captures(look, page, again)
            versions.append(self.version(look, page))
        catalogue.add(fetches=[row for look in looks for row in look.fetches], captures=captures, versions=versions)

    def page(self, look: _Look) -> tuple[Capture, Capture]:
        """Write the page, and what is kept of it when it is found unchanged."""
        body = _page(look.article)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        payload = sha256(body)
        record = Record(
            type="response",
            id=look.fetches[0]["capture"],
            date=look.date,
            target_uri=look.article.url,
            block=head.encode() + body,
            content_type=HTTP_RESPONSE,
            payload_digest=payload,
        )
        revisit = Record(
            type="revisit",
            date=look.date,
            target_uri=look.article.url,
            block=head.encode(),
            content_type=HTTP_RESPONSE,
            payload_digest=payload,
            headers=revisit_headers({"id": record.id, "url": look.article.url, "date": look.date}, None),
        )
        member, other = self._writers["originals"].append([record, revisit])
        page = Capture(
            id=record.id,
            kind="response",
            url=look.article.url,
            date=look.date,
            status=200,
            mime="text/html",
            payload_digest=payload,
            file=_FILES["originals"],
            offset=member.offset,
            length=member.length,
            record_digest=member.digest,
        )
        place = {"offset": other.offset, "length": other.length, "record_digest": other.digest}
        return page, msgspec.structs.replace(page, kind="revisit", refers_to=page.id, **place)

    def version(self, look: _Look, page: Capture) -> tuple[Row, Words]:
        """Write what was read from the page."""
        trace = msgspec.structs.replace(look.article.trace, capture=page.id)
        article = msgspec.structs.replace(look.article, trace=trace)
        digest, date = article.text_digest, look.date
        conversion = Record(
            type="conversion",
            id=version_id(look.number),
            date=date,
            target_uri=article.url,
            block=article.text.encode(),
            content_type="text/plain; charset=utf-8",
            payload_digest=digest,
            headers=[("WARC-Refers-To", f"<{page.id}>")],
        )
        fields = msgspec.to_builtins(article)
        del fields["text"]
        details = {
            "article": fields,
            "date": date,
            "extracted": date,
            "text_digest": digest,
            "reading": {},
            "measures": msgspec.to_builtins(measured(article)),
        }
        refers = [("WARC-Refers-To", f"<{conversion.id}>")]
        about = json_record(dump(details), "article", date, refers)
        proof = provenance(
            page,
            conversion=conversion.id,
            text_digest=digest,
            details_digest=sha256(about.block),
            language=article.language,
            started=date,
            ended=date,
            settings_digest=_DIGEST,
            rules_digest=None,
            furniture_digest=None,
            software=trace.extractor,
        )
        members = self._writers["derived"].append([conversion, about, json_record(proof, "provenance", date, refers)])
        words = words_of(article)
        places = [(m.offset, m.length) for m in members]
        row = version_row(
            conversion.id,
            details,
            _RUN | {"source": look.source},
            file=_FILES["derived"],
            places=places,
            lines=pack(paragraphs(article)),
            signature=words.signature,
        )
        return row, words

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()


def _captures(look: _Look, page: Capture, again: Capture) -> Iterator[Row]:
    """Of a look that found the page, and of the others that found the same."""
    run = _RUN | {"source": look.source}
    yield capture_row(page, "GET", run)
    for fetch in look.fetches[1:]:
        if fetch["capture"]:
            found = msgspec.structs.replace(again, id=fetch["capture"], date=f"{fetch['started'][:19]}Z")
            yield capture_row(found, "GET", run)


_TEASERS = "".join(
    f'<li class="teaser teaser--small" data-track="river-{n}"><a class="teaser__link" href="/story/{n}">'
    f'<img class="teaser__image lazy" src="/img/{n}.jpg" width="320" height="180" alt="Picture {n}"></a></li>'
    for n in range(90)
)


def _page(article: Article) -> bytes:
    body = "".join(f"<p>{line}</p>" for line in article.text.split("\n"))
    return (
        f"<!DOCTYPE html><html lang={article.language}><head><meta charset=utf-8>"
        f"<title>{article.headline}</title></head>"
        f"<body><main><h1>{article.headline}</h1><p>{article.standfirst}</p>{body}</main><ul>{_TEASERS}</ul></body></html>"
    ).encode()


def _list(source: str) -> Row:
    entries = [
        Entry(
            key=f"{n:016x}",
            text=f"Paragraph {n} of {source}",
            articles=3 + n % 90,
            first_seen="2020-01-01T00:00:00Z",
            last_seen="2026-01-01T00:00:00Z",
            why="markup",
        )
        for n in range(_LEARNED)
    ]
    facts = {"site": f"{source}.example", "made": "2026-11-20T09:00:00Z", "entries": msgspec.to_builtins(entries)}
    return furniture_row(facts)
