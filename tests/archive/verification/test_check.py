"""One text's chain, checked on the spot: each link says whether it holds, and damage is told by the right one."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import StoreError
from archive.furniture.furniture import key_of
from archive.http import head_length
from archive.rebuild import rebuild
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.verification import check
from archive.verification.check import CaptureCheck, Step
from archive.verification.verify import check_capture
from archive.warc import OPEN_SUFFIX
from archive.workers import ExtractorPool, Task, extract_capture
from tests.archive.making import (
    SENTENCES,
    SETTINGS,
    Change,
    altered,
    digest_of,
    exchange,
    keep_page,
    later,
    page,
    refused,
    running,
    wire,
)

URL = "https://ellery.test/storm"
BANNER = "Twelve euros a month keep the Courier afloat through the winter, and the crew warm."
NAMES = ["text", "details", "provenance", "page", "bytes", "catalogue", "text file", "page file", "extraction"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a banner that is on the site's list, seen again an hour later, and another article."""
    store = Store(tmp_path_factory.mktemp("made") / "archive")
    with running(store) as run:
        run.lists.decide("ellery.test", key_of(BANNER), "denied", text=BANNER, who="tests")
        reading = Reading(furniture=run.lists.of(URL))
        html = page("Storm keeps twelve boats out", sentences=[*SENTENCES[:3], BANNER, *SENTENCES[3:]])
        keep_page(run, URL, html, reading=reading)
        run.keep(exchange(URL, wire(html), at=later(1)))
        keep_page(run, "https://ellery.test/ferry", page("Ferry stops at noon"), at=later(2))
    return store.root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(made, tmp_path / "archive"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1)
    yield pool
    pool.close(abandon=True)


Checked = Callable[..., CaptureCheck]


@pytest.fixture
def checked(store: Store, pool: ExtractorPool) -> Checked:
    def checked(url: str = URL, number: int = 0, seen: int | None = None) -> CaptureCheck:
        with closing(Catalogue(store.catalogue_path)) as catalogue:
            version = catalogue.versions(url)[number]["id"]
            revisit = None if seen is None else catalogue.captures(url)[seen]["id"]
            return check_capture(store, catalogue, version, seen=revisit, pool=pool)

    return checked


def rows(store: Store) -> tuple[Row, Row]:
    """The text's row and its page's."""
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        return catalogue.versions(URL)[0], catalogue.captures(URL)[0]


def step(found: CaptureCheck, name: str) -> Step:
    (step,) = (step for step in found.steps if step.name == name)
    assert step.what.endswith(".")
    assert "\n" not in step.what
    return step


def wrong(found: CaptureCheck) -> set[str]:
    return {step.name for step in found.steps if step.ok is False}


def unknown(found: CaptureCheck) -> set[str]:
    return {step.name for step in found.steps if step.ok is None}


