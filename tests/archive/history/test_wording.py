"""What two wordings share, word by word, and in scripts without spaces sign by sign."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.history.wording import Piece, compare, count_words, features, likeness

WORDS = st.lists(
    st.sampled_from(["the ", "cat", "Cat", " ", ", ", "1,250", "don't", "猫", "は", "น้ำ", "é", "\n"]), max_size=9
)


def marked(before: str, after: str) -> str:
    """The pieces in one line: ``[-removed-]``, ``{+added+}``."""
    around = {"equal": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    return "".join(around[p.kind][0] + p.text + around[p.kind][1] for p in compare(before, after))


def check(before: str, after: str) -> None:
    pieces = compare(before, after)
    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after
    assert all(p.text for p in pieces)
    kinds = [p.kind for p in pieces]
    assert all(a != b for a, b in pairwise(kinds))
    assert before != after or kinds in ([], ["equal"])


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(), st.text())
@example("a\u0301", "a")
@example("\u200d\u200d", "\u200d")
@example("👩‍👩‍👧 x", "👩 x")
def test_the_pieces_make_both_texts(before: str, after: str) -> None:
    check(before, after)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(WORDS, WORDS)
def test_the_pieces_make_both_texts_of_the_same_words(before: list[str], after: list[str]) -> None:
    check("".join(before), "".join(after))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "", ""),
        ("Boats", "Boats", "Boats"),
        ("", "Boats", "{+Boats+}"),
        ("Twelve boats came home.", "Nine boats came home.", "[-Twelve-]{+Nine+} boats came home."),
        ("The boats came home.", "The boats came home late.", "The boats came home{+ late+}."),
        ("It cost 1,250 euros.", "It cost 1,350 euros.", "It cost [-1,250-]{+1,350+} euros."),
        ("They don't know.", "They didn't know.", "They [-don't-]{+didn't+} know."),
        ("boats", "Boats", "[-boats-]{+Boats+}"),
        ("one  two", "one two", "one[-  -]{+ +}two"),
        # Short words between changes are equal by chance.
        ("a man of the sea", "six women in the town", "[-a man of the sea-]{+six women in the town+}"),
        (
            "The harbour, closed since Friday.",
            "The harbour closed since Friday.",
            "The harbour[-,-] closed since Friday.",
        ),
        # Chinese, Japanese, Thai: signs, with the marks that stand on them
        ("市长周五在港口说话。", "市长周六在港口说话。", "市长周[-五-]{+六+}在港口说话。"),
        ("橋は金曜日に閉鎖された。", "橋は土曜日に閉鎖された。", "橋は[-金-]{+土+}曜日に閉鎖された。"),
        ("เรือกลับบ้านแล้ว", "เรือกลับท่าแล้ว", "เรือกลับ[-บ้าน-]{+ท่า+}แล้ว"),
        ("ブログ2024年版", "ブログ2025年版", "ブログ[-2024-]{+2025+}年版"),
        # Korean, Arabic, Hebrew, Hindi: words
        ("시장은 금요일에 말했다.", "시장은 토요일에 말했다.", "시장은 [-금요일에-]{+토요일에+} 말했다."),
        (
            "عاد اثنا عشر قاربًا إلى الميناء.",
            "عاد تسعة قوارب إلى الميناء.",
            "عاد [-اثنا عشر قاربًا-]{+تسعة قوارب+} إلى الميناء.",
        ),
        ("הסירות שבו הביתה.", "הסירות שבו לנמל.", "הסירות שבו [-הביתה-]{+לנמל+}."),
        ("नावें शुक्रवार को लौटीं।", "नावें शनिवार को लौटीं।", "नावें [-शुक्रवार-]{+शनिवार+} को लौटीं।"),
        ("Fans 👩‍🚒 cheer", "Fans 👩 cheer", "Fans [-👩‍🚒-]{+👩+} cheer"),
        ("🇫🇷 wins", "🇫🇮 wins", "[-🇫🇷-]{+🇫🇮+} wins"),
    ],
)
def test_what_readers_see(before: str, after: str, shown: str) -> None:
    assert marked(before, after) == shown
    check(before, after)


def test_pieces_are_values() -> None:
    assert compare("a b", "a c") == (Piece("equal", "a "), Piece("removed", "b"), Piece("added", "c"))


@pytest.mark.parametrize("kinds", [1, 2, 50, 20_000])
@pytest.mark.parametrize("sign", ["w{} ", "{}、"], ids=["words", "signs"])
def test_long_texts_take_a_second(kinds: int, sign: str) -> None:
    some = random.Random(kinds)
    name = sign.format if " " in sign else lambda n: chr(0x4E00 + n)
    before, after = ("".join(name(some.randrange(kinds)) for _ in range(50_000)) for _ in range(2))
    started = time.process_time()
    check(before, after + "!")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), (" — … ", 0), ("Twelve boats, 1,250 nets.", 4), ("they don't", 2), ("港口。", 2), ("नावें लौटीं", 2)],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


def test_likeness_goes_by_long_words() -> None:
    one = features("The harbour of Ellery stays closed until the ice has gone.")
    assert likeness(one, one) == 1
    assert likeness(one, features("The Harbour of Ellery stays open until the ice has gone!")) > 0.8
    assert likeness(one, features("The price of the herring has gone up in the markets of the south.")) < 0.4
    assert likeness(features("市长周五在港口说话"), features("市长周六在港口说话")) > 0.6
    assert likeness(features("***"), features("***")) == 1
    assert likeness(features(""), features("")) == 0
