"""Each seed as a page in the manners of its site: what the extractor reads from it."""

from __future__ import annotations

import datetime as dt
from functools import cache

import msgspec
import pytest

from archive import extract
from crawler.source import load_source
from tests.seeds.findings import ASPECTS, findings
from tests.seeds.page import MANNERS, render, url_of
from tests.seeds.seed import NAMES, ROOT, SHARED, Seed

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the seeds are in {SHARED}, which isn't there")


@cache
def _findings(name: str, manner: str) -> dict[str, str]:
    seed, how = Seed.load(name), next(m for m in MANNERS[name] if m.name == manner)
    source = load_source(ROOT / "settings" / "sources" / f"{name}.toml")
    page = render(seed, how)
    article = extract(page, url=url_of(seed, how), reading=source.reading(dt.date.today()))
    return findings(seed, how, page, msgspec.to_builtins(article))


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("name", "manner"), [(n, m.name) for n in NAMES for m in MANNERS[n]])
def test_page(name: str, manner: str, aspect: str) -> None:
    found = _findings(name, manner)
    assert not found.get(aspect), found[aspect]
