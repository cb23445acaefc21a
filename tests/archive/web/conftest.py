"""One archive and one visitor for all tests of the reading room."""

from __future__ import annotations

import pytest

from archive.storage import Store
from tests.archive.web.rooms import REPLAY, Visitor, reading_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The archive; nobody writes it."""
    return reading_store(tmp_path_factory.mktemp("reading") / "store")


@pytest.fixture(scope="session")
def visitor(store: Store) -> Visitor:
    """A visitor who can also see replays."""
    return Visitor(store, replay_origin=REPLAY)
