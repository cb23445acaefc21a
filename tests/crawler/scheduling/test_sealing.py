"""`DailySealing` with the real ``scrapy seal``."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from archive import clock
from archive.sealing.seals import Seals
from archive.signing import SigningKey
from archive.storage import Store
from crawler.scheduling.sealing import DailySealing
from tests.archive.making import ROOT, keep_page, page, running

TODAY = dt.datetime.now(dt.UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(ROOT)  # where scrapy.cfg is
    store = Store(tmp_path / "store")
    with running(store) as run:
        keep_page(run, "https://ellery.test/1", page("Ferry line two stops at noon"))
    SigningKey.make(tmp_path / "key.pem")
    return store


def sealing(store: Store, said: list[str]) -> DailySealing:
    settings = {"ARCHIVE_STORE": str(store.root), "SEAL_KEY": str(store.root.parent / "key.pem")}
    return DailySealing(store, settings, said.append)


def test_once_a_day_what_is_new_is_sealed(store: Store) -> None:
    said: list[str] = []
    daily = sealing(store, said)
    asyncio.run(daily.once())
    assert Seals(store).numbers() == [1]
    assert said[0].startswith("Seal 1 covers 2 files with")
    with running(store) as run:
        keep_page(run, "https://ellery.test/2", page("Ferry line two goes again"))
    for again in (daily, sealing(store, said)):  # the same day, also of another scheduler
        asyncio.run(again.once())
        assert Seals(store).numbers() == [1]
    with clock.showing(lambda: TODAY + dt.timedelta(days=1, minutes=20)):
        asyncio.run(daily.once())
    assert Seals(store).numbers() == [1, 2]


def test_a_sealing_that_fails_is_told_and_tried_again_in_an_hour(store: Store) -> None:
    said: list[str] = []
    key = store.root.parent / "key.pem"
    key.rename(key.with_suffix(".away"))
    daily = sealing(store, said)
    asyncio.run(daily.once())
    assert said == [f"{key}: there is no key; scrapy keygen makes one."]
    key.with_suffix(".away").rename(key)
    asyncio.run(daily.once())
    assert Seals(store).numbers() == []
    with clock.showing(lambda: TODAY + dt.timedelta(hours=2)):
        asyncio.run(daily.once())
    assert Seals(store).numbers() == [1]


def test_stopped_it_leaves_nothing_half(store: Store) -> None:
    async def begin_and_stop() -> None:
        daily = sealing(store, [])
        daily.step()
        await asyncio.sleep(0.2)
        await daily.stop()

    asyncio.run(begin_and_stop())
    assert Seals(store).numbers() in ([], [1])
    said: list[str] = []
    with clock.showing(lambda: TODAY + dt.timedelta(days=1, minutes=20)):
        asyncio.run(sealing(store, said).once())
    assert Seals(store).numbers() in ([1], [1, 2])
