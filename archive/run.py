"""`Run`: one run's writing side of the archive. It keeps exchanges, failures and articles."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import msgspec

from archive import clock
from archive.article import Article, article_fields
from archive.capture import Announcement, Capture, Exchange, Failure, Truncation
from archive.catalogue import Catalogue
from archive.catalogue.rows import (
    Row,
    capture_row,
    fetch_row,
    furniture_row,
    lead_rows,
    run_row,
    trouble_row,
    version_row,
)
from archive.catalogue.words import Words
from archive.durability import EXCHANGE, Durability
from archive.furniture.furniture import pack, paragraphs
from archive.furniture.lists import Lists
from archive.health.measures import Measures, measured
from archive.health.troubles import QUARANTINE_FOR, Trouble, judge
from archive.http import head_length, parse_response
from archive.leads import Kind as ListingKind
from archive.leads import leads_records
from archive.provenance import provenance
from archive.rebuild import catch_up, forget_lost, settle
from archive.records import beginning, dump, exchange_records, facts_record, failure_facts, iso, json_record
from archive.rules import Reading
from archive.storage import Kind, Recovered, Store
from archive.tally import Tally, peak_memory
from archive.validators import validators_in
from archive.version import SOFTWARE
from archive.warc import Record, WarcWriter, sha256
from archive.workers import Extracted, Task

__all__ = ["CHECKED", "Run"]

CHECKED = "checked"
"""Why a run ended that looked at pages and read none of them: they are still to be read."""
_BATCH_ROWS, _BATCH_SECONDS = 250, 1.0


class Run:
    """Keeps what one crawl fetches.

    Every method writes to the WARC file before it returns. Catalogue rows follow in batches: what a kill
    takes of them, the next run reads from the files (`catch_up`).
    """

    def __init__(
        self,
        store: Store,
        source: str,
        *,
        settings_digest: str = "",
        info: dict[str, str] | None = None,
        max_file_size: int = 1 << 30,
        durability: Durability = EXCHANGE,
        exclusive: bool = True,
        quarantine_for: Collection[str] = QUARANTINE_FOR,
    ) -> None:
        """Open the archive for a run of `source`.

        `info` adds warcinfo fields (``operator``, ``http-header-user-agent``, ``robots``); `max_file_size`
        is the compressed size in bytes at which a file is closed and the next one begun; `durability` says when
        records are forced onto the disk. An `exclusive` run suffers no other one of the same source beside it.
        `quarantine_for` names what puts a source's texts in quarantine when it falls, see `archive.health.troubles`.

        Raises `StoreError` if the store can't be used or the source is being crawled into it already.
        """
        self.store = store
        self.id = str(uuid.uuid4())
        self.source = source
        self._settings_digest = settings_digest
        self._quarantine_for = quarantine_for
        self._max_file_size = max_file_size
        self._durability = durability
        self._began = clock.now()
        started = iso(self._began)
        self._info = {
            "software": SOFTWARE,
            **(info or {}),
            "isPartOf": source,
            "newswarc-run": self.id,
            "newswarc-started": started,
            "newswarc-settings": settings_digest,
        }
        self.row: Row = run_row(self._info)
        store.create()
        with ExitStack() as stack:
            who = f"a crawl of {source} that started {started}"
            if exclusive:
                stack.enter_context(store.lock(f"source-{source}", who))
            self.recovered: list[Recovered] = store.recover()
            self.problems: list[str] = forget_lost(store, self.recovered)
            lock = stack.enter_context(store.lock("catalogue", who, shared=True))
            stack.callback(store.note_catalogue_digest, lock)
            store.forget_catalogue_digest()
            self.catalogue = Catalogue(store.catalogue_path, create=True)
            stack.callback(self.catalogue.close)
            self.problems += catch_up(store, self.catalogue)
            self._writers: dict[Kind, WarcWriter] = {}
            self._serials: dict[Kind, int] = {"originals": 0, "derived": 0}
            self._writer("originals")
            self._stack = stack.pop_all()
        self._tally = Tally()
        self._closed_size = 0
        self._fetches: list[Row] = []
        self._captures: list[Row] = []
        self._leads: list[Row] = []
        self._waiting: set[str] = set()
        """URLs whose captures the catalogue does not know yet."""
        self._versions: list[tuple[Row, Words]] = []
        self._furniture: list[Row] = []
        self._troubles: list[Row] = []
        self._listed: set[tuple[Any, ...]] = set()
        self.lists = Lists(store, self.catalogue)
        """What recurs on the sites of this run."""
        self._flushed = time.monotonic()
        self.catalogue.add(runs=[self.row])

    # Exchanges

    def keep(self, exchange: Exchange) -> Capture:
        """Store one exchange and tell where it lies.

        A GET whose payload the archive has from the same URL becomes a revisit (WARC 1.1, 6.7.2), a 304 to
        a page that it has a block-less server-not-modified one (6.7.3).

        Raises `StoreError` if the disk refuses, `RecordError` if the response is no HTTP.
        """
        large = not isinstance(exchange.response, bytes)
        head = exchange.response if isinstance(exchange.response, bytes) else beginning(exchange.response)
        message = parse_response(head[: head_length(head)])
        whole = exchange.truncated is None and exchange.method == "GET"
        payload_start = len(message.head)
        digest = sha256(exchange.response, payload_start)
        original = not_modified = None
        if whole and message.status == 304:
            not_modified = self._latest_page(exchange.url)
        elif whole and (large or len(head) > payload_start):
            original = self._original(exchange.url, digest, message.status)
        response, request, facts = exchange_records(exchange, message, digest, original, not_modified)
        referred = original or not_modified
        return self.keep_records(
            response,
            request,
            facts,
            refers_to=referred["id"] if referred else None,
            truncated=exchange.truncated,
        )

    def keep_records(
        self,
        response: Record,
        request: Record | None,
        facts: dict[str, Any],
        *,
        refers_to: str | None,
        truncated: Truncation | None,
    ) -> Capture:
        """Store the records of an exchange: a response or revisit, its request, and what is known beside them.

        `facts` are as `archive.records.exchange_facts` has them; a revisit `refers_to` a response. Raises `StoreError`.
        """
        about = facts_record(facts, "exchange", response.date, [("WARC-Concurrent-To", f"<{response.id}>")])
        writer = self._writer("originals")
        member, *_ = writer.append([response, *([request] if request else []), about])
        capture = Capture(
            id=response.id,
            kind="revisit" if refers_to else "response",
            url=facts["url"],
            date=response.date,
            status=facts["status"],
            mime=facts["mime"],
            payload_digest=response.payload_digest,
            refers_to=refers_to,
            truncated=truncated,
            file=self.store.name(writer.path),
            offset=member.offset,
            length=member.length,
            record_digest=member.digest,
        )
        self._tally.count_response(facts["status"], facts["size"], request)
        self._tally.revisits += capture.kind == "revisit"
        self._tally.not_modified += capture.kind == "revisit" and capture.status == 304
        self._tally.truncated += truncated is not None
        validators = validators_in(response.block, response.date, facts)
        told = (validators.etag, validators.last_modified)
        self._captures.append(capture_row(capture, facts["method"], self.row, *told, rights=facts.get("rights")))
        self._waiting.add(capture.url)
        self._fetches.append(fetch_row(about.id, facts, self.row, capture.id))
        self.flush_if_due()
        return capture

    def keep_failure(self, failure: Failure) -> None:
        """Store that a fetch ended before any response, with whatever bytes came. Raises `StoreError`."""
        facts = failure_facts(failure)
        about = facts_record(facts, "failure", iso(failure.started))
        self._writer("originals").append([about])
        self._tally.count_failure(failure.kind, len(failure.received))
        self._fetches.append(fetch_row(about.id, facts, self.row, None))
        self.flush_if_due()

    def keep_leads(self, capture: Capture, kind: ListingKind, leads: Iterable[Announcement]) -> list[Announcement]:
        """Store what a listing (`capture`) announces that it has not announced before; see `archive.leads`.

        Returns these. A listing with nothing new writes nothing. Raises `StoreError`.
        """
        kept: list[Announcement] = []
        self.flush()
        for new, record, facts in leads_records(self.catalogue, capture, kind, leads):
            self._writer("originals").append([record])
            self._leads += lead_rows(facts, self.row)
            self.flush()
            kept += new
        return kept

    def _original(self, url: str, digest: str, status: int) -> Row | None:
        if url in self._waiting:
            self.flush()
        return self.catalogue.original(url, digest, status)

    def _latest_page(self, url: str) -> Row | None:
        if url in self._waiting:
            self.flush()
        return self.catalogue.latest_page(url)

    # Articles

    def keep_extracted(self, capture: Capture, extracted: Extracted, *, learn: bool = True, again: bool = False) -> str:
        """Store what a worker read in a capture, see `keep_article`."""
        return self.keep_article(
            capture,
            extracted.article,
            words=extracted.words,
            started=extracted.started,
            ended=extracted.ended,
            reading=extracted.reading,
            measures=extracted.measures,
            learn=learn,
            again=again,
        )

    def keep_cleaned(self, capture: Capture, extracted: Extracted) -> bool:
        """Store what a worker read again with what was learned later; False if it is no other text than before."""
        last = self.catalogue.last_version(capture.id)
        if last and last["text_digest"] == extracted.article.text_digest:
            return False
        self.keep_extracted(capture, extracted, again=True)
        return True

    def keep_article(
        self,
        capture: Capture,
        article: Article,
        *,
        words: Words,
        started: dt.datetime,
        ended: dt.datetime,
        reading: Reading,
        measures: Measures | None = None,
        learn: bool = True,
        again: bool = False,
    ) -> str:
        """Store what a capture says: clean text, all fields with their trace, and provenance.

        `words` are those of the article (`archive.catalogue.words.words_of`), `reading` what the
        extractor was told of the site, `measures` what the worker
        measured; where the page states no second reading, the summary of the feed that announced it is compared with
        the text. The site's list learns from the article unless `learn` is false; `again`: the article is stored
        already, and is read with what was learned later.
        Returns the record id of the conversion. Raises `StoreError` if the disk refuses.
        """
        date = iso(ended)
        trace = msgspec.structs.replace(article.trace, capture=capture.id)
        article = msgspec.structs.replace(article, trace=trace)
        conversion = Record(
            type="conversion",
            date=date,
            target_uri=capture.url,
            block=article.text.encode(),
            content_type="text/plain; charset=utf-8",
            payload_digest=article.text_digest,
            headers=[("WARC-Refers-To", f"<{capture.id}>")],
        )
        told = msgspec.to_builtins(reading)
        del told["furniture"]  # it has a record of its own
        details = {
            "article": article_fields(article),
            "date": capture.date,
            "rights": self._rights(capture),
            "extracted": iso(ended, exact=True),
            "text_digest": article.text_digest,
            "reading": told,
            "measures": msgspec.to_builtins(self._measures(capture, article, measures)),
        }
        refers = [("WARC-Refers-To", f"<{conversion.id}>")]
        about = json_record(dump(details), "article", date, refers)
        proof = provenance(
            capture,
            conversion=conversion.id,
            text_digest=article.text_digest,
            details_digest=sha256(about.block),
            language=article.language,
            started=iso(started, exact=True),
            ended=iso(ended, exact=True),
            settings_digest=self._settings_digest,
            rules_digest=reading.rules.digest if reading.rules else None,
            furniture_digest=trace.furniture,
            software=article.trace.extractor,
        )
        writer = self._writer("derived")
        if trace.furniture:
            self._keep_list(self.lists.facts(trace.furniture), writer)
        members = writer.append([conversion, about, json_record(proof, "provenance", date, refers)])
        row = version_row(
            conversion.id,
            details,
            self.row,
            file=self.store.name(writer.path),
            places=[(m.offset, m.length) for m in members],
            lines=pack(paragraphs(article)),
            signature=words.signature,
        )
        self._tally.articles += not again
        self._tally.cleaned_again += again
        self._versions.append((row, words))
        if learn and not self.catalogue.is_held(row):
            self.lists.learn(conversion.id, capture, article)
        self.flush_if_due()
        return conversion.id

    def _measures(self, capture: Capture, article: Article, measures: Measures | None) -> Measures:
        """What was measured; if there was no second reading, the feed's summary is one."""
        if measures is not None and measures.agreement is not None:
            return measures
        summary = self.catalogue.summary({capture.url, article.url, article.canonical_url or ""})
        return measured(article, summary=summary) if measures is None or summary else measures

    def _rights(self, capture: Capture) -> list[Any]:
        """What was known of a capture's rights before its page was read."""
        waiting = (row for row in reversed(self._captures) if row["id"] == capture.id)
        row = next(waiting, None) or self.catalogue.capture(capture.id)
        return json.loads(row["rights"]) if row and row["rights"] else []

    def _keep_list(self, facts: dict[str, Any], writer: WarcWriter) -> None:
        """Store a furniture list, once in a file: whoever has the texts has what they were cleaned with."""
        name = (writer.path, facts["digest"], facts["made"])
        if name not in self._listed:
            self._listed.add(name)
            writer.append([json_record(dump(facts), "furniture", iso(clock.now()), [])])
            self._furniture.append(furniture_row(facts))

    def keep_lists(self) -> None:
        """Store the furniture lists that have changed since they were stored. Raises `StoreError`."""
        for facts in self.lists.changed():
            self._keep_list(facts, self._writer("derived"))
        self.flush()

    def keep_troubles(self, troubles: Iterable[Trouble]) -> None:
        """Store what troubles have come to. Raises `StoreError`."""
        for trouble in troubles:
            facts = msgspec.to_builtins(trouble)
            self._writer("derived").append([json_record(dump(facts), "trouble", iso(clock.now()), [])])
            self._troubles.append(trouble_row(facts))
        self.flush()

    def stale(self) -> Iterator[Task]:
        """The pages of this run's sites that are to be read again: their texts hold what was learned later."""
        self.flush()
        return self.lists.stale()

    # Files and catalogue

    def _writer(self, kind: Kind) -> WarcWriter:
        writer = self._writers.get(kind)
        if writer and writer.size >= self._max_file_size:
            self._close_writer(kind)
            writer = None
        if writer is None:
            self._serials[kind] += 1
            info = {"created": iso(clock.now()), **self._info}
            path = self.store.new_path(kind, self.source, self.id, self._serials[kind])
            writer = WarcWriter(path, info, self._durability)
            self._writers[kind] = writer
        return writer

    def _close_writer(self, kind: Kind) -> None:
        self.flush()
        writer = self._writers.pop(kind)
        writer.close()
        self._closed_size += writer.size

    def flush_if_due(self) -> None:
        """Write waiting rows into the catalogue if they are many or have waited for a second. Raises `StoreError`.

        Who has nothing to keep for a while calls it every `archive.durability.TICK` seconds, so that others see at once
        what there is, and records don't wait longer to be forced onto the disk than they may.
        """
        for writer in self._writers.values():
            writer.sync_if_due()
        rows = len(self._captures) + len(self._versions) + len(self._fetches)
        if rows >= _BATCH_ROWS or (rows and time.monotonic() - self._flushed >= _BATCH_SECONDS):
            self.flush()

    def flush(self, *, ended: bool = False) -> None:
        """Write waiting rows into the catalogue. Raises `StoreError`; the rows then stay in the WARC files.

        All at once with how far the files are known, of a run that has `ended` its row, too: else a kill in between
        would leave a catalogue that takes itself for complete.
        """
        files = [{"name": self.store.name(w.path), "run": self.id, "indexed": w.size} for w in self._writers.values()]
        self.catalogue.add(
            runs=[self.row] if ended else [],
            fetches=self._fetches,
            captures=self._captures,
            leads=self._leads,
            versions=self._versions,
            furniture=self._furniture,
            troubles=self._troubles,
            files=files,
        )
        self._fetches, self._captures, self._leads, self._versions, self._furniture = [], [], [], [], []
        self._troubles = []
        self._waiting = set()
        self._flushed = time.monotonic()

    def tally(self) -> Tally:
        """What the run has done by now."""
        size = self._closed_size + sum(writer.size for writer in self._writers.values())
        seconds = round((clock.now() - self._began).total_seconds(), 3)
        return msgspec.structs.replace(self._tally, seconds=seconds, bytes_stored=size, peak_memory=peak_memory())

    def finish(self, reason: str, stats: dict[str, Any]) -> None:
        """End the run: write its closing record, close the files, release the locks.

        `reason` as Scrapy gives it (``finished``, ``shutdown``) or `CHECKED`, `stats` plain JSON values.
        Raises `StoreError` if the disk refuses; the locks are released all the same.
        """
        end: dict[str, Any] = {"ended": iso(clock.now()), "reason": reason, "stats": stats}
        try:
            self.keep_lists()
            self.keep_troubles(judge(self.catalogue, self.source, self._quarantine_for))
            end["tally"] = msgspec.to_builtins(self.tally())
            self._writer("originals").append([facts_record(end, "run", end["ended"])])
            self.row |= run_row(self._info, end)
            self.flush(ended=True)
            self.problems += settle(self.store, self.catalogue)
        finally:
            with ExitStack() as closing:  # each file is closed, whatever becomes of the others
                closing.callback(self._stack.close)
                for writer in self._writers.values():
                    closing.callback(writer.close)
                    self._closed_size += writer.size
                self._writers = {}
