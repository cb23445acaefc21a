import pytest

from tests.pages.fixture import fixtures
from tests.pages.leaks import LANGUAGES, LEAST, MANNERS, leaks, open_gaps, table_of


def cases(kind):
    """Language and manner, those in `known_gaps` as strict expected failures."""
    found = []
    for language, table in LANGUAGES.items():
        for manner in MANNERS:
            gap = f"{kind}{manner}" in table.get("known_gaps", ())
            marks = [pytest.mark.xfail(strict=True, reason=f"{language}: in known_gaps")] if gap else []
            found.append(pytest.param(language, manner, marks=marks, id=f"{language}-{manner}"))
    return found


@pytest.mark.parametrize(("language", "manner"), cases(""))
def test_most_appeals_are_found_on_the_first_page_of_a_site(language, manner):
    found = leaks(language, manner)
    listed = "\n".join(found.stayed)
    assert found.share >= LEAST[manner], f"{len(found.stayed)} of {found.tried} stay in the text:\n{listed}"


@pytest.mark.parametrize(("language", "manner"), cases("lost-"))
def test_appeals_take_no_paragraph_with_them(language, manner):
    found = leaks(language, manner)
    assert not found.lost, "\n".join(["lost:", *found.lost])


def test_every_language_of_the_pages_has_appeals():
    assert set(LANGUAGES) == {table_of(fixture) for fixture in fixtures()}


def test_gaps_are_known_by_the_names_of_their_tests():
    names = {f"{kind}{manner}" for kind in ("", "lost-") for manner in MANNERS}
    assert all(names >= set(table.get("known_gaps", ())) for table in LANGUAGES.values())
    assert open_gaps("pt") == []
