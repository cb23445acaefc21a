"""Kinds of change, told apart in many languages."""

from __future__ import annotations

from typing import Any

import pytest

from archive.article import Article, Update
from archive.catalogue.changes import KINDS, kinds_in, mask
from archive.history.difference import difference
from archive.history.edits import Edit, edits_of, is_minor

CLOSED = "The harbour stays closed, said Mayor Nora Lind on Friday. "


def article(text: str, language: str = "en", **fields: Any) -> Article:
    return Article(url="https://www.ellery.test/storm", text=text, language=language, **fields)


def edits(before: Article, after: Article) -> tuple[Edit, ...]:
    return edits_of(before, after, difference(before, after))


def told(before: str, after: str, language: str = "en", **fields: Any) -> list[str]:
    found = edits(article(before, language, **fields), article(after, language, **fields))
    return [f"{' '.join(edit.kinds)}: {edit.before} > {edit.after}" for edit in found]


@pytest.mark.parametrize(
    ("language", "before", "after", "wanted"),
    [
        ("en", "Twelve boats were caught.", "Fourteen boats were caught.", "number: Twelve > Fourteen"),
        ("en", "He paid 1.5 million euros.", "He paid 15 million euros.", "number: 1.5 > 15"),
        ("en", "It was 20% of them.", "It was 20 percent of them.", "number: % > percent"),
        ("en", "The price is -5 degrees", "The price is 5 degrees", "number: is -5 > is 5"),
        ("en", "It costs $5 today.", "It costs €5 today.", "number: costs $5 > costs €5"),
        ("en", "It will open in May.", "It will open in June.", "number: May > June"),
        ("en", "The storm came on Monday.", "The storm came on Tuesday.", "number: Monday > Tuesday"),
        ("en", "He may go.", "He might go.", "wording: may > might"),
        ("de", "Am 3. Mai starben sie.", "Am 4. Juni starben sie.", "number: 3. Mai > 4. Juni"),
        ("fr", "Trois bateaux sont partis.", "Quatre bateaux sont partis.", "number: Trois > Quatre"),
        ("ru", "Двенадцать лодок ушли.", "Четырнадцать лодок ушли.", "number: Двенадцать > Четырнадцать"),
        ("pl", "Zginęło pięciu ludzi.", "Zginęło sześciu ludzi.", "number: pięciu > sześciu"),
        ("ar", "اثنتي عشرة سفينة تنتظر.", "خمس عشرة سفينة تنتظر.", "number: اثنتي > خمس"),
        ("ar", "قتل ٣ رجال.", "قتل ٤ رجال.", "number: ٣ > ٤"),
        ("ja", "三人が死亡した。", "四人が死亡した。", "number: 三 > 四"),
        ("ja", "一方、船は出た。", "他方、船は出た。", "wording: 一 > 他"),
        ("zh", "共有12人受伤。", "共有15人受伤。", "number: 12 > 15"),
        ("ko", "세 명이 숨졌다.", "네 명이 숨졌다.", "number: 세 > 네"),
        ("th", "ผู้เสียชีวิต 3 คน", "ผู้เสียชีวิต 4 คน", "number: 3 > 4"),
    ],
)
def test_numbers(language: str, before: str, after: str, wanted: str) -> None:
    assert told(before, after, language) == [wanted]


@pytest.mark.parametrize(
    ("language", "before", "after", "wanted"),
    [
        ("en", "Boats were caught in teh storm.", "Boats were caught in the storm.", "teh > the"),
        ("en", "Boats lie in the harbour.", "Boats lie in the harbor.", "harbour > harbor"),
        ("en", "A news paper said so.", "A newspaper said so.", "news paper > newspaper"),
        ("en", "Boats lie in the harbour", "Boats lie in the harbour.", "harbour > harbour."),
        ("en", 'He said "no".', "He said “no”.", 'said "no" > said “no”'),
        ("en", "They recieved nothing.", "They received nothing.", "recieved > received"),
        ("fr", "Il a dit oui à l'été.", "Il a dit oui a l'été.", "à > a"),
        ("ru", "В Москве шёл снег.", "В Москве шел снег.", "шёл > шел"),
        ("ar", "قالَ المدير ذلك.", "قال المدير ذلك.", "قالَ > قال"),
        ("he", "הנמל נסגר אמש בגלל הסערה", "הנמל נסגר אמש בגלל הסערה.", "הסערה > הסערה."),
        ("ja", "船は出た．", "船は出た。", "出た． > 出た。"),
    ],
)
def test_typos(language: str, before: str, after: str, wanted: str) -> None:
    found = edits(article(before, language), article(after, language))
    assert is_minor(found)
    assert {edit.kinds for edit in found} == {("typo",)}
    assert f"{found[0].before} > {found[0].after}" == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("He was killed by the wave.", "He was billed by the wave."),
        ("The men who can swim", "The men who can't swim"),
        ("It is now so.", "It is not so."),
        ("They live there.", "They love there."),
        ("It was legal.", "It was illegal."),
        ("The charge was not dropped, said the judge.", "The change was not dropped, said the judge of the charge."),
        ("市民は港へ行った", "市長は港へ行った"),
    ],
)
def test_another_word_is_no_typo(before: str, after: str) -> None:
    found = edits(article(before), article(after))
    assert not is_minor(found)
    assert "wording" in found[0].kinds