def of_kind(kind: str, change: Callable[[bytes], bytes], url: str = "") -> Change:
    """Changes blocks of one kind: a WARC-Type, or ``article``, ``provenance``, ``furniture``."""

    def altering(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        told = {headers["WARC-Type"], *headers.get("WARC-Target-URI", "").split(":")}
        return headers, change(block) if kind in told and (not url or headers["WARC-Target-URI"] == url) else block

    return altering


# A chain that holds


def test_a_chain_that_holds(store: Store, checked: Checked) -> None:
    before = {path: path.read_bytes() for path in store.root.rglob("*.gz*")}
    found = checked()
    assert found.ok
    assert [s.name for s in found.steps] == NAMES
    assert all(s.ok for s in found.steps), found.steps
    text, capture = rows(store)
    assert (found.version, found.capture) == (text["id"], capture["id"])
    assert (step(found, "text").file, step(found, "text").offset) == (text["file"], text["offset"])
    assert step(found, "details").offset == text["details_offset"]
    assert step(found, "provenance").offset == text["provenance_offset"]
    assert (step(found, "page").offset, step(found, "page").record) == (capture["offset"], capture["id"])
    assert capture["record_digest"] in step(found, "bytes").what
    assert {path: path.read_bytes() for path in store.root.rglob("*.gz*")} == before


def test_without_a_pool_it_makes_a_worker_of_its_own(store: Store) -> None:
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        assert check_capture(store, catalogue, catalogue.versions(URL)[0]["id"]).ok


def test_a_revisit_leads_to_the_page(checked: Checked) -> None:
    found = checked(seen=1)
    assert found.ok
    assert [s.name for s in found.steps] == [*NAMES[:6], "revisit", *NAMES[6:]]
    assert "2026-11-20T09:00:00Z" in step(found, "revisit").what
    assert wrong(checked(seen=0)) == {"revisit"}  # it is the page itself
    assert wrong(checked("https://ellery.test/ferry", seen=0)) == {"revisit"}


def test_an_unknown_text(store: Store) -> None:
    with closing(Catalogue(store.catalogue_path)) as catalogue, pytest.raises(StoreError) as error:
        check_capture(store, catalogue, "urn:uuid:0")
    assert "urn:uuid:0" in refused(error.value)


# Damage


@pytest.mark.parametrize("name", ["text", "details", "provenance", "page"])
def test_a_flipped_bit_is_told_by_its_record(store: Store, checked: Checked, name: str) -> None:
    text, capture = rows(store)
    row, prefix = (capture, "") if name == "page" else (text, "" if name == "text" else f"{name}_")
    path = store.path(row["file"])
    whole = path.read_bytes()
    some = random.Random(name)
    for _ in range(8):
        at = row[f"{prefix}offset"] + some.randrange(10, row[f"{prefix}length"])
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << some.randrange(8)]) + whole[at + 1 :])
        found = checked()
        assert {name, "page file" if name == "page" else "text file"} <= wrong(found)
        assert wrong(found) <= {name, "bytes", "provenance", "catalogue", "text file", "page file", "extraction"}


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("conversion", lambda block: block.replace(b"Twelve", b"Eleven"), {"provenance", "catalogue", "extraction"}),
        ("article", lambda block: block.replace(b"twelve boats", b"eleven boat"), {"provenance", "extraction"}),
        ("provenance", lambda block: block.replace(b"09:00", b"19:00"), {"provenance"}),
        ("provenance", lambda block: b"{}", {"provenance"}),
        ("provenance", lambda block: b"[]", {"provenance"}),
        ("article", lambda block: block.replace(b'"reading"', b'"riding"'), {"provenance", "extraction"}),
        ("furniture", lambda block: block.replace(b"denied", b"allowed"), {"extraction"}),
    ],
)
def test_what_was_changed_by_somebody_who_knows_the_format(
    store: Store, checked: Checked, kind: str, change: Callable[[bytes], bytes], said: set[str]
) -> None:
    """All digests in the file and the one beside it fit again, and the catalogue is made anew."""
    altered(store.path(rows(store)[0]["file"]), of_kind(kind, change, URL if kind == "conversion" else ""))
    with_sql(store, "DELETE FROM furniture")
    rebuild(store)
    assert wrong(checked()) == said


def test_a_changed_page_is_told_by_what_speaks_of_it(store: Store, checked: Checked) -> None:
    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] == "response":
            block = block.replace(b"Twelve", b"Eleven")
            headers["WARC-Payload-Digest"] = digest_of(block[head_length(block) :])
        return headers, block

    altered(store.path(rows(store)[1]["file"]), change)
    rebuild(store)
    found = checked()
    assert wrong(found) == {"provenance", "bytes", "extraction"}
    assert "a provenance record that does not lead to its page" in step(found, "provenance").what
    assert "the provenance record" in step(found, "bytes").what
    assert "1 changed" in step(found, "extraction").what


def test_a_file_that_is_missing(store: Store, checked: Checked) -> None:
    text, capture = rows(store)
    store.path(capture["file"]).unlink()
    found = checked()
    assert wrong(found) == {"page", "page file"}
    assert unknown(found) == {"provenance", "bytes", "catalogue", "extraction"}
    store.path(text["file"]).unlink()
    assert {"text", "details", "provenance", "text file"} <= wrong(checked())


def test_a_digest_beside_a_file_that_is_missing_or_wrong(store: Store, checked: Checked) -> None:
    text, capture = rows(store)
    beside = [store.path(row["file"]).with_name(Path(row["file"]).name + ".sha256") for row in (text, capture)]
    beside[0].unlink()
    beside[1].write_text(beside[1].read_text().replace("a", "b"))
    assert wrong(checked()) == {"text file", "page file"}


