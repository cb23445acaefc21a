"""A sealed store of an invented newspaper, with a story that changed."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from archive.catalogue import Catalogue
from archive.sealing.proof import Proof
from archive.sealing.proving import prove
from archive.sealing.sealing import seal_store
from archive.signing import SigningKey
from archive.storage import Store
from tests.archive.making import SENTENCES, exchange, keep_page, later, page, running, wire

KEY, OTHER = (SigningKey(ec.generate_private_key(ec.SECP384R1())) for _ in range(2))
STORM, FERRY = "https://ellery.test/2026/storm", "https://ellery.test/2026/ferry"
QUOTE = SENTENCES[1]


def story(root: Path) -> Store:
    """Two versions of a story, the second seen again an hour later; and another story. All of it is sealed."""
    store = Store(root)
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps twelve boats out"))
        keep_page(run, FERRY, page("Ferry line two stops at noon", sentences=SENTENCES[2:]))
    seal_store(store, KEY)
    second = page("Storm keeps nine boats out", sentences=(SENTENCES[0], *SENTENCES[2:]))
    with running(store) as run:
        keep_page(run, STORM, second, at=later(24))
        run.keep(exchange(STORM, wire(second), at=later(25)))
    seal_store(store, KEY)
    return store


def proven(store: Store, url: str = STORM, at: str | None = None, quote: str | None = None) -> Proof:
    with Catalogue(store.catalogue_path) as catalogue:
        return prove(store, catalogue, url, at=at, quote=quote)
