"""Source definitions: what they say of a URL, and one sentence with file, line and key for every fault."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.settings import Settings

from archive.errors import SourceError
from archive.rules import Reading, SiteRules
from crawler.source import Source, known_reading, load_source, load_sources, project_folder

GOOD = 'title = "Gazette"\nhome = "http://gazette.example/"\narticle_urls = ["/a/.*"]\n'


def write(folder: Path, text: str | bytes, name: str = "gazette") -> Path:
    path = folder / f"{name}.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def fault(folder: Path, text: str | bytes, name: str = "gazette") -> str:
    """The sentence that a definition earns, without the file's name, which must be its beginning."""
    path = write(folder, text, name)
    with pytest.raises(SourceError) as error:
        load_source(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path}")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}")


def source(**fields: Any) -> Source:
    given: dict[str, Any] = {"name": "gazette", "title": "G", "home": "http://gazette.example/"}
    return Source(**{**given, "article_urls": ("/a/.*",), **fields})


# Loading


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        title = "The Gazette"
        home = "https://www.gazette.example/en"
        hosts = ["gazette.example", "gazette-blogs.example"]
        language = "en"
        timezone = "Asia/Kathmandu"
        feeds = ["/rss"]
        sitemaps = ["/news.xml"]
        sections = ["/", "/sport"]
        article_urls = ['/\\d+', '/old/.*']

        [[rules]]
        until = 2019-12-31
        note = "the first layout"
        body = "div.text"
        remove = [".ad", "aside"]
        remove_text = ["Read more.*"]

        [[rules]]
        from = 2020-01-01
        headline = "h1.top"
    """
    found = load_source(write(tmp_path, text))
    assert found == Source(
        name="gazette",
        title="The Gazette",
        home="https://www.gazette.example/en",
        hosts=("gazette.example", "gazette-blogs.example"),
        language="en",
        timezone="Asia/Kathmandu",
        feeds=("/rss",),
        sitemaps=("/news.xml",),
        sections=("/", "/sport"),
        article_urls=(r"/\d+", "/old/.*"),
        rules=(
            SiteRules(
                until=dt.date(2019, 12, 31),
                note="the first layout",
                body="div.text",
                remove=(".ad", "aside"),
                remove_text=("Read more.*",),
            ),
            SiteRules(from_=dt.date(2020, 1, 1), headline="h1.top"),
        ),
    )


def test_the_day_of_capture_picks_the_rules() -> None:
    early, late = SiteRules(until=dt.date(2019, 12, 31)), SiteRules(from_=dt.date(2020, 1, 1))
    of_2019 = source(rules=(late, early), timezone="Asia/Tokyo", language="ja").reading(dt.date(2019, 12, 31))
    assert of_2019 == Reading(timezone="Asia/Tokyo", language="ja", rules=early)
    assert source(rules=(early, late)).reading(dt.date(2020, 1, 1)).rules == late
    assert source(rules=(early,)).reading(dt.date(2020, 1, 1)).rules is None


RULES = GOOD + '\n[[rules]]\nfrom = 2019-01-01\nbody = "div"\n\n[[rules]]\nnote = "later"\n'
FAULTS: dict[str, tuple[str, int, str, str]] = {
    # name: definition, line, key, words
    "no title": (GOOD.replace("title", "#"), 1, "title", "is missing"),
    "no home": (GOOD.replace("home", "#"), 1, "home", "is missing"),
    "empty": ("", 1, "title", "is missing"),
    "unknown": (GOOD + "\n# a note\nfeed = []\n", 6, "feed", "is not a key"),
    "unknown quoted": (GOOD + '"the feed" = []\n', 4, "the feed", "is not a key"),
    "title": (GOOD.replace('"Gazette"', "7"), 1, "title", "`str`"),
    "spaces": (GOOD.replace("title =", "  title\t =").replace('"Gazette"', "true"), 1, "title", "`str`"),
    "element": (GOOD + 'feeds = [\n  "/rss",\n  4,\n]\n', 4, "feeds.1", "`str`"),
    "hosts": (GOOD + 'hosts = "gazette.example"\n', 4, "hosts", "`array`"),
    "pattern": (GOOD.replace('"/a/.*"', r"'/(?P<x>a)(?P<x>b)'"), 3, "article_urls.0", "no regular expression"),
    "no pattern": (GOOD.replace('"/a/.*"', ""), 3, "article_urls", "at least one"),
    "relative home": (GOOD.replace("http://gazette.example", ""), 2, "home", "no http or https URL"),
    "home without host": (GOOD.replace("gazette.example/", "/x"), 2, "home", "no http or https URL"),
    "zone": (GOOD + 'timezone = "CEST"\n', 4, "timezone", "IANA"),
    "zone outside": (GOOD + 'timezone = "../../etc/passwd"\n', 4, "timezone", "IANA"),
    "zone folder": (GOOD + 'timezone = "Europe"\n', 4, "timezone", "IANA"),
    "zone null": (GOOD + 'timezone = "\\u0000"\n', 4, "timezone", "IANA"),
    "rule key": (RULES + 'text = "p"\n', 11, "rules.1.text", "is not a key"),
    "rule key first": (RULES.replace("from", "form"), 6, "rules.0.form", "is not a key"),
    "rule type": (RULES + "remove = 3\n", 11, "rules.1.remove", "`array`"),
    "rule element": (RULES + "remove_text = ['x', 1]\n", 11, "rules.1.remove_text.1", "`str`"),
    "rule pattern": (RULES + "remove_text = ['x', '*']\n", 11, "rules.1.remove_text.1", "no regular expression"),
    "rule remove": (RULES + "remove = ['p', 'p >']\n", 11, "rules.1.remove.1", "no CSS selector"),
    "rule day": (RULES + 'until = "2020-02-30"\n', 11, "rules.1.until", "date"),
    "rule moment": (RULES + "until = 2020-02-03T04:05:06Z\n", 11, "rules.1.until", "date"),
    "rule span": (RULES.replace("body", "until = 2018-12-31\nbody"), 7, "rules.0.until", "until is before from"),
    "rule selectors": (RULES + 'body = "p::first-line"\n', 11, "rules.1.body", "no CSS selector"),
}  # fmt: skip
for _field in ("body", "headline", "standfirst", "authors", "published", "modified", "comments"):
    FAULTS[f"selector {_field}"] = (f'{RULES}{_field} = "p["\n', 11, f"rules.1.{_field}", "no CSS selector")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_file_line_and_key(name: str, tmp_path: Path) -> None:
    text, line, key, words = FAULTS[name]
    sentence = fault(tmp_path, text)
    assert sentence.startswith(f", line {line}, key {key!r}: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (GOOD + '\n\n[rules]\nbody = "p"\n', 6, "rules"),
        (GOOD + '\n\nrules = [{body = "p["}]\n', 6, "rules.0.body"),
        (GOOD + "\n\n[tempo]\nhours = 3\n", 6, "tempo"),
        (GOOD + "\n\n[cadence]\nhours = 3\n", 7, "cadence.hours"),
    ],
    ids=["one-table", "inline-table", "unknown-table", "unknown-key"],
)
def test_the_line_of_other_tables(text: str, line: int, key: str, tmp_path: Path) -> None:
    assert fault(tmp_path, text).startswith(f", line {line}, key {key!r}: ")


@pytest.mark.parametrize("text", ["title = ", "= 1", "title = 'a'\ntitle = 'b'", "[[rules]\n", "a = 2026-13-01", "\0"])
def test_what_is_no_toml_is_named_with_its_line(text: str, tmp_path: Path) -> None:
    sentence = fault(tmp_path, GOOD + text)
    assert "is not valid TOML" in sentence
    assert re.search(r"line \d", sentence) or "end of document" in sentence


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "dangling.toml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, GOOD.replace("Gazette", "Caf\xe9").encode("latin-1"), "latin")
    write(tmp_path, GOOD, "good")
    sources, errors = load_sources(tmp_path)
    assert sources.keys() == {"good"}
    assert errors.keys() == {"folder", "dangling", "latin"}
    assert "Is a directory" in str(errors["folder"])
    assert "No such file" in str(errors["dangling"])
    assert "UTF-8" in str(errors["latin"])


@pytest.mark.parametrize("name", ["Gazette", "the-gazette", "2nd", "gaz.ette", "газета", "_gazette", "ga zette"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    assert "is no name" in fault(tmp_path, GOOD, name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD.replace("gazette.example/", "["), id="home-bracket"),
        pytest.param(GOOD.replace("gazette.example/", "\N{ACCOUNT OF}.example/"), id="home-nfkc"),
        pytest.param(GOOD + "x = " + "[" * 6000, id="nested-arrays"),
        pytest.param(GOOD + "x = " + "1" * 5000, id="long-number"),
        pytest.param(GOOD.replace("/a/.*", "a{99999999999999999999}"), id="repeated-too-often"),
        pytest.param(GOOD.replace("/a/.*", "(" * 5000 + ")" * 5000), id="nested-groups"),
    ],
)
def test_nothing_but_source_errors(text: str, tmp_path: Path) -> None:
    fault(tmp_path, text)


@pytest.mark.parametrize("line", ['name = "other"', 'hosts = ["http://gazette.example/"]', 'feeds = ["http://[x"]'])
def test_what_can_not_be_meant_is_refused(line: str, tmp_path: Path) -> None:
    """The file's stem is the name; a host is a host; a feed's URL has to be one."""
    assert fault(tmp_path, f"{GOOD}{line}\n").startswith(f", line 4, key '{line.split(maxsplit=1)[0]}")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert load_source(write(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())).title == "Gazette"


def test_a_selector_that_lxml_cannot_use_is_refused(tmp_path: Path) -> None:
    assert "no CSS selector" in fault(tmp_path, GOOD + "\n[[rules]]\nbody = '[title=\"\\1 \"]'\n")


# Any text

_texts = st.text(st.characters(codec="utf-8"), max_size=30)
_keys = st.sampled_from(
    "title home hosts language timezone feeds sitemaps sections article_urls rules from until body remove x".split()
)
_scalars = st.one_of(
    _texts.map(json.dumps),
    st.sampled_from(["true", "7", "-1.5", "2020-01-01", "nan", "'http://g.example/'", "'UTC'", "'a[b'", "'(x'"]),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(_keys, inner).map(lambda pair: f"{{{pair[0]} = {pair[1]}}}"),
    ),
    max_leaves=5,
)
_lines = st.one_of(
    st.tuples(_keys, _values).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.sampled_from(["[[rules]]", "[rules]", "[x.y]", "", "# feeds = 3"]),
    _texts,
)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def check_any(folder: Path, text: str) -> None:
    """The definition is read, or its fault is named with a line that there is."""
    path = write(folder, text)
    try:
        found = load_source(path)
    except SourceError as error:
        assert str(error).startswith(f"{path}")
        assert str(error).endswith(".")
        if named := re.match(r", line (\d+), key '", str(error).removeprefix(f"{path}")):
            assert 1 <= int(named[1]) <= max(len(text.splitlines()), 1)
    else:
        assert found.article_urls
        found.is_article("http://g.example/a/1")


@settings(deadline=None, derandomize=True, max_examples=150)
@given(text=_texts)
def test_any_text_is_read_or_refused_with_a_source_error(text: str, scratch: Path) -> None:
    check_any(scratch, text)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(lines=st.lists(_lines, max_size=6), good=st.booleans())
def test_any_definition_is_read_or_refused_with_a_source_error(lines: list[str], good: bool, scratch: Path) -> None:
    check_any(scratch, (GOOD if good else "") + "\n".join(lines))


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    order=st.permutations(["title", "home", "language", "timezone", "feeds", "article_urls"]),
    wrong=st.sampled_from(["title", "home", "language", "timezone", "feeds", "article_urls"]),
    gaps=st.lists(st.sampled_from(["", "# title = 1", "   # home = 2", "\t"]), min_size=7, max_size=7),
)
def test_the_line_is_the_line_of_the_key(order: list[str], wrong: str, gaps: list[str], scratch: Path) -> None:
    values = {
        "title": '"G"',
        "home": '"http://g.example/"',
        "language": '"en"',
        "timezone": '"UTC"',
        "feeds": '["/rss"]',
        "article_urls": '["/a"]',
    }
    lines = []
    for key, gap in zip(order, gaps, strict=False):
        lines += [gap, f"{key} = {'1' if key == wrong else values[key]}"]
    at = 2 * order.index(wrong) + 2
    assert fault(scratch, "\n".join(lines)).startswith(f", line {at}, key {wrong!r}: ")


# Folders


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    for name in ("a", "c"):
        write(tmp_path, GOOD, name)
    write(tmp_path, "title =", "b")
    (tmp_path / "notes.txt").write_text("no definition")
    sources, errors = load_sources(tmp_path)
    assert list(sources) == ["a", "c"]
    assert list(errors) == ["b"]
    assert sources["a"].name == "a"


def test_a_folder_that_is_not_there_holds_no_sources(tmp_path: Path) -> None:
    assert load_sources(tmp_path / "nowhere") == ({}, {})


def test_the_project_folder_is_that_of_scrapy_cfg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert project_folder() == tmp_path
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "scrapy.cfg").write_text("[settings]\n")
    monkeypatch.chdir(below)
    assert project_folder() == tmp_path


def test_the_reading_of_a_known_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rules = "\n[[rules]]\nuntil = 2020-01-01\nbody = 'p'\n"
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    write(tmp_path / "first", GOOD + 'timezone = "Asia/Tokyo"\n' + rules, "one")
    write(tmp_path / "second", GOOD.replace("gazette", "herald") + 'timezone = "Asia/Dili"\n', "two")
    write(tmp_path / "second", "title =", "broken")
    given = Settings({"SOURCES": ["first", "second", "nowhere"]})
    assert known_reading(given, "http://www.gazette.example/x").timezone == "Asia/Tokyo"
    assert known_reading(given, "http://www.gazette.example/x").rules is None
    assert known_reading(given, "http://gazette.example/x", dt.date(2019, 1, 1)).rules == SiteRules(
        until=dt.date(2020, 1, 1), body="p"
    )
    assert known_reading(given, "https://herald.example/").timezone == "Asia/Dili"
    assert known_reading(given, "https://other.example/") == Reading()
    assert known_reading(given, "") == Reading()
    assert known_reading(Settings(), "http://gazette.example/x") == Reading()


def test_the_reading_of_what_is_no_url(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert known_reading(Settings({"SOURCES": [str(tmp_path)]}), "http://[gazette/") == Reading()


def test_the_reading_is_that_of_the_last_folder(tmp_path: Path) -> None:
    """`settings/base.py`: later folders win; so it is for spiders."""
    for name, zone in (("a", "Asia/Tokyo"), ("b", "Asia/Dili")):
        (tmp_path / name).mkdir()
        write(tmp_path / name, f'{GOOD}timezone = "{zone}"\n')
    given = Settings({"SOURCES": [str(tmp_path / "a"), str(tmp_path / "b")]})
    assert known_reading(given, "http://gazette.example/").timezone == "Asia/Dili"


# URLs


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("http://gazette.example/", True),
        ("https://www.gazette.example/a", True),
        ("http://a.b.gazette.example", True),
        ("http://GAZETTE.Example/", True),
        ("http://gazette.example./", True),
        ("http://gazette.example:8080/", True),
        ("http://user:word@gazette.example/", True),
        ("//gazette.example/a", True),
        ("http://evil-gazette.example/", False),
        ("http://gazette.example.evil.example/", False),
        ("http://gazette.example@evil.example/", False),
        ("http://evil.example/?gazette.example", False),
        ("http://evil.example/gazette.example", False),
        ("http://evil.example#@gazette.example", False),
        ("http://example/", False),
        ("http://azette.example/", False),
        ("mailto:editor@gazette.example", False),
        ("/a/1", False),
        ("", False),
    ],
)
def test_hosts_that_are_owned(url: str, owned: bool) -> None:
    for home in ("http://gazette.example/", "https://www.gazette.example/en", "HTTPS://WWW.Gazette.Example:444"):
        assert source(home=home).owns(url) is owned
    assert source(home="http://elsewhere.example/", hosts=("gazette.example",)).owns(url) is owned


def test_named_hosts_replace_that_of_the_home_page() -> None:
    named = source(hosts=("news.gazette.example", "archive.example"))
    assert named.owns("http://news.gazette.example/")
    assert named.owns("http://old.archive.example/")
    assert not named.owns("http://gazette.example/")
    assert not named.owns("http://www.gazette.example/")


def test_a_source_without_a_home_owns_nothing() -> None:
    assert not source(home="").owns("http://gazette.example/")
    assert not source(home="").owns("")


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"home": "http://gazette.example./"}, "http://gazette.example/a/1"),
        ({"hosts": ("Gazette.Example",)}, "http://gazette.example/a/1"),
        ({"hosts": ("gazette.example.",)}, "http://gazette.example/a/1"),
        ({"home": "http://газета.example/"}, "http://xn--80aahjj1e.example/a/1"),
        ({"hosts": ("xn--80aahjj1e.example",)}, "http://газета.example/a/1"),
    ],
    ids=["home-dot", "hosts-case", "hosts-dot", "home-unicode", "hosts-punycode"],
)
def test_one_host_may_be_written_in_several_ways(fields: dict[str, Any], url: str) -> None:
    """Links out of a section page always come with the host in lower case and punycode."""
    assert source(**fields).is_article(url)


def test_an_article_url_matches_as_a_whole_with_its_query() -> None:
    found = source(article_urls=(r"/a/\d+", r"/\?id=\d+"))
    for url in ("/a/1", "/?id=7", "/a/1#comments"):
        assert found.is_article(f"http://gazette.example{url}"), url
    for url in ("/a/1/", "/a/1?page=2", "/b/a/1", "/a/", "/?id=7&x=1", "/?x=1&id=7", "/A/1", "/", "", "?id=7"):
        assert not found.is_article(f"http://gazette.example{url}"), url
    assert not found.is_article("http://other.example/a/1")


@pytest.mark.parametrize("url", [f"{scheme}://gazette.example/a/1" for scheme in ("ftp", "file", "javascript")])
def test_an_article_url_is_http(url: str) -> None:
    assert not source().is_article(url)


@pytest.mark.parametrize("url", ["http://[", "http://[gazette.example/a/1", "http://gazette\N{ACCOUNT OF}.example/a/1"])
def test_what_is_no_url_is_no_article(url: str) -> None:
    assert not source().is_article(url)


def test_at_another_home() -> None:
    blog = source(home="", timezone="Asia/Tokyo", feeds=("/feed",)).at("https://one.blogs.example/")
    assert (blog.home, blog.timezone, blog.feeds) == ("https://one.blogs.example/", "Asia/Tokyo", ("/feed",))
    assert blog.is_article("https://one.blogs.example/a/1")
    assert not blog.is_article("https://two.blogs.example/a/1")
    assert not blog.is_article("https://blogs.example/a/1")


@pytest.mark.parametrize("home", ["one.example", "ftp://a.example", "http://", "https:b.example", " ", "//c.example"])
def test_at_what_is_no_home(home: str) -> None:
    with pytest.raises(SourceError, match=re.escape(f"-a home={home}: ")):
        source(home="").at(home)


def test_at_a_home_that_is_no_url() -> None:
    with pytest.raises(SourceError):
        source().at("http://[")


def test_definitions_survive_a_copy_elsewhere(tmp_path: Path) -> None:
    """Nothing in a definition depends on where its folder lies."""
    real = Path(__file__).parents[2] / "settings" / "sources"
    copied = Path(shutil.copytree(real, tmp_path / "copied"))
    assert load_sources(copied) == load_sources(real)


# Schedules

SCHEDULED = """title = "Gazette"
home = "http://gazette.example/"
article_urls = ["/a/.*"]
timezone = "Europe/Berlin"
{0}
"""


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            'schedule = "61 * * * *"',
            "line 5, key 'schedule': '61 * * * *' is no cron expression (its minute is wrong).",
        ),
        ("schedule = 30", "line 5, key 'schedule': 30 is no schedule such as 'every 45 minutes' or"),
        (
            '[schedule]\nwhen = "every hour"\njitter = "long"',
            "line 7, key 'schedule.jitter': 'long' is no length of time",
        ),
        ('[schedule]\nwhen = "every hour"\noften = 1', "line 7, key 'schedule.often': is not a key of"),
        ("[schedule]\nretries = 1", "line 5, key 'schedule.when': is missing."),
    ],
)
def test_a_wrong_schedule_is_named_with_its_line(lines: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "gazette.toml"
    file.write_text(SCHEDULED.format(lines))
    with pytest.raises(SourceError) as error:
        load_source(file)
    assert str(error.value).startswith(f"{file}, {message}")


def test_schedules_are_texts_or_tables(tmp_path: Path) -> None:
    file = tmp_path / "gazette.toml"
    file.write_text(SCHEDULED.format('schedule = "0 6 * * *"'))
    short = load_source(file).schedule
    file.write_text(SCHEDULED.format('[schedule]\nwhen = "0 6 * * *"\ntimezone = "Europe/Berlin"'))
    assert short == load_source(file).schedule
    assert short is not None and (short.when, short.timezone) == ("0 6 * * *", "Europe/Berlin")
