"""Near-duplicates: edited copies are found, other articles of the same topic are not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.likeness import marks, shares, signature
from archive.catalogue.tokens import plain_words
from tests.archive.catalogue.made import version

WHO = "the harbour master|a spokeswoman for the coast guard|the council's engineer|Mayor Ines Thorwald|an old pilot"
DID = "said|told reporters|wrote in a letter|admitted|repeated on Friday|warned|would not confirm"
THAT = (
    "the northern mole would stay closed until the ice is broken|twelve boats had been caught in the storm|"
    "the repair of the sea wall had been put off again|nobody had read the report of last winter|"
    "the ferry to the islands would sail at noon|the crews were cold, tired and glad to be ashore|"
    "insurers were sending their own people|the fund for lost nets is empty|fuel had leaked near the quay|"
    "the lighthouse had worked throughout the night|two cranes must be taken down before spring|"
    "fishermen are to be paid within a month|the province had promised eleven million"
)
THEN = (
    "after a meeting behind closed doors|while helicopters circled over the bay|before the tide came back|"
    "three days after the alarm|in spite of the forecast|to the surprise of the opposition|as schools stayed shut|"
    "with most of the town listening|and asked for patience|but named no date|without taking questions"
)
COMMON = "a the of in was were had and to storm mole winter wind sea boat harbour town ice quay crew night".split()
SYLLABLES = "ba re mo til dan ver so lin ka pe hur gos".split()
LEGAL = (
    "Reproduction in whole or in part, in any form or medium, without the written permission of the publisher is "
    "forbidden; letters, corrections and complaints are to be addressed to the readers' editor at the office in Quay "
    "Street, who answers within ten days, and whose decisions are printed every Saturday on the second page of the "
    "paper, as the charter demands."
)


def sentence(rng: random.Random) -> str:
    """Half of it of phrases that the town's papers print every day."""
    who, did, that, then = (rng.choice(given.split("|")) for given in (WHO, DID, THAT, THEN))
    own = [rng.choice([rng.choice(COMMON), "".join(rng.choices(SYLLABLES, k=3))]) for _ in range(rng.randrange(10, 26))]
    return f"{who.capitalize()} {did} that {that} {then}, {' '.join(own)}."


def article(seed: int, paragraphs: int = 12) -> list[str]:
    """Paragraphs about the storm in the harbour; all articles draw from the same phrases."""
    rng = random.Random(seed)
    return [" ".join(sentence(rng) for _ in range(rng.randrange(1, 4))) for _ in range(paragraphs)]


def changed(lines: list[str], share: float, seed: int = 1) -> list[str]:
    """With so many of the words replaced, left out or added to."""
    rng = random.Random(seed)

    def edit(word: str) -> str:
        return rng.choice([f"w{rng.randrange(9999)}", "", f"{word} indeed"]) if rng.random() < share else word

    return [" ".join(edit(word) for word in line.split()) for line in lines]


