"""Finds the pages in the folders here: each field of each ``expected.toml`` is a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.fixture import FIELDS, Fixture


class WrongField(AssertionError):
    """A field was read wrongly."""


class FieldItem(pytest.Item):
    """One field of one page."""

    def __init__(self, *, fixture: Fixture, **more: Any) -> None:
        super().__init__(**more)
        self.fixture = fixture
        if self.name in fixture.expected.known_gaps:
            gap = f"{self.name} is in known_gaps; if it passes, take it out"
            self.add_marker(pytest.mark.xfail(raises=WrongField, strict=True, reason=gap))

    def runtest(self) -> None:
        if difference := self.fixture.difference(self.name):
            raise WrongField(difference)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, WrongField):
            return f"{self.fixture.name}: {self.name}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.fixture.name}: {self.name}"


class PageFile(pytest.File):
    """One ``expected.toml``."""

    def collect(self) -> Iterator[FieldItem]:
        fixture = Fixture(self.path.parent)
        for field in FIELDS:
            yield FieldItem.from_parent(self, name=field, fixture=fixture)


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> PageFile | None:
    return PageFile.from_parent(parent, path=file_path) if file_path.name == "expected.toml" else None
