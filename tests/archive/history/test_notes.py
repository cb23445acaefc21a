from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from archive.article import Article, Removed, Trace
from archive.history.notes import correction_note, is_note


@pytest.mark.parametrize(
    "line",
    [
        "Correction: an earlier version of this article misspelt a name.",
        "Correction (20 November 2026): the price is 3 euros.",
        "This article was last updated on Friday.",
        "The story has changed: this article has since been updated.",
        "*Update, 10:30: two more boats are in.",
        "Editor’s note: this was written before the storm.",
        "Korrektur: In einer früheren Version hieß es, der Hafen sei offen.",
        "Anm. d. Red.: Der Name wurde geändert.",
        "Der Artikel wurde am Freitag aktualisiert.",
        "Mise à jour : le bilan s'est alourdi.",
        "Fe de errores: el puerto no está en el norte.",
        "Errata corrige: il porto è chiuso.",
        "Erramos: o texto dizia nove.",
        "Dit artikel is vrijdag aangepast.",
        "Rättelse: I en tidigare version stod ett annat namn.",
        "Artiklen er fredag blevet opdateret.",
        "I en tidligere versjon sto det ni.",
        "Sprostowanie: w tekście był błąd.",
        "V původní verzi článku stálo devět.",
        "Обновлено: 12:30",
        "Статтю оновлено о 12:30.",
        "Düzeltme: Haberin önceki halinde dokuz yazıyordu.",
        "تصحيح: ورد في نسخة سابقة رقم آخر.",
        "本文已更新。",
        "（訂正）当初の記事で「九」としていましたが、「十」でした。",
        "[정정] 어제 기사에서 이름이 틀렸습니다.",
    ],
)
def test_notes(line: str) -> None:
    assert is_note(line)


@pytest.mark.parametrize(
    "line",
    [
        "Correction officers went on strike on Monday.",
        "The update of the software failed on Friday.",
        "The council amended the plan on Friday.",
        "Updated rules for boats come in May.",
        "Die Korrektur der Prognose kam spät.",
        "修正案が可決された。",
        "更新された設備が動き出した。",
        "Uppdateringen av systemet tog en vecka.",
        "",
        "...",
    ],
)
def test_what_is_none(line: str) -> None:
    assert not is_note(line)


def test_a_note_counts_if_it_is_new_wherever_it_stands() -> None:
    def article(*lines: str, removed: str = "", standfirst: str | None = None) -> Article:
        trace = Trace(removed=(Removed(removed, "p", "legal"),) if removed else ())
        return Article(url="https://ellery.test/", text="\n".join(lines), standfirst=standfirst, trace=trace)

    note = "Correction: it was nine boats."
    assert correction_note(article("A."), article("A.", note)) == note
    assert correction_note(article("A."), article("A.", removed=note)) == note
    assert correction_note(article("A."), article("A.", standfirst=note)) == note
    assert correction_note(article("A.", note), article("B.", note)) is None
    assert correction_note(article("A.", removed=note), article("B.", note)) is None
    assert correction_note(article("A."), article("A.", note + " It was." * 200)) is None


def test_each_language_has_phrases() -> None:
    data = tomllib.loads(files("archive.history").joinpath("notes.toml").read_text("utf-8"))
    furniture = tomllib.loads(files("archive.extraction").joinpath("appeals.toml").read_text("utf-8"))
    assert set(data) == set(furniture)
    for words in data.values():
        assert set(words) == {"lead", "part"}
        assert all(all(phrases) for phrases in words.values())
