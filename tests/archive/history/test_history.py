"""All versions of an article at all its addresses, what changed, what confirmed them, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from archive.capture import Lead
from archive.catalogue import Catalogue
from archive.errors import RecordError, StoreError
from archive.furniture.furniture import key_of
from archive.history.addresses import Address
from archive.history.history import Event, History, Version, article_at
from archive.rebuild import rebuild
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.making import (
    SENTENCES,
    altered,
    exchange,
    failure,
    keep_article,
    keep_page,
    later,
    page,
    refused,
    running,
    wire,
)

HOST = "https://www.ellery.test"
STORM, AMP, NEW = f"{HOST}/2026/11/storm", f"{HOST}/2026/11/storm/amp", f"{HOST}/weather/storm"
CANONICAL = f'<link rel="canonical" href="{STORM}">'
TWELVE, NINE = "Storm keeps twelve boats out", "Storm keeps nine boats out"


def storm(headline: str = TWELVE, sentences: Sequence[str] = SENTENCES, head: str = CANONICAL) -> bytes:
    return page(headline, sentences=sentences, head=head)


def moved(run: Run, url: str, to: str, hours: float, status: str = "301 Moved") -> None:
    run.keep(exchange(url, wire(b"", status, [f"Location: {to}"]), at=later(hours)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def history(store: Store, url: str) -> History:
    catalogue = Catalogue(store.catalogue_path)
    try:
        return History.of(store, catalogue, url)
    finally:
        catalogue.close()


def told(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def hours(versions: Sequence[Version]) -> list[str]:
    return [version.date[8:13] for version in versions]


# Versions


def test_versions_say_what_changed_from_the_one_before(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, STORM, storm(NINE), at=later(1))
        keep_page(run, STORM, storm(NINE, SENTENCES[:5]), at=later(2))
        keep_page(run, STORM, storm(NINE, SENTENCES[:5]).replace(b"small gift", b"large gift"), at=later(3))
        section = CANONICAL + '<meta property="article:section" content="Sea">'
        keep_page(run, STORM, storm(NINE, SENTENCES[:5], section), at=later(4))
    found = history(store, STORM)
    assert [v.changed for v in found.versions] == [(), ("headline",), ("text",), (), ("section",)]
    assert told(found.events) == ["version", "version", "version", "unchanged", "version"]
    assert found.events[2].what == "Changed: text."
    assert [v.headline for v in found.versions] == [TWELVE, NINE, NINE, NINE, NINE]
    assert [v.before for v in found.versions] == [None, *(v.id for v in found.versions[:-1])]
    assert found.versions[2].counts is not None
    assert (found.versions[2].counts.removed, found.versions[2].counts.words_added) == (1, 0)
    assert all(v.same_reader and not v.readings and not v.is_return for v in found.versions)
    assert found.last_seen == "2026-11-20T13:00:00Z"
    assert not found.is_gone


def test_furniture_in_the_text_of_one_version_only_is_no_change(store: Store) -> None:
    banner = "Twelve euros a month keep the Courier afloat through the winter, and the crew warm."
    lines = [*SENTENCES[:3], banner, *SENTENCES[3:]]
    with running(store) as run:
        keep_page(run, STORM, storm(sentences=lines))
        run.lists.decide("ellery.test", key_of(banner), "denied", text=banner, who="tests")
        known = Reading(furniture=run.lists.of(STORM))
        keep_page(run, STORM, storm(sentences=lines).replace(b"</body>", b" </body>"), at=later(1), reading=known)
    first, second = history(store, STORM).versions
    assert first.text_digest != second.text_digest
    assert second.changed == ()
    assert second.counts is not None
    assert second.counts.reading == 1
    assert not second.same_reader
    assert known.furniture is not None
    assert second.furniture == known.furniture.digest


def test_of_several_readings_of_a_capture_the_last_one_counts(store: Store) -> None:
    with running(store) as run:
        capture = keep_page(run, STORM, storm())
        again = extract_capture(Task(store=str(store.root), capture=capture))
        trace = msgspec.structs.replace(again.article.trace, extractor="newswarc/9.0.0")
        shorter = msgspec.structs.replace(
            again.article, trace=msgspec.structs.replace(trace, places=trace.places[:1]), text=SENTENCES[0]
        )
        run.keep_article(
            capture, shorter, words=again.words, started=again.started, ended=again.ended, reading=again.reading
        )
    (version,) = history(store, STORM).versions
    (earlier,) = version.readings
    assert version.extractor == "newswarc/9.0.0"
    assert earlier.extractor.startswith("newswarc/0.")
    assert earlier.text_digest != version.text_digest
    assert earlier.extracted < version.extracted
    catalogue = Catalogue(store.catalogue_path)
    assert article_at(store, catalogue, version.id) == msgspec.structs.replace(
        shorter, trace=msgspec.structs.replace(shorter.trace, capture=capture.id)
    )
    assert article_at(store, catalogue, earlier.id).text == "\n".join(SENTENCES)
    catalogue.close()


def test_revisits_confirm_a_version_and_can_bring_back_an_earlier_one(store: Store) -> None:
    with running(store) as run:
        first = keep_page(run, STORM, storm())
        again = run.keep(exchange(STORM, wire(storm()), at=later(1)))
        not_modified = run.keep(exchange(STORM, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(2)))
        keep_page(run, STORM, storm(NINE), at=later(3))
        back = run.keep(exchange(STORM, wire(storm()), at=later(4)))
        still = run.keep(exchange(STORM, wire(storm()), at=later(5)))
    found = history(store, STORM)
    assert told(found.events) == ["version", "confirmed", "confirmed", "version", "version", "confirmed"]
    one, two, three = found.versions
    assert [c.id for c in one.confirmed] == [again.id, not_modified.id]
    assert (two.confirmed, [c.id for c in three.confirmed]) == ((), [still.id])
    assert (three.id, three.page, three.capture.id) == (one.id, first.id, back.id)
    assert (one.is_return, three.is_return) == (False, True)
    assert three.changed == ("headline",)
    assert found.last_seen == "2026-11-20T14:00:00Z"


# Addresses


def test_an_article_has_one_history_at_all_its_addresses(store: Store) -> None:
    plain = STORM.replace("https://www.", "http://")
    with running(store) as run:
        moved(run, plain, STORM, 0)
        keep_page(run, STORM, storm(), at=later(0))
        keep_page(run, AMP, storm().replace(b"<body>", b"<body class=amp>"), at=later(1))
        run.keep(exchange(STORM, wire(storm()), at=later(2)))
        run.keep(exchange(AMP, wire(storm().replace(b"<body>", b"<body class=amp>")), at=later(3)))
    by_address = [history(store, url) for url in (STORM, plain, AMP, STORM + "/", STORM + "#top")]
    for found in by_address:
        assert hours(found.versions) == ["20T09", "20T10"]
        assert [len(v.confirmed) for v in found.versions] == [1, 1]  # not as if the page went back and forth
        assert told(found.events) == ["version", "unchanged", "confirmed", "confirmed"]
        assert {address.url for address in found.addresses} == {STORM, AMP}
    assert by_address[2].addresses[0] == Address(
        url=AMP, captures=2, texts=1, first="2026-11-20T10:00:00Z", last="2026-11-20T12:00:00Z"
    )


def test_what_redirected_there_is_an_address_too(store: Store) -> None:
    short = "https://elly.test/s1"
    with running(store) as run:
        moved(run, short, STORM, 0)
        led = exchange(STORM, wire(storm()), at=later(0), lead=Lead(kind="redirect", via=short))
        keep_article(run, run.keep(led), Reading())
        run.keep_failure(failure(short, started=later(5), ended=later(5), error="No such host."))
    for url in (STORM, short):
        found = history(store, url)
        assert {address.url: address.leads_to for address in found.addresses} == {STORM: None, short: STORM}
        assert found.addresses[0].url == url
        assert told(found.events) == ["version", "failed"]
    assert found.events[1] == Event(
        date="2026-11-20T14:00:00Z", kind="failed", url=short, what="There was no answer: No such host."
    )


def test_what_redirects_everybody_is_nobody_s_address(store: Store) -> None:
    consent, ferry = f"{HOST}/consent", f"{HOST}/ferry"
    with running(store) as run:
        for hour, url in enumerate((STORM, ferry)):
            moved(run, consent, url, hour, "302 Found")
            led = exchange(url, wire(page(url)), at=later(hour), lead=Lead(kind="redirect", via=consent))
            keep_article(run, run.keep(led), Reading())
    assert [address.url for address in history(store, STORM).addresses] == [STORM]
    assert [address.url for address in history(store, ferry).addresses] == [ferry]


def test_an_article_that_moved_goes_on_at_its_new_address(store: Store) -> None:
    between = f"{HOST}/go?to=storm"
    with running(store) as run:
        keep_page(run, STORM, storm(head=""))
        moved(run, STORM, between, 1)
        moved(run, between, NEW, 1)
        keep_page(run, NEW, storm(NINE, head=""), at=later(1))
    found = history(store, STORM)
    assert [version.capture.url for version in found.versions] == [STORM, NEW]
    assert told(found.events) == ["version", "version"]
    assert [address.url for address in found.addresses] == [STORM, between, NEW]


def test_a_redirect_to_the_home_page_is_no_move(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm(head=""))
        keep_page(run, HOST + "/", page("Front page", head=""), at=later(0.5))
        moved(run, STORM, "/", 1)
        moved(run, STORM, f"{HOST}/nowhere", 2)
    found = history(store, STORM)
    assert told(found.events) == ["version", "redirected", "redirected"]
    assert found.events[1].what == f"It led to {HOST}/."
    assert len(found.versions) == 1


# What became of it


def test_what_came_instead_of_the_article(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        run.keep(exchange(STORM, wire(b"busy", "503 Service Unavailable"), at=later(1)))
        run.keep(exchange(STORM, b"HTTP/1.1 200 OK\r\n\r\nhal", at=later(2), truncated="disconnect"))
        run.keep(exchange(STORM, wire(b"<p>Soon more."), at=later(3)))
        run.keep_failure(failure(STORM, started=later(4), ended=later(4), kind="refused", error="Connection refused."))
        run.keep(exchange(STORM, wire(headers=["Content-Type: text/html"]), method="HEAD", at=later(5)))
        gone = run.keep(exchange(STORM, wire(b"gone", "410 Gone"), at=later(6)))
        run.keep(exchange(STORM, wire(b"gone", "410 Gone"), at=later(7)))
        run.keep_failure(failure(STORM, started=later(8), ended=later(8), kind="dns", error="No such host."))
    found = history(store, STORM)
    assert told(found.events) == ["version", "failed", "failed", "unread", "failed", "gone", "gone", "failed"]
    assert found.events[5] == Event(
        date="2026-11-20T15:00:00Z", kind="gone", url=STORM, status=410, capture=gone.id,
        what="The server answered that there is nothing (410).",
    )  # fmt: skip
    assert all(event.what.endswith(".") for event in found.events)
    assert found.is_gone
    assert found.last_seen == "2026-11-20T09:00:00Z"


def test_it_is_gone_only_if_it_is_at_all_addresses_that_showed_it(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
        keep_page(run, AMP, storm().replace(b"<body>", b"<body class=amp>"), at=later(1))
        run.keep(exchange(AMP, wire(b"gone", "404 Not Found"), at=later(2)))
    assert not history(store, STORM).is_gone
    with running(store) as run:
        run.keep(exchange(STORM, wire(b"gone", "404 Not Found"), at=later(3)))
    assert history(store, STORM).is_gone


def test_of_an_unknown_address_there_is_nothing(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, storm())
    for url in ("https://nowhere.test/", "http://[", "", "what's this?", "https://\ud800.test/", "\0"):
        found = history(store, url)
        assert (found.versions, found.events, found.last_seen, found.is_gone) == ((), (), None, False)
        assert found.addresses[0].captures == 0


# Articles as they were stored


@pytest.fixture
def one(store: Store) -> Iterator[tuple[Store, Catalogue, str]]:
    with running(store) as run:
        keep_page(run, STORM, storm())
    catalogue = Catalogue(store.catalogue_path)
    (row,) = catalogue.versions(STORM)
    yield store, catalogue, row["id"]
    catalogue.close()


@pytest.mark.parametrize("version", ["urn:uuid:0", "", "urn:uuid:0\n\ud800", "x" * 10_000])
def test_an_unknown_version(one: tuple[Store, Catalogue, str], version: str) -> None:
    store, catalogue, _ = one
    with pytest.raises(StoreError) as error:
        article_at(store, catalogue, version)
    assert version[:10].encode("unicode_escape", "backslashreplace").decode() in refused(error.value)
    assert len(str(error.value)) < 400


def test_details_without_line_numbers_can_still_be_read(one: tuple[Store, Catalogue, str]) -> None:
    store, catalogue, version = one
    catalogue.close()

    def older(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Target-URI" if "WARC-Target-URI" in headers else "WARC-Type"].startswith(
            "urn:newswarc:article"
        ):
            told = msgspec.json.decode(block)
            for gone in told["article"]["trace"]["removed"]:
                del gone["line"]
            block = msgspec.json.encode(told)
        return headers, block

    (name,) = store.files("derived")
    altered(store.path(name), older)
    rebuild(store)
    catalogue = Catalogue(store.catalogue_path)
    removed = article_at(store, catalogue, version).trace.removed
    assert removed
    assert {gone.line for gone in removed} == {None}
    catalogue.close()


def test_a_catalogue_that_names_another_record(one: tuple[Store, Catalogue, str]) -> None:
    store, catalogue, version = one
    row = catalogue.version(version)
    assert row is not None
    for prefix, other in (("", "details_"), ("details_", "provenance_"), ("details_", "")):
        wrong = {**row, f"{prefix}offset": row[f"{other}offset"], f"{prefix}length": row[f"{other}length"]}
        catalogue.version = lambda _, wrong=wrong: wrong  # type: ignore[method-assign, misc]
        with pytest.raises(RecordError) as error:
            article_at(store, catalogue, version)
        refused(error.value)


def test_only_what_is_shown_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import archive.history.history as module

    with running(store) as run:
        for hours, headline in enumerate(("One boat", "Two boats", "Three boats", "Four boats")):
            keep_page(run, STORM, storm(headline), at=later(hours))
    whole = history(store, STORM)
    read: list[str] = []
    original = module.read_article

    def reading(store: Store, row: dict[str, object]) -> module.Article:
        read.append(str(row["id"]))
        return original(store, row)

    monkeypatch.setattr(module, "read_article", reading)
    with Catalogue(store.catalogue_path) as catalogue:
        latest = History.of(store, catalogue, STORM, slice(-1, None))
        assert read == [version.id for version in whole.versions[-2:]]
        assert latest.versions[-1] == whole.versions[-1]
        assert latest.events[-1] == whole.events[-1]
        assert [v.id for v in latest.versions] == [v.id for v in whole.versions]
        assert not any(v.changed for v in latest.versions[:-1])
        read.clear()
        assert History.of(store, catalogue, STORM, slice(0, 0)).last_seen == whole.last_seen
        assert not read
