from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from archive.article import Article, Update
from archive.export.wet import whole_text
from archive.reader import read_gzip
from archive.storage import Store
from tests.archive.export.papers import handed_over, paper, selected
from tests.archive.making import digest_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


@pytest.fixture(scope="module")
def path(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("out") / "a.wet.gz"
    handed_over(store, target, "wet", versions="all")
    return target


def texts(store: Store) -> list[tuple[str, str, str]]:
    with selected(store, versions="all") as selection:
        return [(e.capture.url, f"<{e.capture.id}>", whole_text(e.article)) for e in selection.entries(lambda *_: None)]


def test_warcio_reads_it(path: Path, store: Store) -> None:
    found, ids = [], set()
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests=True):
            headers = record.rec_headers
            assert headers.protocol == "WARC/1.0"
            ids.add(headers.get_header("WARC-Record-ID"))
            block = record.content_stream().read()
            if record.rec_type == "warcinfo":
                warcinfo = headers.get_header("WARC-Record-ID")
                assert b"newswarc-query: " in block
                continue
            assert record.rec_type == "conversion"
            assert headers.get_header("Content-Type") == "text/plain"
            assert headers.get_header("WARC-Block-Digest") == digest_of(block)
            assert headers.get_header("WARC-Warcinfo-ID") == warcinfo
            found.append((headers.get_header("WARC-Target-URI"), headers.get_header("WARC-Refers-To"), block.decode()))
    assert found == texts(store)
    assert len(ids) == len(found) + 1 == 5


def test_fastwarc_reads_it(path: Path, store: Store) -> None:
    with path.open("rb") as file:
        found = [
            (record.headers["WARC-Target-URI"], record.headers["WARC-Refers-To"], record.reader.read().decode())
            for record in FastIterator(file, record_types=WarcRecordType.conversion)
        ]
    assert found == texts(store)


def test_each_record_is_a_member_of_its_own(path: Path) -> None:
    with path.open("rb") as file:
        members = [data for _, _, data in read_gzip(file)]
    assert [data.count(b"WARC/1.0\r\n") for data in members] == [1] * 5
    assert b"".join(members) == gzip.decompress(path.read_bytes())


def test_headline_standfirst_text_and_posts() -> None:
    updates = (Update("First post.\nMore.", headline="Nine"), Update("Second post."))
    article = Article(url="u", headline="Storm", standfirst="Boats stay in.", text="A.\nB.", updates=updates)
    assert whole_text(article).split("\n") == [
        "Storm",
        "Boats stay in.",
        "A.",
        "B.",
        "Nine",
        "First post.",
        "More.",
        "Second post.",
    ]
    assert whole_text(Article(url="u")) == ""
