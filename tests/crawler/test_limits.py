"""What reading a page may take, as the settings say it."""

from __future__ import annotations

import pytest
from scrapy.settings import BaseSettings

from crawler.limits import Limits
from settings import base


def test_a_project_without_the_settings_has_the_limits_of_ours() -> None:
    given = {name: getattr(base, name) for name in dir(base) if name.startswith("EXTRACT_")}
    assert len(given) == 3
    assert Limits.of(BaseSettings()) == Limits.of(BaseSettings(given))


def test_the_settings_may_be_text_of_the_command_line() -> None:
    given = {"EXTRACT_WORKERS": "3", "EXTRACT_TIMEOUT": "1.5", "EXTRACT_MEMORY": "1000"}
    assert Limits.of(BaseSettings(given)) == Limits(3, 1.5, 1000)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        Limits.of(BaseSettings({"EXTRACT_TIMEOUT": "soon"}))
