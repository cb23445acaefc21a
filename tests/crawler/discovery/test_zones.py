"""The zone of a site."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from crawler.discovery.zones import _ZONES, Zone, zone_of

SUMMER, WINTER = "2026-07-01T12:00:00", "2026-11-20T12:00:00"


@pytest.mark.parametrize(
    ("dates", "domain", "region", "language", "name", "is_guess"),
    [
        ([f"{WINTER}+03:00"], "tr", None, "tr", "Europe/Istanbul", False),
        ([f"{WINTER}+03:00"], "com", None, "ru", "Europe/Moscow", True),
        ([f"{WINTER}+09:00"], "com", None, "ja", "Asia/Tokyo", False),
        ([f"{WINTER}-05:00", f"{SUMMER}-04:00"], "com", "US", "en-US", "America/New_York", False),
        ([f"{WINTER}-08:00"], "com", "US", "en-US", "America/Los_Angeles", False),
        ([f"{WINTER}+10:00"], "ru", None, "ru", "Asia/Vladivostok", False),
        ([f"{SUMMER}+02:00"], "example", None, "es", "Europe/Madrid", True),
        ([f"{WINTER}+05:30"], "com", None, None, "Asia/Kolkata", True),
        ([f"{WINTER}+00:00"], "uk", None, "en", "Europe/London", True),
        ([f"{WINTER}+00:00"], "com", None, "de", "Europe/Berlin", True),
        (["2026-11-20", WINTER], "co", None, None, "America/Bogota", True),
        ([], "example", None, None, "UTC", True),
        ([f"{WINTER}+03:17"], "de", None, "de", "Europe/Berlin", True),
    ],
)
def test_zones(
    dates: list[str], *, domain: str, region: str | None, language: str | None, name: str, is_guess: bool
) -> None:
    zone = zone_of(dates, domain=domain, region=region, language=language)
    assert (zone.name, zone.is_guess) == (name, is_guess)
    assert zone.why


def test_one_date_of_elsewhere_among_many_does_not_mislead() -> None:
    dates = [f"{WINTER}+01:00"] * 19 + [f"{WINTER}-05:00"]
    assert zone_of(dates, domain="de", region=None, language="de").name == "Europe/Berlin"


def test_every_zone_is_one() -> None:
    for zones in _ZONES.values():
        for name in zones:
            assert ZoneInfo(name)
    assert isinstance(zone_of([], domain="", region="XX", language="zz"), Zone)
