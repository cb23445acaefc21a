from __future__ import annotations

import pytest

from archive.storage import Store
from archive.web.scripts import Scripts, why_still
from tests.archive.web.rooms import REPLAY, STORM, Visitor

CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("scripts", "browser", "why"),
    [
        ("held", CHROMIUM, None),
        ("held", CHROMIUM.replace("156", "155"), "in your browser"),
        ("held", FIREFOX, "in your browser"),
        ("held", "", "in your browser"),
        ("always", FIREFOX, None),
        ("never", CHROMIUM, "switched off here"),
    ],
)
@pytest.mark.parametrize("path", ["/article", "/replay"])
def test_readers_are_told_where_scripts_do_not_run(
    store: Store, path: str, scripts: Scripts, browser: str, why: str | None
) -> None:
    sentence = why_still(scripts, browser)
    assert (sentence is None) == (why is None)
    visitor = Visitor(store, replay_origin=REPLAY, replay_scripts=scripts)
    page = visitor.get(path, {"User-Agent": browser}, url=STORM).text
    if sentence is None:
        assert "without scripts" in page
        assert "parts of this page" not in page
    else:
        assert why
        assert why in sentence
        assert sentence in page
        assert "without scripts" not in page  # there is nothing to choose


def test_where_nothing_is_replayed_nothing_is_said_of_scripts(store: Store) -> None:
    assert "scripts" not in Visitor(store).get("/replay", url=STORM).text.partition("<main")[2]
