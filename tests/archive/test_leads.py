"""What listings announce: kept once, found again, and told apart from what was answered."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.capture import Announcement, Capture
from archive.catalogue import Catalogue
from archive.errors import StoreError
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.making import (
    dump,
    exchange,
    failure,
    keep_page,
    killed,
    later,
    page,
    read_json,
    records,
    running,
    wire,
)

FEED, MAP = "https://ellery.test/feed", "https://ellery.test/sitemap.xml"
STORM, FERRY, SEALS = (f"https://ellery.test/2026/11/{name}" for name in ("storm", "ferry", "seals"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "archive")


def listing(run: Run, url: str = FEED, *, hours: float = 0) -> Capture:
    return run.keep(exchange(url, wire(f"<rss>{hours}".encode()), at=later(hours)))


def leads(store: Store) -> list[tuple[str, str, str | None, str | None]]:
    return [(row["via"], row["url"], row["announced"], row["title"]) for row in dump(store)["leads"]]


def test_leads_are_one_record_that_refers_to_the_listing(store: Store) -> None:
    given = [
        Announcement(STORM, "2026-11-20T09:00:00+01:00", "Storm keeps boats in", "Twelve boats ran for shelter."),
        Announcement(FERRY, is_article=False),
    ]
    with running(store) as run:
        capture = listing(run)
        assert run.keep_leads(capture, "feed", given) == given
    (record,) = [r for r in records(store, "metadata") if (r.url or "").startswith("urn:newswarc:leads:")]
    assert record.get("Content-Type") == "application/warc-fields"
    assert record.refers_to() == capture.id
    assert record.get("WARC-Date") == capture.date
    assert read_json(record)["leads"] == [
        {
            "url": STORM,
            "announced": "2026-11-20T09:00:00+01:00",
            "title": "Storm keeps boats in",
            "summary": "Twelve boats ran for shelter.",
        },
        {"url": FERRY, "is_article": False},
    ]
    rows = dump(store)["leads"]
    assert {row["url"]: (row["is_article"], row["summary"]) for row in rows} == {
        STORM: (True, "Twelve boats ran for shelter."),
        FERRY: (False, None),
    }
    for row in rows:
        assert (row["capture"], row["via"], row["seen"], row["kind"]) == (capture.id, FEED, capture.date, "feed")
        assert row["source"] == "ellery"
    assert verify(store, extract=False).faults == []


def test_what_is_announced_again_writes_nothing(store: Store) -> None:
    given = [Announcement(STORM, "2026-11-20", "Storm"), Announcement(FERRY)]
    with running(store) as run:
        first, again = listing(run), listing(run, hours=1)
        assert run.keep_leads(first, "feed", given) == given
        assert run.keep_leads(again, "feed", given) == []
        assert run.keep_leads(again, "feed", [Announcement(STORM), Announcement(FERRY)]) == []
    with running(store) as run:
        assert run.keep_leads(listing(run, hours=2), "feed", given) == []
    assert len([r for r in records(store) if ":leads:" in (r.url or "")]) == 1
    assert len(leads(store)) == 2


def test_a_new_date_or_title_of_a_known_url_is_kept(store: Store) -> None:
    steps = [
        (Announcement(STORM, "2026-11-20", "Storm"), True),
        (Announcement(STORM, "2026-11-21", "Storm"), True),
        (Announcement(STORM, "2026-11-21", "Storm is over"), True),
        (Announcement(STORM, "2026-11-21", "Storm is over", "Another summary."), False),
        (Announcement(STORM, "2026-11-21", "Storm"), True),
    ]
    with running(store) as run:
        for hours, (lead, is_new) in enumerate(steps):
            assert bool(run.keep_leads(listing(run, hours=hours), "feed", [lead])) == is_new
    assert len(leads(store)) == 4


def test_each_listing_is_asked_for_itself(store: Store) -> None:
    with running(store) as run:
        assert run.keep_leads(listing(run), "feed", [Announcement(STORM)])
        assert run.keep_leads(listing(run, MAP), "sitemap", [Announcement(STORM)])
    with Catalogue(store.catalogue_path) as catalogue:
        assert [(row["via"], row["kind"]) for row in catalogue.announcements(STORM)] == [
            (FEED, "feed"),
            (MAP, "sitemap"),
        ]


def test_a_url_that_stands_twice_in_a_listing_counts_once(store: Store) -> None:
    with running(store) as run:
        kept = run.keep_leads(listing(run), "feed", [Announcement(STORM, title="A"), Announcement(STORM, title="B")])
    assert [lead.title for lead in kept] == ["A"]


def test_dates_that_only_tell_when_a_listing_was_made_are_not_kept(store: Store) -> None:
    pages = [f"https://ellery.test/{n}" for n in range(60)]
    with running(store) as run:
        run.keep_leads(listing(run, MAP), "sitemap", [Announcement(url, "2026-11-20") for url in pages])
        again = [Announcement(url, "2026-11-21") for url in pages[:-1]]
        edited, fresh = Announcement(pages[-1], "2026-11-20T18:00:00"), Announcement(STORM, "2026-11-21")
        found = run.keep_leads(listing(run, MAP, hours=24), "sitemap", [*again, edited, fresh])
        assert found == [edited, fresh]
        each = [Announcement(url, f"2026-11-22T00:00:{n:02}") for n, url in enumerate(pages)]
        assert run.keep_leads(listing(run, MAP, hours=48), "sitemap", each) == each  # these differ among themselves


def test_the_catalogue_of_leads_is_rebuilt_as_it_was(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, page("Storm"))
        run.keep_leads(listing(run), "feed", [Announcement(STORM, "2026-11-20", "Störm \u2028 & «ice»", "x" * 2000)])
        run.keep_leads(listing(run, MAP), "sitemap", [Announcement(f"{STORM}/{n}") for n in range(1200)])
    live = dump(store)
    assert len(live["leads"]) == 1201
    assert rebuild(store) == []
    assert dump(store) == live


KILLED = """
run = Run(Store(sys.argv[1]), "ellery", settings_digest=SETTINGS)
from archive.capture import Announcement
capture = run.keep(exchange("https://ellery.test/feed", wire(b"<rss>")))
run.catalogue.add = lambda **rows: None
run.keep_leads(capture, "feed", [Announcement("https://ellery.test/2026/11/storm", title="Storm")])
"""


def test_a_kill_before_the_catalogue_was_told_loses_no_lead(store: Store) -> None:
    killed(KILLED, store.root)
    with running(store) as run:
        assert [row["url"] for row in run.catalogue.unanswered("ellery")] == [STORM]
        assert run.keep_leads(listing(run, hours=1), "feed", [Announcement(STORM, title="Storm")]) == []


def test_what_was_announced_and_never_answered(store: Store) -> None:
    answers = {
        "read": wire(page("Read")),
        "gone": wire(b"gone", "404 Not Found"),
        "moved": wire(b"", "301 Moved", ["Location: /x"]),
        "down": wire(b"down", "503 Service Unavailable"),
        "busy": wire(b"slower", "429 Too Many Requests"),
    }
    urls = {name: f"https://ellery.test/{name}" for name in [*answers, "cut", "large", "refused", "new"]}
    with running(store) as run:
        run.keep_leads(listing(run), "feed", [Announcement(url, title=name) for name, url in urls.items()])
        run.keep_leads(listing(run, MAP, hours=1), "sitemap", [Announcement(urls["down"], "2026-11-20")])
        run.keep_leads(listing(run, MAP, hours=2), "sitemap", [Announcement(f"{STORM}/tag", is_article=False)])
        run.keep_leads(listing(run, hours=30), "feed", [Announcement(SEALS)])
        for name, answer in answers.items():
            run.keep(exchange(urls[name], answer))
        run.keep(exchange(urls["cut"], b"HTTP/1.1 200 OK\r\n\r\nhal", truncated="disconnect"))
        run.keep(exchange(urls["large"], b"HTTP/1.1 200 OK\r\n\r\nhal", truncated="length"))
        run.keep_failure(failure(urls["refused"], kind="refused", error="Connection refused."))
        run.flush()
        left = run.catalogue.unanswered("ellery")
        assert left[0]["url"] == SEALS
        assert {row["url"] for row in left[1:]} == {urls[name] for name in ("down", "busy", "cut", "refused", "new")}
        down = next(row for row in left if row["url"] == urls["down"])
        assert (down["kind"], down["title"], down["seen"]) == ("feed", "down", "2026-11-20T09:00:00Z")
        assert [row["url"] for row in run.catalogue.unanswered("ellery", "2026-11-21")] == [SEALS]
        assert run.catalogue.unanswered("nordlys") == []


def test_leads_of_a_source_between_dates(store: Store) -> None:
    with running(store) as run:
        for hours, url in ((0, STORM), (24, FERRY), (48, SEALS)):
            run.keep_leads(listing(run, hours=hours), "feed", [Announcement(url)])

        def told(since: str | None = None, until: str | None = None) -> list[str]:
            return [row["url"] for row in run.catalogue.leads("ellery", since, until)]

        assert told() == [STORM, FERRY, SEALS]
        assert told("2026-11-21") == [FERRY, SEALS]
        assert told("2026-11-21", "2026-11-22") == [FERRY]
        assert told(until="2026-11-21") == [STORM]


def test_announcements_are_found_by_every_address_of_a_page(store: Store) -> None:
    with running(store) as run:
        run.keep_leads(listing(run), "feed", [Announcement(STORM)])
        keep_page(run, STORM, page("Storm"))
        run.flush()
        for url in (STORM, STORM.replace("https", "http"), STORM + "/"):
            assert [row["url"] for row in run.catalogue.announcements(url)] == [STORM]
        assert run.catalogue.announcements(FERRY) == []


def test_a_long_list_is_kept_in_parts_and_holds_little(store: Store) -> None:
    def rows() -> Iterator[Announcement]:
        for n in range(25_000):
            yield Announcement(f"https://ellery.test/archive/{n % 24_000}", "2026-11-20")

    with running(store) as run:
        capture = listing(run, MAP)
        tracemalloc.start()
        assert len(run.keep_leads(capture, "sitemap", rows())) == 24_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60 << 20
        assert run.keep_leads(capture, "sitemap", rows()) == []
    assert len([r for r in records(store) if ":leads:" in (r.url or "")]) == 3
    assert len(leads(store)) == 24_000


def test_a_disk_that_refuses_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(store) as run:
        capture = listing(run)

        def refuse(*_: object) -> None:
            raise StoreError("The disk is full.")

        with monkeypatch.context() as patch:
            patch.setattr("archive.warc.WarcWriter.append", refuse)
            with pytest.raises(StoreError):
                run.keep_leads(capture, "feed", [Announcement(STORM)])
        assert run.keep_leads(capture, "feed", [Announcement(STORM)])


def test_half_characters_are_no_lead_and_lose_no_other(store: Store) -> None:
    half = Announcement("https://ellery.test/\ud83d", title="half")
    with running(store) as run:
        assert run.keep_leads(listing(run), "feed", [half, Announcement(STORM, title="whole \udfff")]) != []
    assert [(row[1], row[3]) for row in leads(store)] == [(STORM, "whole ?")]
