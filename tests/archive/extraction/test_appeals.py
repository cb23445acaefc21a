import html
import tomllib
from pathlib import Path

import pytest

from archive.extraction.appeals import Voice, appeal_runs, language_of, listen
from archive.extraction.blocks import fold
from archive.extraction.extractor import extract
from archive.extraction.kinds import kind_of
from tests.archive.extraction.pages import HEADLINE

HERE = Path(__file__).parent
LANGUAGES = tomllib.loads((HERE / "appeals.toml").read_text("utf-8"))
NO_APPEALS = tomllib.loads((HERE / "no_appeals.toml").read_text("utf-8"))
WORDS = tomllib.loads((HERE / "../../../archive/extraction/appeals.toml").read_text("utf-8"))


def read(texts, marked=(), tag="p"):
    """The article of a page that holds the texts; those marked in divs of their own."""
    rows = "\n".join(
        f"<div><{tag}>{html.escape(text)}</{tag}></div>" if i in marked else f"<{tag}>{html.escape(text)}</{tag}>"
        for i, text in enumerate(texts)
    )
    head = f'<meta charset="utf-8"><title>{HEADLINE}</title><meta property="og:site_name" content="Wexcombe Herald">'
    page = f'<html><head>{head}</head><body><div class="story"><h1>{HEADLINE}</h1>{rows}</div></body></html>'
    return extract(page.encode(), url="https://herald.example/wall")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_told_by_its_everyday_words(language):
    assert language_of(LANGUAGES[language]["body"]) == language


def test_what_the_page_declares_decides_only_between_equals():
    assert language_of(["", "…"], "de-AT") == "en"
    assert language_of(LANGUAGES["de"]["body"], "en") == "de"


@pytest.mark.parametrize("where", ["middle", "end"])
@pytest.mark.parametrize("own_divs", [False, True], ids=["bare", "in divs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_appeals_go_and_the_report_stays(language, where, own_divs):
    body = LANGUAGES[language]["body"]
    at = len(body) // 2 if where == "middle" else len(body)
    for appeal in LANGUAGES[language]["appeals"]:
        inside = range(at, at + len(appeal)) if own_divs else ()
        found = read([*body[:at], *appeal, *body[at:]], inside)
        assert found.text.split("\n") == [fold(text) for text in body]
        kinds = {kind_of(r.rule) for r in found.trace.removed if r.text in map(fold, appeal)}
        assert kinds <= {"appeal", "subscription"}  # an offer of a newsletter is both


@pytest.mark.parametrize("language", LANGUAGES)
def test_news_of_donations_and_columns_that_say_you_stay(language):
    body, news = LANGUAGES[language]["body"], LANGUAGES[language]["news"]
    texts = [*body[:2], *news, *body[2:]]
    assert read(texts).text.split("\n") == [fold(text) for text in texts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_appeal_takes_no_news_of_money_with_it(language):
    body, news = LANGUAGES[language]["body"], LANGUAGES[language]["news"]
    texts = [*body[:2], news[0], *body[2:]]
    found = read([*texts, *LANGUAGES[language]["appeals"][0]])
    assert found.text.split("\n") == [fold(text) for text in texts]


@pytest.mark.parametrize("tag", ["p", "div"])
@pytest.mark.parametrize("name", NO_APPEALS)
def test_articles_about_support_are_kept_whole(name, tag):
    assert read(NO_APPEALS[name], tag=tag).text.split("\n") == [fold(text) for text in NO_APPEALS[name]]


def test_an_appeal_in_a_column_goes_alone():
    column = NO_APPEALS["column"]
    appeal = "This newspaper lives on its readers. Please support our journalism with a donation today."
    assert read([*column[:3], appeal, *column[3:]]).text.split("\n") == [fold(text) for text in column]


QUOTES = ["“{}”", "„{}“", "«{}»", "»{}«", "”{}”", '"{}"', "‘{}’", "'{}'"]


@pytest.mark.parametrize("marks", QUOTES)
def test_what_is_quoted_is_not_said_by_the_paper(marks):
    quoted = marks.format("Please donate, don't wait: our journalism needs your support")
    voice = Voice(f"The editor wrote: {quoted}, and went home.", language="en")
    assert not (voice.asks or voice.own or voice.we or voice.you)


def test_a_quotation_may_go_on_in_the_next_paragraph():
    assert not Voice("“We need your support, and we ask you to donate.", language="en").asks


def test_a_paragraph_that_begins_with_a_dash_is_speech():
    assert not Voice("– Vi ber om din hjelp, sier redaktøren.", language="no").asks


def test_apostrophes_begin_no_quotation():
    voice = Voice(
        "We don't have owners. It's you who keep our paper alive, so please donate. They aren't.", language="en"
    )
    assert voice.asks
    assert voice.own


@pytest.mark.parametrize(
    ("text", "you"),
    [("Unterstützen Sie uns mit einer Spende.", True), ("Die Spenden kommen an, sagten sie und ihre Helfer.", False)],
)
def test_german_tells_you_from_they_by_its_capital(text, you):
    assert Voice(text, language="de").you is you


def test_the_polish_state_is_not_the_polite_you():
    assert not Voice("Budżet państwa na przyszły rok", language="pl").you
    assert Voice("Dziękujemy Państwu za wsparcie", language="pl").you


def test_words_of_one_language_mean_nothing_in_another():
    # "done" is Spanish for "donate", "we" Dutch, "er" Swedish for "you".
    assert not Voice("The work is done. What we have built, you have paid for.", language="en").asks
    assert not Voice("Er sagte, der Vertrag gelte weiter.", language="de").you


def test_a_request_at_the_beginning_of_a_sentence_is_one_and_inside_it_is_a_word():
    assert Voice("The wall holds. Donate to our fund.", language="en").ask
    assert not Voice("Those who donate blood, or subscribe to a theatre, live longer.", language="en").ask


def test_the_name_of_the_paper_is_its_own_word():
    text = "Subscribe now to the Harbour Courier."
    assert Voice(text, ["The Courier", "Harbour Courier"], "en").own
    assert not Voice(text, ["Post"], "en").own


def test_arabic_words_carry_their_prefixes_and_marks():
    assert Voice("فادعَمونا بتبرّعٍ", language="ar").plea


def test_labels_are_short_and_no_sentences():
    assert Voice("Subscribe now").label
    assert Voice("£5 a month").label
    assert not Voice("He left.").label
    assert not Voice("x " * 40).label


def test_voices_without_a_language_listen_for_all():
    assert Voice("Schreiben Sie uns einen Kommentar").you
    assert Voice("Hva synes dere?").you


def test_no_request_no_appeal():
    assert appeal_runs(listen(LANGUAGES["en"]["body"])) == set()
    assert appeal_runs([]) == set()


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_all_kinds_of_words(language):
    kinds = ("ask", "plea", "give", "self", "here", "we", "you", "greeting", "common")
    assert tuple(WORDS[language]) == kinds
    for kind in kinds:
        phrases = WORDS[language][kind]
        assert phrases
        assert len(phrases) == len(set(phrases)), f"{kind}: twice {sorted(p for p in phrases if phrases.count(p) > 1)}"
        assert all(phrase == " ".join(phrase.split()) for phrase in phrases)
