from __future__ import annotations

import shutil
from pathlib import Path

from lxml import html

from archive.storage import Store
from tests.archive.web.markup import faults
from tests.archive.web.rooms import FERRY, Visitor, captures, versions


def test_a_text_is_checked_without_scripts(visitor: Visitor, store: Store) -> None:
    row = versions(store, FERRY)[0]
    answer = visitor.ask("POST", "/check", data={"version": row["id"]})
    assert answer.status_code == 200
    assert list(faults(answer.text)) == []
    page = html.document_fromstring(answer.text)
    assert page.cssselect(".verdict")[0].text == "Every step that could be checked holds."
    steps = page.cssselect(".steps li")
    assert len(steps) >= 7
    assert not page.cssselect(".steps li.bad")
    assert "The page read again" in page.text_content()
    for a in page.cssselect(".steps a"):
        assert visitor.get(a.get("href")).status_code == 200


def test_in_place_only_the_result_is_sent(visitor: Visitor, store: Store) -> None:
    answer = visitor.ask("POST", "/check", data={"version": versions(store, FERRY)[0]["id"], "part": "1"})
    assert answer.text.lstrip().startswith('<div class="check')
    assert "<html" not in answer.text


def test_damage_is_found_and_named(store: Store, tmp_path: Path) -> None:
    copy = Store(shutil.copytree(store.root, tmp_path / "store"))
    capture, row = captures(copy, FERRY)[0], versions(copy, FERRY)[0]
    path = copy.path(capture["file"])
    data = bytearray(path.read_bytes())
    data[capture["offset"] + capture["length"] // 2] ^= 1
    path.write_bytes(data)
    visitor = Visitor(copy)
    page = html.document_fromstring(visitor.ask("POST", "/check", data={"version": row["id"]}).text)
    assert "Something is wrong" in page.cssselect(".verdict")[0].text
    bad = [step.cssselect("b")[0].text for step in page.cssselect(".steps li.bad")]
    assert "The page" in bad
    assert visitor.ask("POST", "/api/check", json={"version": row["id"]}).json()["ok"] is False


def test_only_a_version_can_be_checked_and_only_by_asking(visitor: Visitor) -> None:
    assert visitor.ask("POST", "/check", data={"version": "urn:uuid:none"}).status_code == 404
    assert visitor.ask("POST", "/check", data={}).status_code == 400
    assert visitor.ask("POST", "/check", content=b"x" * 20_000).status_code == 413
    assert visitor.get("/check").status_code == 405


def test_no_more_than_a_few_are_checked_at_once(visitor: Visitor, store: Store, monkeypatch) -> None:
    import archive.web.pages.check as module

    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    checks = visitor.app.state.room.checks
    with checks, checks:
        answer = visitor.ask("POST", "/check", data={"version": versions(store, FERRY)[0]["id"]})
        assert answer.status_code == 503
        assert "Other texts are being checked" in answer.text
