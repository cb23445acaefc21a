"""What covers a record, as the step-by-step check of an article tells it."""

from pathlib import Path

from archive.catalogue import Catalogue
from archive.rebuild import rebuild
from archive.storage import Store
from archive.verification.check import Step, check_capture
from tests.archive.making import altered, keep_page, later, page, running
from tests.archive.sealing.papers import FERRY, story


def seal_step(store: Store, url: str) -> list[Step]:
    with Catalogue(store.catalogue_path) as catalogue:
        (row, *_) = catalogue.versions(url)
        return [step for step in check_capture(store, catalogue, row["id"]).steps if step.name == "seal"]


def test_the_check_of_an_article_tells_which_seal_covers_it(tmp_path: Path) -> None:
    store = story(tmp_path)
    (step,) = seal_step(store, FERRY)
    assert step.ok
    assert step.what.startswith("Seal 1 of 20")
    assert step.what.endswith("covers the page: not a byte was changed since.")
    with running(store) as run:
        keep_page(run, "https://ellery.test/new", page("Storm keeps one boat out"), at=later(48))
    (step,) = seal_step(store, "https://ellery.test/new")
    assert step.ok is None
    assert step.what.endswith("is not sealed yet; run scrapy seal.")


def test_a_change_behind_the_seal_is_told(tmp_path: Path) -> None:
    store = story(tmp_path)
    for path in store.root.glob("derived/*/*.gz"):
        altered(path, lambda headers, block: (headers, block.replace(b"coast guard", b"coast gward")))
    rebuild(store)
    (step,) = seal_step(store, FERRY)
    assert step.ok is False
    assert "is not as seal 1 has it" in step.what


def test_where_nothing_was_sealed_nothing_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        keep_page(run, FERRY, page("Ferry line two stops at noon"))
    assert seal_step(store, FERRY) == []