def test_a_large_file_is_left_to_scrapy_verify(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_SMALL", 100)
    found = checked()
    assert found.ok
    assert unknown(found) == {"text file", "page file"}
    assert "scrapy verify" in step(found, "text file").what


def test_files_that_are_open(store: Store, pool: ExtractorPool) -> None:
    run = Run(store, "skagen", settings_digest=SETTINGS)
    keep_page(run, "https://skagen.test/a", page("Herring prices fall"))
    run.flush()
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        (row,) = catalogue.versions("https://skagen.test/a")
        found = check_capture(store, catalogue, row["id"], pool=pool)
    assert found.ok
    assert unknown(found) == {"text file", "page file"}
    run.finish("finished", {})
    closed = store.path(row["file"])
    closed.rename(closed.with_name(closed.name + OPEN_SUFFIX))
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        assert wrong(check_capture(store, catalogue, row["id"], pool=pool)) == {"text file"}


# The catalogue


def with_sql(store: Store, statement: str) -> None:
    with closing(sqlite3.connect(store.catalogue_path)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE versions SET text_digest = 'sha256:0'", {"catalogue"}),
        ("UPDATE captures SET date = '2020-01-01T00:00:00Z'", {"catalogue"}),
        ("UPDATE captures SET record_digest = 'sha256:0'", {"bytes"}),
        ("UPDATE captures SET offset = offset + 1", {"page"}),
        ("UPDATE versions SET details_offset = provenance_offset, details_length = provenance_length",
         {"provenance", "extraction"}),
        ("UPDATE versions SET provenance_offset = offset, provenance_length = length", {"provenance"}),
        ("DELETE FROM captures WHERE kind = 'response'", {"catalogue"}),
    ],
)  # fmt: skip
def test_a_catalogue_that_says_what_is_not_so(
    store: Store, pool: ExtractorPool, statement: str, said: set[str]
) -> None:
    version = rows(store)[0]["id"]
    with_sql(store, statement)
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        assert wrong(check_capture(store, catalogue, version, pool=pool)) == said


# Extraction


def keep_as(store: Store, extractor: str, sentences: int) -> None:
    """A text that another version of the software read."""
    with running(store) as run:
        capture = run.keep(exchange("https://ellery.test/wall", wire(page("Wall")), at=later(5)))
        found = extract_capture(Task(store=str(store.root), capture=capture))
        trace = msgspec.structs.replace(
            found.article.trace, extractor=extractor, places=found.article.trace.places[:sentences]
        )
        text = "\n".join(SENTENCES[:sentences])
        run.keep_article(
            capture,
            msgspec.structs.replace(found.article, trace=trace, text=text),
            words=found.words,
            started=found.started,
            ended=found.ended,
            reading=found.reading,
        )


def test_a_text_of_another_version_that_is_the_same(store: Store, checked: Checked) -> None:
    keep_as(store, "newswarc/0.0.1 trafilatura/1.0", len(SENTENCES))
    found = step(checked("https://ellery.test/wall"), "extraction")
    assert found.ok
    assert "newswarc/0.0.1 trafilatura/1.0 made it" in found.what


def test_a_text_of_another_version_that_differs_is_no_fault(store: Store, checked: Checked) -> None:
    keep_as(store, "newswarc/0.0.1 trafilatura/1.0", 4)
    found = checked("https://ellery.test/wall")
    assert found.ok
    assert step(found, "extraction").ok is None
    assert "paragraphs of the text (2 added)" in step(found, "extraction").what


def test_a_list_that_the_site_has_outgrown_is_found_beside_the_text(store: Store, checked: Checked) -> None:
    with running(store) as run:
        run.lists.decide("ellery.test", key_of(SENTENCES[0]), "denied", text=SENTENCES[0], who="tests")
    assert checked().ok


def test_a_list_that_is_nowhere(store: Store, checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.path(rows(store)[0]["file"])
    with_sql(store, "DELETE FROM furniture")
    monkeypatch.setattr(check, "_NEAR", 0)
    assert unknown(checked()) == {"extraction"}
    monkeypatch.undo()
    altered(
        path, lambda headers, block: None if ":furniture:" in headers.get("WARC-Target-URI", "") else (headers, block)
    )
    rebuild(store)
    found = checked()
    assert wrong(found) == {"extraction"}
    assert "is not in the file" in step(found, "extraction").what
