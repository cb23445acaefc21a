import datetime as dt
import zoneinfo

import pytest

from archive.extraction.dates import parse_date

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def read(text, timezone="Europe/Istanbul", language=None, **more):
    return parse_date(text, timezone=timezone, language=language, now=NOW, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-02-19", "2013-02-19"),
        ("20130219", "2013-02-19"),
        ("2013/02/19", "2013-02-19"),
        ("2014-03-11T00:18", "2014-03-11T00:18:00+02:00"),
        ("2014-03-11 00:18:09", "2014-03-11T00:18:09+02:00"),
        ("2014-03-11T00:18:00Z", "2014-03-11T00:18:00+00:00"),
        ("20140311T001800Z", "2014-03-11T00:18:00+00:00"),
        ("2014-03-11T00:18:00-0530", "2014-03-11T00:18:00-05:30"),
        ("2014-03-11T00:18:00.250+01", "2014-03-11T00:18:00.250+01:00"),
        ("2014-03-11 00:18:00 +0000 UTC", "2014-03-11T00:18:00+00:00"),
        ("2014-03-11T00:18:00+01:00[Europe/Paris]", "2014-03-11T00:18:00+01:00"),
        ("1394489880", "2014-03-10T22:18:00+00:00"),
        ("1394489880000", "2014-03-10T22:18:00+00:00"),
    ],
)
def test_machine_dates(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 19 Feb 2013 15:00:00 GMT", "2013-02-19T15:00:00+00:00"),
        ("Tue, 19 Feb 2013 15:00 +0300", "2013-02-19T15:00:00+03:00"),
        ("Tue Feb 19 15:00:00 EST 2013", "2013-02-19T15:00:00-05:00"),
        ("Tue Feb 19 2013 15:00:00 GMT+0400 (Moscow Standard Time)", "2013-02-19T15:00:00+04:00"),
        ("May 3, 2024 3 p.m. ET", "2024-05-03T15:00:00-04:00"),
        ("Published 3:05 AM PDT, Fri May 3, 2024", "2024-05-03T03:05:00-07:00"),
        ("May 3rd, 2024 at 12:05 am", "2024-05-03T00:05:00+03:00"),
        ("12.05.2024, 10:20 CEST", "2024-05-12T10:20:00+02:00"),
    ],
)
def test_zones_in_the_text(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Last Mod: 11 Mart 2014, 00:18", "en", "2014-03-11T00:18:00+02:00"),
        ("Aktualisiert am 3. März 2024, 17.30 Uhr", "de", "2024-03-03T17:30:00+03:00"),
        ("Publié le 1er août 2023 à 07h45", "fr", "2023-08-01T07:45:00+03:00"),
        ("12 de mayo de 2024 a las 10:20", "es", "2024-05-12T10:20:00+03:00"),
        ("5 мая 2024 г. в 12:30", "ru", "2024-05-05T12:30:00+03:00"),
        ("2024年5月3日 12時30分", "ja", "2024-05-03T12:30:00+03:00"),
        ("2024.05.03 오후 6:40", "ko", "2024-05-03T18:40:00+03:00"),
        ("١١ مارس ٢٠١٤", "ar", "2014-03-11"),
        ("2014. március 3., hétfő", "hu", "2014-03-03"),
        ("Thứ ba, 11 tháng 3, 2014", "vi", "2014-03-11"),
        ("11.3.2014 klo 9.05", "fi", "2014-03-11T09:05:00+02:00"),
        ("07 Mei 2024, 10.30 WIB", "id", "2024-05-07T10:30:00+07:00"),
        ("MONDAY, 11 MARCH 2013", "en", "2013-03-11"),
    ],
)
def test_dates_in_words(text, language, expected):
    assert read(text, language=language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("11 მარტი 2014", "ka", "2014-03-11"),
        ("11. listopada 2014", "hr", "2014-10-11"),
        ("11. listopadu 2014", "cs", "2014-11-11"),
        ("11 มีนาคม 2557", "th", "2014-03-11"),
    ],
)
def test_the_language_of_the_page_helps_with_other_months(text, language, expected):
    assert read(text, language=language) == expected
    assert read(text, language=None) is None


def test_daylight_saving_time_of_that_day():
    assert read("2024-01-15 10:00", "Europe/Berlin") == "2024-01-15T10:00:00+01:00"
    assert read("2024-07-15 10:00", "Europe/Berlin") == "2024-07-15T10:00:00+02:00"


def test_the_sites_zone_explains_an_ambiguous_abbreviation():
    assert read("May 3, 2024 10:00 CST", "Asia/Shanghai") == "2024-05-03T10:00:00+08:00"
    assert read("Jan 3, 2024 10:00 CST", "America/Chicago") == "2024-01-03T10:00:00-06:00"


@pytest.mark.parametrize(
    ("language", "timezone", "expected"),
    [
        ("en-US", "UTC", "2014-03-04"),
        ("en-GB", "UTC", "2014-04-03"),
        ("fr", "UTC", "2014-04-03"),
        ("en", "America/New_York", "2014-03-04"),
        ("en", "Europe/London", "2014-04-03"),
        ("en", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_order_of_day_and_month(language, timezone, expected):
    assert read("03/04/2014", timezone, language) == expected


def test_order_that_only_one_reading_allows():
    assert read("23/04/2014", "UTC") == read("04/23/2014", "UTC") == "2014-04-23"
    assert read("03.04.2014", "UTC") == "2014-04-03"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "3 days ago",
        "March 2014",
        "11 March",
        "11/03/14",
        "31 February 2014",
        "2014-13-45",
        "2014-03-11T25:00:00Z",
        "2014-03-11T12:00:00+99:00",
        "0000-00-00 00:00:00",
        "9999-12-31T23:59:59-12:00",
        "Published 11 March 2014, updated 12 March 2014",
        "On 11 March 2014 the council met again to talk about the bridge",
        "x" * 100_000,
        "1394489880 1394489880",
    ],
)
def test_no_guessing(text):
    assert read(text, language="en") is None


def test_bounds():
    assert read("2026-06-02") == "2026-06-02"
    assert read("2026-06-03") is None
    assert read("2026-06-02T11:00:00Z") is not None
    assert read("2026-06-02T13:00:00Z") is None
    assert read("1921-05-03") is None
    assert read("1921-05-03", first_year=1900) == "1921-05-03"


def test_unknown_zone_of_the_site():
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        read("2014-03-11 00:18", timezone="Nowhere/Land")
    assert read("2014-03-11", timezone="Nowhere/Land") == "2014-03-11"
