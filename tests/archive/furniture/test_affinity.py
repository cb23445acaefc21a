"""Whether a paragraph speaks of the same things as an article."""

from __future__ import annotations

import pytest

from archive.furniture.affinity import Theme, stems
from tests.archive.furniture.test_learner import PROMOTION, Writer

HARBOUR = {
    "en": (
        "The harbour office wants to dredge the northern channel before winter storms arrive in Ellery.",
        "Dredging the northern channel would let larger ferries reach Ellery in winter, the harbour office said.",
        "Independent reporting costs money, and nobody else pays for what our newsroom publishes every morning.",
    ),
    "ru": (
        "Портовое управление хочет углубить северный фарватер до начала зимних штормов в Эллери.",
        "Углубление северного фарватера позволит крупным паромам заходить в Эллери зимой, сообщили в управлении.",
        "Независимая журналистика стоит денег, и никто другой не заплатит за работу нашей редакции каждое утро.",
    ),
    "ja": (
        "港湾局は冬の嵐が来る前に北側の航路を浚渫したいと考えている。",
        "北側の航路を浚渫すれば、冬でも大型フェリーが入港できると港湾局は説明した。",
        "独立した報道には費用がかかります。毎朝の編集部の仕事を支えているのは読者の皆さまです。",
    ),
    "ko": (
        "항만청은 겨울 폭풍이 오기 전에 북쪽 항로를 준설하고자 한다고 밝혔다.",
        "북쪽 항로를 준설하면 겨울에도 대형 여객선이 들어올 수 있다고 항만청은 설명했다.",
        "독립 언론에는 비용이 들며 매일 아침 편집국의 취재를 지탱하는 것은 독자 여러분입니다.",
    ),
}


def test_numbers_and_short_words_are_no_stems() -> None:
    assert stems("In 2026 it was 12345678 and so on") == frozenset()


@pytest.mark.parametrize("language", HARBOUR)
def test_a_paragraph_of_the_article_shares_more_than_a_strange_one(language: str) -> None:
    article, own, strange = map(stems, HARBOUR[language])
    assert len(article & own) / len(own) > 2 * len(article & strange) / len(strange)


WRITER = Writer(3)
TOPIC = WRITER.topic()
ARTICLE = Theme(map(stems, WRITER.article(TOPIC)))


def test_an_article_s_own_paragraphs_have_about_one() -> None:
    found = [ARTICLE.affinity(stems(line)) for line in WRITER.article(TOPIC)]
    assert all(one is not None and 0.7 < one < 1.4 for one in found)


def test_a_strange_paragraph_has_much_less() -> None:
    one = ARTICLE.affinity(stems(PROMOTION))
    assert one is not None
    assert one < 0.3


def test_too_little_tells_nothing() -> None:
    assert ARTICLE.affinity(stems("Read more about this")) is None
    assert Theme([]).affinity(stems(PROMOTION)) is None
    assert Theme([stems(PROMOTION)] * 9).affinity(stems(PROMOTION)) is None
