import msgspec
import pytest

from archive.article import Article
from tests.pages.__main__ import close, close_leaks
from tests.pages.fixture import FIELDS, Fixture, fixtures

LANGUAGES = set("en de fr es it pt nl sv da no pl cs ru uk tr ar zh ja ko".split())
PAGE = """<html lang="en"><head><title>Wall</title></head><body><h1>Wall</h1><article>
<p>The harbour of Wexcombe will close to heavy ships for six weeks from Monday while divers repair the wall.</p>
<p>A storm in November tore a hole nine metres wide into the masonry, which dates from 1871, the port said.</p>
</article><aside>See also</aside></body></html>"""
EXPECTED = """url = "https://paper.example/wall"
headline = "Wall"
language = "en"
text = '''
The harbour of Wexcombe will close to heavy ships for six weeks from Monday while divers repair the wall.
A third paragraph.
'''
gone = ["See also", { text = "See  also!", kind = "appeal" }, "Not there"]
known_gaps = ["headline", "text"]

[[comments]]
author = "Rita"
text = "Good."
"""


@pytest.fixture
def fixture(tmp_path):
    (tmp_path / "page.html").write_text(PAGE, "utf-8")
    (tmp_path / "expected.toml").write_text(EXPECTED, "utf-8")
    return Fixture(tmp_path)


def test_what_is_right_makes_no_difference(fixture):
    assert [field for field in FIELDS if not fixture.difference(field)] == [
        *("headline", "standfirst", "authors", "published", "language", "kind", "updates")
    ]


def test_a_difference_shows_what_is_missing_and_what_is_foreign(fixture):
    assert fixture.difference("text").split("\n") == [
        "- missing: A third paragraph.",
        "+ foreign: A storm in November tore a hole nine metres wide into the masonry, which dates from 1871, "
        "the port said.",
    ]
    assert fixture.difference("comments") == "- missing: Rita · None · Good."


def test_furniture_must_be_among_what_was_removed(fixture):
    assert fixture.difference("gone").split("\n") == [
        "- removed as navigation, not as appeal: See  also!",
        "- not among what was removed: Not there",
    ]


@pytest.mark.parametrize("line", ['kond = "list"', 'known_gaps = ["txt"]', "authors = 3"])
def test_mistakes_in_expected_are_told(tmp_path, line):
    (tmp_path / "expected.toml").write_text(f'url = "https://paper.example/"\n{line}\n', "utf-8")
    with pytest.raises(ValueError, match=r"expected\.toml: "):
        _ = Fixture(tmp_path).expected


def test_closed_gaps_are_taken_out(fixture, capsys):
    close(fixture)
    assert Fixture(fixture.folder).expected.known_gaps == ("text",)
    assert capsys.readouterr().out.endswith(": closed headline\n")


def test_closed_leaks_are_taken_out(tmp_path, capsys):
    path = tmp_path / "appeals.toml"
    path.write_text('# Note.\n\n[pt]\nknown_gaps = ["bare"]\nappeals = []\n\n[de]\nappeals = []\n', "utf-8")
    close_leaks(path)
    assert path.read_text("utf-8") == "# Note.\n\n[pt]\nappeals = []\n\n[de]\nappeals = []\n"
    assert capsys.readouterr().out == "appeals.toml: closed bare of pt\n"


def test_fields_are_the_article_s():
    names = {*Article.__struct_fields__, "kind", "gone"}
    assert set(FIELDS) <= names


def test_the_pages_cover_the_languages_and_are_of_a_reasonable_size():
    found = fixtures()
    assert {(fixture.expected.language or "")[:2] for fixture in found} >= LANGUAGES
    assert all(1_000 < len(fixture.body) < 20_500 for fixture in found)
    assert len({fixture.expected.url for fixture in found}) == len(found)
    assert all(msgspec.json.encode(fixture.expected) for fixture in found)
