"""Lists of pages in packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.inspection.files import URL, Wacz, advice, faults, only


def built(tmp_path: Path, package: Wacz) -> Path:
    return package.build(tmp_path / "a.wacz")


def test_a_list_without_header_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.header = None
    text = only(faults(built(tmp_path, package)), "does not begin with a header")
    assert text.startswith("a.wacz, pages/pages.jsonl: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'{{"url": "{URL}"}}', "is no page: Object missing required field `ts`"),
        ('{"ts": "2026-11-20T09:00:00Z"}', "is no page: Object missing required field `url`"),
        ('{"url": 7, "ts": ""}', "is no page: Expected `str`"),
        ("hello", "is no page"),
        ("[" * 100_000, "is no page"),
        (f'{{"url": "{URL}", "ts": "20261120090000"}}', "has the ts '20261120090000', which is no time"),
        (
            '{"url": "https://skagen.test/lost", "ts": "2026-11-20T09:00:00Z"}',
            "is a page without a capture in the index",
        ),
    ],
)
def test_a_row_that_is_no_page_is_named(tmp_path: Path, line: str, said: str) -> None:
    package = Wacz()
    built(tmp_path, package)
    package.files["pages/pages.jsonl"] += f"{line}\n".encode()
    assert only(faults(built(tmp_path, package)), said).startswith("a.wacz, pages/pages.jsonl, line 3: ")


@pytest.mark.parametrize("url", [URL + "#part", URL + "/", URL.replace("https", "http"), URL.replace("www.", "")])
def test_a_page_is_found_as_replay_finds_it(tmp_path: Path, url: str) -> None:
    package = Wacz()
    package.pages[0]["url"] = url
    assert faults(built(tmp_path, package)) == []


def test_another_list_may_have_pages_that_failed(tmp_path: Path) -> None:
    package = Wacz()
    package.files["pages/extraPages.jsonl"] = b'{"url": "https://skagen.test/lost", "ts": "2026-11-20T09:00:00Z"}'
    path = built(tmp_path, package)
    assert faults(path) == []
    told = [text for text in advice(path) if "extraPages" in text]
    assert len(told) == 2
    assert "does not begin with a header" in told[0]
    assert "is a page without a capture" in told[1]


def test_a_list_without_pages_is_advised_of(tmp_path: Path) -> None:
    package = Wacz()
    package.pages = []
    path = built(tmp_path, package)
    assert faults(path) == []
    assert any("lists no page" in text for text in advice(path))
