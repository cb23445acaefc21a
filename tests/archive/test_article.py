"""`Article`: a value that travels through JSON and pickle without loss."""

from __future__ import annotations

import pickle

import msgspec
import pytest

from archive.article import Article, Comment, Removed, Trace, Update
from tests.archive.making import digest_of

FULL = Article(
    url="https://ellery.test/storm",
    kind="live-blog",
    headline="Storm keeps twelve boats out",
    standfirst="Nobody was hurt.",
    text="The harbour stays closed.\nTomorrow, too.",
    authors=("Ann Cod", "Bo Ling"),
    published="2026-11-20T09:00:00+01:00",
    modified="2026-11-21",
    language="en",
    section="Sea",
    tags=("storm", "harbour"),
    image="https://ellery.test/boat.jpg",
    captions=("A boat.",),
    comments=(Comment("Brave.", "Reader", "2026-11-20"), Comment("Well.")),
    updates=(Update("Ten boats are in.", "2026-11-20T10:00:00Z", "Ten"),),
    canonical_url="https://ellery.test/2026/storm",
    paywalled=False,
    trace=Trace(
        capture="urn:uuid:1",
        extractor="newswarc/0.1.0",
        rules="sha256:0",
        evidence={"headline": "html:h1"},
        removed=(Removed("Read more", "main > p", "navigation:link-only"),),
    ),
)


@pytest.mark.parametrize("article", [FULL, Article(url="")])
def test_nothing_is_lost_on_the_way_through_json_and_pickle(article: Article) -> None:
    assert msgspec.json.decode(msgspec.json.encode(article), type=Article) == article
    assert msgspec.convert(msgspec.to_builtins(article), Article) == article
    assert pickle.loads(pickle.dumps(article)) == article


def test_the_digest_is_over_the_text_in_utf_8() -> None:
    assert FULL.text_digest == digest_of(FULL.text.encode())
    assert Article(url="a", text="å").text_digest == digest_of(b"\xc3\xa5")
    assert Article(url="a").text_digest == digest_of(b"")


def test_articles_are_values() -> None:
    with pytest.raises(AttributeError):
        FULL.text = "other"  # type: ignore[misc]
    assert Trace().evidence is not Trace().evidence
    assert msgspec.structs.replace(FULL, text="other").headline == FULL.headline