EDITS: dict[str, Callable[[list[str]], list[str]]] = {
    "as it was": lambda lines: lines,
    "cut to half": lambda lines: lines[: len(lines) // 2],
    "cut to a third": lambda lines: lines[: len(lines) // 3],
    "paragraphs reordered": lambda lines: [*lines[6:], *reversed(lines[:6])],
    "a new lead": lambda lines: [*article(991, 2), *lines[1:]],
    "half of another one's": lambda lines: [*lines, *article(992, 6)],
    "one word in ten changed": lambda lines: changed(lines, 0.1),
    "one word in five changed": lambda lines: changed(lines, 0.2),
    "cut, reordered, a new lead and words changed": lambda lines: [
        *article(993, 1),
        *changed(lines[7:] + lines[:2], 0.08),
    ],
    "in capitals, other quotes and dashes": lambda lines: [line.upper().replace(",", " –") for line in lines],
}


def signed(lines: list[str]) -> bytes:
    return signature(plain_words("\n".join(lines)))


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """300 articles about one storm by six papers, and edited copies of twenty of them in others."""
    with Catalogue(tmp_path_factory.mktemp("stories") / "catalogue.sqlite", create=True) as catalogue:
        rows = [stored(n, article(n), source=f"paper_{n % 6}") for n in range(300)]
        for n in range(20):
            for number, edit in enumerate(EDITS.values()):
                rows.append(stored(1000 + 20 * number + n, edit(article(n)), source=f"copy_{number}"))
        catalogue.add(versions=rows)
        yield catalogue


def stored(number: int, lines: list[str], **fields: Any) -> Any:
    text = "\n".join(lines)
    return version(number, f"Storm {number}", text, article=f"https://ellery.test/{number}", **fields)


def alike(catalogue: Catalogue, number: int, limit: int = 100) -> dict[int, dict[str, Any]]:
    rows = catalogue.alike(f"urn:uuid:v{number:03}", limit)
    return {int(row["url"].rpartition("/")[2]): row for row in rows}


# Signatures


@pytest.mark.parametrize("edit", EDITS)
def test_shares_are_about_what_they_are(edit: str) -> None:
    for seed in range(10):
        before, after = article(seed), EDITS[edit](article(seed))
        of_this, of_other = shares(signed(before), signed(after))
        true_this, true_other = (truth(before, after), truth(after, before))
        assert abs(of_this - true_this) < 0.2
        assert abs(of_other - true_other) < 0.2


def truth(one: list[str], other: list[str]) -> float:
    """How much of one stands in the other, by all shingles."""

    def grams(lines: list[str]) -> set[tuple[str, ...]]:
        words = plain_words("\n".join(lines))
        return set(zip(words, words[1:], words[2:], strict=False))

    return len(grams(one) & grams(other)) / len(grams(one))


def test_short_texts_have_none() -> None:
    assert signature([]) == signature(["a"] * 100) == signature(plain_words("One two three four five six.")) == b""
    assert marks(b"") == []
    assert shares(b"", b"") == shares(b"", signed(article(1))) == (0, 0)


def test_a_signature_is_small_whatever_the_text() -> None:
    assert len(signed(article(1))) < 600
    assert len(signed([line for n in range(100) for line in article(n)])) == 4 * 257
    assert len(signed([" ".join(f"w{n}" for n in range(40))])) == 4 * 33


def test_a_brief_is_found_in_a_long_text() -> None:
    brief, long = article(1, 2), [line for n in range(1, 25) for line in article(n)]
    of_this, of_other = shares(signed(brief), signed(long + brief))
    assert of_this > 0.9
    assert of_other < 0.2


SCRIPTS = {
    "zh": (
        "北京时间星期五晚上，十二艘渔船在暴风雨中返回港口，港务局长说北部防波堤仍将关闭。",
        "渔民将在一个月内得到赔偿，保险公司已派人前往码头查看损失情况。",
    ),
    "ja": (
        "金曜日の夜、嵐の中で十二隻の漁船が港に戻り、港長は北の防波堤が閉鎖されたままだと述べた。",
        "漁師たちは一か月以内に補償を受けると、県の担当者が町の集会で約束した。",
    ),
    "th": (
        "เรือประมงสิบสองลำกลับเข้าฝั่งท่ามกลางพายุในคืนวันศุกร์ และท่าเรือยังคงปิดอยู่",
        "ชาวบ้านจะได้รับเงินชดเชยภายในหนึ่งเดือน เจ้าหน้าที่จังหวัดสัญญาไว้",
    ),
    "ru": (
        "Лодки вернулись в порт после бури, и капитан порта сказал, что северный мол останется закрытым до весны, "
        "а рыбаки ждут помощи уже третий день подряд.",
        "Рыбакам обещали заплатить в течение месяца, но фонд, из которого платят за потерянные сети, уже давно пуст, "
        "и никто в городе не знает, что будет.",
    ),
    "ar": (
        "عادت القوارب إلى الميناء بعد العاصفة وقال مدير الميناء إن الرصيف الشمالي سيبقى مغلقا حتى الربيع بينما ينتظر "
        "الصيادون المساعدة منذ ثلاثة أيام متتالية",
        "وعد المسؤولون بدفع التعويضات خلال شهر لكن الصندوق الذي تدفع منه أثمان الشباك المفقودة فارغ منذ زمن ولا أحد "
        "يعرف ماذا سيحدث بعد ذلك",
    ),
}


@pytest.mark.parametrize("language", SCRIPTS)
def test_any_script(language: str) -> None:
    one, other = SCRIPTS[language]
    assert min(shares(signed([one]), signed([other, one]))) >= 0.4
    assert shares(signed([one]), signed([other])) == (0, 0)


# The catalogue


@pytest.mark.parametrize("edit", EDITS)
def test_copies_are_found(stories: Catalogue, edit: str) -> None:
    number = list(EDITS).index(edit)
    found = [1000 + 20 * number + n in alike(stories, n) for n in range(20)]
    assert sum(found) >= 19, f"{sum(found)} of 20"
    found = [n in alike(stories, 1000 + 20 * number + n) for n in range(20)]
    assert sum(found) >= 19, f"{sum(found)} of 20"


def test_nothing_else_is(stories: Catalogue) -> None:
    for n in [*range(20), *range(20, 300, 4)]:
        copies = {1000 + 20 * number + n for number in range(len(EDITS))} if n < 20 else set()
        assert {*alike(stories, n)} <= copies


def test_rows_say_how_alike(stories: Catalogue) -> None:
    half = alike(stories, 0)[1020]
    assert half["of_other"] > 0.95
    assert 0.3 < half["of_this"] < 0.7
    assert half["similarity"] == half["of_other"]
    assert half["source"] == "copy_1"
    rows = stories.alike("urn:uuid:v000")
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)
    assert len(stories.alike("urn:uuid:v000", limit=3)) == 3
    assert stories.alike("urn:uuid:none") == []


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite", create=True) as catalogue:
        yield catalogue


def test_other_sources_come_first(catalogue: Catalogue) -> None:
    text = article(1)
    catalogue.add(
        versions=[stored(1, text, source="a"), stored(2, text, source="a"), stored(3, changed(text, 0.1), source="b")]
    )
    assert list(alike(catalogue, 1)) == [3, 2]


def test_only_the_latest_version_of_other_articles_counts(catalogue: Catalogue) -> None:
    catalogue.add(versions=[stored(1, article(1))])
    other = "https://other.test/"
    catalogue.add(versions=[version(2, "Copy", "\n".join(article(1)), article=other)])
    assert len(catalogue.alike("urn:uuid:v001")) == 1
    catalogue.add(versions=[version(3, "Changed", "\n".join(article(5)), article=other)])
    assert catalogue.alike("urn:uuid:v001") == []
    assert [row["url"] for row in catalogue.alike("urn:uuid:v002")] == ["https://ellery.test/1"]  # what it was
    catalogue.add(versions=[version(4, "Gone", "", article=other)])
    assert catalogue.alike("urn:uuid:v003") == catalogue.alike("urn:uuid:v004") == []
    assert catalogue.check() == []


@pytest.mark.parametrize("number", [2, 3, 8, 40, 400])
def test_a_legal_paragraph_makes_no_story(catalogue: Catalogue, number: int) -> None:
    catalogue.add(versions=[stored(n, [*article(n, 2), LEGAL], source="a") for n in range(number)])
    assert {n: list(alike(catalogue, n)) for n in range(min(number, 10))} == {n: [] for n in range(min(number, 10))}


def test_a_copy_with_a_legal_paragraph_is_found_nevertheless(catalogue: Catalogue) -> None:
    catalogue.add(versions=[stored(n, [*article(n, 4), LEGAL], source="a") for n in range(30)])
    catalogue.add(versions=[stored(100, article(3, 4), source="b")])
    assert list(alike(catalogue, 3)) == [100]
    assert list(alike(catalogue, 100)) == [3]


def test_a_story_that_everybody_prints_is_found(catalogue: Catalogue) -> None:
    catalogue.add(versions=[stored(n, [*article(500 + n, 1), *article(1)], source=f"paper_{n}") for n in range(80)])
    assert len(alike(catalogue, 7)) == 79


def test_a_running_story_of_one_paper_is_found_elsewhere(catalogue: Catalogue) -> None:
    catalogue.add(versions=[stored(n, [*article(500 + n, 3), *article(1)], source="a") for n in range(15)])
    catalogue.add(versions=[stored(100, article(1), source="b")])
    assert next(iter(alike(catalogue, 7))) == 100
    assert len(alike(catalogue, 100)) == 15
