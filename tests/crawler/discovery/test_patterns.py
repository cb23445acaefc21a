"""Forms of article addresses, inferred from examples."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery.patterns import infer_patterns, is_aside, looks_like_article, target_of

HOME = "https://paper.example"
ASIDES = [f"{HOME}{path}" for path in ("/about-us/", "/terms-of-service/", "/politics/", "/tag/x-y-z-1/", "/")]


def infer(*paths: str) -> list[str]:
    patterns, left = infer_patterns([HOME + path for path in paths], ASIDES)
    assert left == []
    for pattern in patterns:
        assert not any(re.fullmatch(pattern.regex, target_of(url)) for url in ASIDES)
    return [pattern.regex for pattern in patterns]


@pytest.mark.parametrize(
    ("paths", "regex"),
    [
        (("/2026/11/01/storm-hits/", "/2026/11/02/ferry/"), r"/\d{4}/\d{2}/\d{2}/[^/]+/?"),
        (("/2026/11/storm-hits.html", "/2026/12/ferry.html"), r"/\d{4}/\d{2}/[^/]+\.html"),
        (("/2026/11/19/storm-a91234", "/2026/11/20/elections-2026-a912"), r"/\d{4}/\d{2}/\d{2}/[^/]+-a\d+"),
        (("/storm-hits-the-coast/", "/a-b-c/"), r"(?!/terms-of-service/?$)/(?:[^/-]*-){2,}[^/]+/?"),
        (("/politics/storm-hits-coast", "/sport/a-b-c"), r"/(?:politics|sport)/(?:[^/-]*-){2,}[^/]+"),
        (("/politics/storm-123456", "/world/europe/ferry-123457"), r"/(?:[^/]+/){1,2}[^/]+-\d+"),
        (("/gundem/12345/firtina-geldi", "/spor/12346/mac-bitti"), r"/[^/]+/\d+/[^/]+"),
        (("/news/6123456", "/news/6123457"), r"/news/\d+"),
        (("/en/all/ri12345", "/en/ri12346"), r"/en/(?:[^/]+/)?ri\d+"),
        (("/read/c4gz8x9y2k1o", "/read/c4gz8x9y2k2o"), r"/read/(?=[^/]*\d)[A-Za-z0-9]{8,}"),
        (("/a.php?x=y&ArticleID=123", "/a.php?ArticleID=124"), r"/a\.php\?(?:.*&)?ArticleID=[^&]+(?:&.*)?"),
        (("/2026/11/a-b?utm_source=rss", "/2026/11/c-d?utm_source=rss"), r"/\d{4}/\d{2}/[^/]+(?:\?.*)?"),
        (("/новости/шторм-у-берега", "/спорт/паром-у-пирса"), r"/(?:новости|спорт)/(?:[^/-]*-){2,}[^/]+"),
        (
            ("/content/0a1b2c3d-1111-2222-3333-444455556666", "/content/0a1b2c3d-1111-2222-3333-444455556667"),
            r"/content/[0-9A-Fa-f-]{36}",
        ),
    ],
)  # fmt: skip
def test_forms(paths: tuple[str, ...], regex: str) -> None:
    assert infer(*paths) == [regex]


def test_escaped_addresses_have_the_form_of_plain_ones() -> None:
    patterns, _ = infer_patterns([f"{HOME}/%D0%BD/%D1%88-%D1%83-%D0%B1", f"{HOME}/н/п-у-п"])
    assert [(p.regex, p.count) for p in patterns] == [("/н/(?:[^/-]*-){2,}[^/]+", 2)]


def test_the_most_frequent_form_comes_first_and_each_lead_counts_once() -> None:
    urls = [f"{HOME}/news/{n}" for n in range(1000, 1010)] + [f"{HOME}/2026/11/story-{n}-x" for n in range(5)]
    patterns, left = infer_patterns([*urls, f"{HOME}/odd"])
    assert [(p.regex, p.count) for p in patterns] == [(r"/news/\d+", 10), (r"/\d{4}/\d{2}/[^/]+", 5)]
    assert patterns[0].examples == tuple(urls[:3])
    assert left == [f"{HOME}/odd"]


def test_videos_and_tags_are_kept_out() -> None:
    urls = [f"{HOME}/{section}/story-about-{n}-{70000 + n}" for n in range(6) for section in ("world", "city")]
    patterns, left = infer_patterns([*urls, f"{HOME}/video/story-about-1-70009"])
    (pattern,) = patterns
    assert pattern.count == len(urls)
    assert left == [f"{HOME}/video/story-about-1-70009"]


def test_a_site_whose_articles_all_stand_under_such_a_word_keeps_them() -> None:
    patterns, left = infer_patterns([f"{HOME}/section/story-about-{n}-x" for n in range(6)])
    assert ([p.count for p in patterns], left) == ([6], [])


def test_guesses_of_links_make_no_pattern_that_fits_any_word() -> None:
    assert infer_patterns([f"{HOME}/{word}" for word in ("storm", "ferry", "seals")], is_told=False)[0] == []


@pytest.mark.parametrize(
    ("path", "text", "answer"),
    [
        ("/2026/11/20/storm", "Storm keeps boats in", True),
        ("/storm-keeps-twelve-boats-in", "Storm keeps twelve boats in port", True),
        ("/storm-keeps-twelve-boats-in", "Storm", False),
        ("/articles/ASX1C55WSX1.html", "港の修理はまた一年先になると", True),
        ("/about", "Everything there is to know about us and our paper", False),
        ("/tag/storm-of-the-century-12345", "Storm of the century and all that", False),
        ("/sport/", "Sport", False),
        ("/", "The Paper, with everything that is new today", False),
        ("/news/123456", "", True),
        ("/en/", "", False),
    ],
)
def test_links_that_look_like_articles(path: str, text: str, answer: bool) -> None:
    assert looks_like_article(HOME + path, text) is answer


def test_lists_are_told_by_words_of_their_paths() -> None:
    assert is_aside(f"{HOME}/author/jane-doe")
    assert is_aside(f"{HOME}/news/video/")
    assert not is_aside(f"{HOME}/news/videotape-found")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.from_regex(r"/[a-zа-я0-9\-_.%?=&'/(\[+*]{0,25}", fullmatch=True), max_size=6))
def test_whatever_the_addresses_are_every_pattern_is_one_and_fits_its_examples(paths: list[str]) -> None:
    patterns, left = infer_patterns([HOME + path for path in paths])
    for pattern in patterns:
        assert "'" not in pattern.regex
        assert all(re.fullmatch(pattern.regex, target_of(url)) for url in pattern.examples)
    assert sum(p.count for p in patterns) + len(left) == len({HOME + path for path in paths})
