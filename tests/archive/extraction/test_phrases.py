import tomllib
from pathlib import Path

import pytest

from archive.extraction.blocks import words_key
from archive.extraction.kinds import KINDS
from archive.extraction.phrases import invites_comments, phrases_of

WORDS = tomllib.loads((Path(__file__).parent / "../../../archive/extraction/furniture.toml").read_text("utf-8"))
APPEALS = tomllib.loads((Path(__file__).parent / "appeals.toml").read_text("utf-8"))
LANGUAGES = "en de fr es it pt nl sv da no pl cs ru uk tr ar zh ja ko".split()


def tell(language, text, linked=0, **more):
    return phrases_of(language).tell(text, words_key(text), linked, **more)


@pytest.mark.parametrize("kind", WORDS)
def test_every_kind_is_known_and_spoken_of_in_all_languages(kind):
    assert kind in KINDS
    assert sorted(WORDS[kind]) == sorted(LANGUAGES)
    for places in WORDS[kind].values():
        assert places.keys() <= {"line", "lead", "part", "tail", "about"}
        for phrases in places.values():
            assert phrases
            assert len(phrases) == len(set(phrases)), sorted(p for p in phrases if phrases.count(p) > 1)
            assert all(phrase == " ".join(phrase.split()) for phrase in phrases)


@pytest.mark.parametrize(
    ("language", "text", "linked", "kind"),
    [
        ("en", "Read more", 0, "related"),
        ("en", "Read more: The wall that held for a century", 33, "related"),
        ("en", "More from the coast", 0, "related"),
        ("de", "Lesen Sie auch: Die Mauer, die hundert Jahre hielt", 0, "related"),
        ("no", "Les også: Muren som sto i hundre år", 28, "related"),
        ("ja", "関連記事：堤防の百年", 0, "related"),
        ("zh", "延伸阅读：海堤百年", 0, "related"),
        ("en", "You can unsubscribe at any time.", 0, "subscription"),
        ("fr", "La suite est réservée aux abonnés.", 0, "paywall"),
        ("ja", "この記事は会員限定です。", 0, "paywall"),
        ("de", "Wir verwenden Cookies.", 0, "consent"),
        ("en", "Comments (12)", 0, "comment"),
        ("ru", "Поделиться", 0, "share"),
        ("pl", "O autorze", 0, "author-biography"),
        ("it", "© Riproduzione riservata", 0, "legal"),
        ("de", "(Quelle: Hafenamt)", 0, "legal"),
        ("en", "Advertisement", 0, "advertisement"),
        ("en", "Photo: Ada Brook", 0, "caption"),
    ],
)
def test_furniture_is_told_by_its_words(language, text, linked, kind):
    assert tell(language, text, linked) == kind


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Hintergrund: Die Bahn hatte im Mai zwei Züge gestrichen."),
        ("de", "Bild: Wie geht es Ihnen heute?"),
        ("en", "Read the letter aloud, she said, and then burn it."),
        ("en", "More than forty boats lay in the harbour."),
        ("en", '"Please subscribe to our newsletter," the card said.'),
        ("en", "Photo albums were floating in the kitchen."),
        ("en", "The reporter contributed to this report."),  # in the middle of the text
        ("fr", "Il vous reste trois jours."),
        ("ko", "사진을 찍던 주민이 신고했다."),
    ],
)
def test_the_same_words_in_a_sentence_are_no_furniture(language, text):
    assert tell(language, text) == ""


def test_sources_and_notes_stand_at_the_end():
    text = "– Ned Harrow contributed to this report."
    assert tell("en", text) == ""
    assert tell("en", text, at_end=True) == "legal"


def test_a_paragraph_is_no_line():
    assert tell("en", "Read more: " + "the wall held, and the sea came over it. " * 8, 300) == ""


@pytest.mark.parametrize("language", APPEALS)
def test_no_paragraph_of_a_report_is_told(language):
    for text in [*APPEALS[language]["body"], *APPEALS[language]["news"]]:
        assert tell(language, text, at_end=True) == "", text


@pytest.mark.parametrize("text", ["Schreiben Sie uns einen Kommentar", "Hva synes du? Legg igjen en kommentar"])
def test_an_invitation_speaks_of_comments_to_the_reader(text):
    assert invites_comments(text)
    assert not invites_comments(f"„{text}“")


def test_who_comments_invites_nobody():
    assert not invites_comments("The mayor did not want to comment.")
