from __future__ import annotations

import pytest
from lxml import html

from archive.storage import Store
from archive.web.template import link
from tests.archive.web.rooms import REPLAY, STORM, Visitor, captures, versions


def frame(visitor: Visitor, **parameters: str) -> str:
    answer = visitor.get("/replay", **parameters)
    assert answer.status_code == 200
    (found,) = html.document_fromstring(answer.text).iter("iframe")
    return str(found.get("src"))


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("20261120090000", "20261120090000"),
        ("20261120091500", "20261120090000"),
        ("20261120105000", "20261120110000"),
        ("2026", "20261120090000"),
        ("2030", "20261122090000"),
        ("", "20261122090000"),
    ],
)
def test_the_nearest_capture_is_shown(visitor: Visitor, at: str, shown: str) -> None:
    assert frame(visitor, url=STORM, at=at) == f"{REPLAY}/web/{shown}mp_/{STORM}"


def test_what_is_shown_is_named(visitor: Visitor, store: Store) -> None:
    page = html.document_fromstring(visitor.get("/replay", url=STORM, at="20261120110000").text)
    links = [a.get("href") for a in page.cssselect(".banner a")]
    assert link("/article", version=versions(store, STORM)[0]["id"]) in links
    assert link("/capture", id=captures(store, STORM)[1]["id"]) in links
    assert link("/replay", url=STORM, at="20261120090000") in links
    assert link("/replay", url=STORM, at="20261120120000") in links
    assert "20 November 2026, 11:00 UTC" in page.cssselect("h1")[0].text_content()


def test_what_is_not_there(visitor: Visitor) -> None:
    assert visitor.get("/replay", url="https://nothing.test/").status_code == 404
    assert visitor.get("/replay", url=STORM, at="noon").status_code == 400
    assert visitor.get("/replay").status_code == 400


def test_a_url_with_a_fragment_is_written_for_replay(store: Store) -> None:
    from archive.web.app import create_app

    room = create_app(store, replay_origin=REPLAY).state.room
    assert room.frame_of("https://x.test/a#b", "2026-11-20T09:00:00Z").endswith("mp_/https://x.test/a%23b")