@pytest.mark.parametrize(
    ("language", "before", "after", "wanted"),
    [
        ("en", f"{CLOSED}Anna Smith left.", f"{CLOSED}Anna Smyth left.", "name typo: Smith > Smyth"),
        ("en", f"{CLOSED}He lives in Paris.", f"{CLOSED}He lives in London.", "name: Paris > London"),
        ("en", f"{CLOSED}Lind was safe.", f"{CLOSED}Berg was safe.", "name: Lind > Berg"),  # known from elsewhere
        ("en", f"{CLOSED}Boats were safe.", f"{CLOSED}Ships were safe.", "wording: Boats > Ships"),
        ("de", "Das sagte Karl Müller heute.", "Das sagte Karl Möller heute.", "name typo: Müller > Möller"),
        ("de", "Heute bleibt der Hafen zu.", "Heute bleibt der Strand zu.", "wording: Hafen > Strand"),
        ("ru", "Это сообщил Иван Петров.", "Это сообщил Иван Сидоров.", "name: Петров > Сидоров"),
        ("el", "Το είπε ο Νίκος σήμερα.", "Το είπε ο Γιώργος σήμερα.", "name: Νίκος > Γιώργος"),
        ("ja", "山田太郎さんは話した。", "山本太郎さんは話した。", "name: 田 > 本"),
        ("ja", "昨日ジョン・スミスが来た。", "昨日ジョン・スミトが来た。", "name: ス > ト"),
        ("ko", "어제 김철수 씨가 말했다.", "어제 김영수 씨가 말했다.", "name: 김철수 > 김영수"),
    ],
)
def test_names(language: str, before: str, after: str, wanted: str) -> None:
    assert told(before, after, language) == [wanted]


def test_names_without_capitals_are_known_from_the_page_s_tags() -> None:
    lines = "कल राहुल गांधी ने कहा", "कल राहुल गाँव ने कहा"
    assert told(*lines, "hi") == ["wording: गांधी > गाँव"]
    assert told(*lines, "hi", tags=("राहुल गांधी",)) == ["name: गांधी > गाँव"]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("“We did nothing,” said the mayor.", "“We did something,” said the mayor.", "quote wording"),
        ("“We did nothing,” said the mayor.", "“We did nothing,” claimed the mayor.", "wording"),
        ("Он сказал: «Мы не знаем».", "Он сказал: «Мы всё знаем».", "quote wording"),
        ("Er sagte: „Wir gehen nicht.“", "Er sagte: „Wir bleiben nicht.“", "quote wording"),
        ("Han sagde: »Vi går nu.«", "Han sagde: »Vi bliver nu.«", "quote wording"),
        ("Hän sanoi: ”Me lähdemme.”", "Hän sanoi: ”Me jäämme.”", "quote wording"),
        ("市長は「船は安全だ」と話した。", "市長は「船は危険だ」と話した。", "quote wording"),
        ("وقال «لن نغلق الميناء» اليوم", "وقال «سنغلق الميناء» اليوم", "quote wording"),
        ("“A long speech that goes on", "“A long talk that goes on", "quote wording"),
        ("It isn't the mayor's boat at all.", "It isn't the mayor's ship at all.", "wording"),
        ("He said that all was calm today.", "He said that “all was calm” today.", "quote"),
        ("“Some 20 boats left,” he said.", "“Some 30 boats left,” he said.", "number quote"),
    ],
)
def test_quotations(before: str, after: str, wanted: str) -> None:
    assert {" ".join(edit.kinds) for edit in edits(article(before), article(after))} == {wanted}


def test_headline_and_standfirst_have_kinds_of_their_own() -> None:
    before = article("x", headline="Storm Keeps Twelve Boats Out", standfirst="All are safe.")
    after = article("x", headline="Storm Keeps Nine Boats Out", standfirst="All crews are safe.")
    assert [(e.kinds, e.place) for e in edits(before, after)] == [
        (("headline", "number"), "headline"),
        (("standfirst",), "standfirst"),
    ]
    typo = edits(article("x", headline="Storm keeps botas out"), article("x", headline="Storm keeps boats out"))
    assert typo[0].kinds == ("headline", "typo")
    assert is_minor(typo)
    assert not is_minor(edits(before, after))


def test_paragraphs_that_came_went_and_moved() -> None:
    one, two, three = "One line of it.", "The second line of this text.", "“We are all very cold,” said the pilot."
    assert told(f"{one}\n{two}", f"{two}\n{one}\n{three}") == [f"moved: {one} > {one}", f"added:  > {three}"]
    assert told(f"{one}\n{three}", one) == [f"quote removed: {three} > "]
    assert told(f"{one}\n{two}", one) == [f"removed: {two} > "]
    sentence = "The council had put off the repair for years."
    assert told(f"{one} It rained.", f"{one} {sentence} It rained.") == [f"added:  > {sentence}"]


def test_posts_of_a_live_blog() -> None:
    post = Update("The ferry is in at ten.", "2026-11-20T09:00:00Z")
    found = edits(
        article("x", updates=(post,)),
        article("x", updates=(Update("The ferry is in at nine.", post.published), Update("It left.", "2026-11-20T10"))),
    )
    assert {(edit.kinds, edit.place) for edit in found} == {(("number",), "updates"), (("added",), "updates")}


def test_several_kinds_and_places() -> None:
    before = f"{CLOSED}Some 100 people, most of them children, died."
    found = edits(article(f"{before}\nThe end."), article(f"{CLOSED}Some 120 people died.\nThe end."))
    assert [(edit.kinds, edit.paragraph_before, edit.paragraph_after) for edit in found] == [
        (("number",), 0, 0),
        (("wording",), 0, 0),
    ]
    assert edits(article(before), article(before)) == ()
    assert is_minor(())


def test_kinds_are_kept_as_a_number() -> None:
    assert kinds_in(mask(["typo", "headline", "headline"])) == ("headline", "typo")
    assert [kinds_in(mask(kind for kind in [one])) for one in KINDS] == [(kind,) for kind in KINDS]
    assert kinds_in(0) == ()
