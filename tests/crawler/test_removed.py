"""What was taken out of the archive is not fetched again, by a real crawl of the same newspaper."""

from pathlib import Path

from archive.catalogue import Catalogue
from archive.sealing.redaction import redact
from archive.storage import Store
from archive.verification.verify import verify
from tests.crawler.test_tdmrep import crawl, newspaper
from tests.server.raw import RawServer


def captured(store: Store) -> set[str]:
    """The paths of all captures."""
    with Catalogue(store.catalogue_path) as catalogue:
        return {row["url"].rpartition("/")[2] for row in catalogue.dump()["captures"] if row["url"].count("/sea/")}


def test_an_article_that_was_taken_out_stays_out(tmp_path: Path) -> None:
    with RawServer() as server:
        newspaper(server)
        crawl(server, tmp_path)
        store = Store(tmp_path / "store")
        assert captured(store) == {"filed", "freed", "noai"}
        redact(store, [server.url("/sea/freed")], "court order")
        assert captured(store) == {"filed", "noai"}
        asked = len(server.log)
        said = crawl(server, tmp_path)
        assert "It was taken out of the archive (redactions.jsonl), and is not fetched again." in said
        assert "/sea/freed" not in [entry.path for entry in server.log[asked:]]
        assert captured(store) == {"filed", "noai"}
    assert verify(store).ok
