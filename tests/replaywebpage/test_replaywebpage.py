"""Our packages in replayweb.page: its search, its verdict on the signature, and the pages as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Error, sync_playwright

from archive.article import Article
from archive.signing import SigningKey
from archive.storage import Store
from tests.archive.export.papers import FERRY, STORM, Opened, handed_over, keep_text, paper
from tests.archive.making import running
from tests.replaywebpage.client import CHROMIUM, FILES, client_files, needs_client
from tests.replaywebpage.server import serving

pytestmark = needs_client

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
SHELL = '<!doctype html><meta charset="utf-8"><title>Reader</title><script src="/ui.js"></script><body>'
READ_DATABASES = """
async (store) => {
    const found = [];
    for (const {name} of await indexedDB.databases()) {
        const database = await new Promise((resolve, reject) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => resolve(opening.result);
            opening.onerror = () => reject(opening.error);
        });
        if (database.objectStoreNames.contains(store)) {
            found.push(...await new Promise((resolve) => {
                const all = database.transaction(store).objectStore(store).getAll();
                all.onsuccess = () => resolve(all.result);
            }));
        }
        database.close();
    }
    return found;
}
"""


NUMBER = 4 + 70


def long_paper(root: Path) -> Store:
    """The paper with more pages than a block of the index holds, whose keys all begin with the storm's."""
    store = paper(root)
    with running(store, "ellery") as run:
        for n in range(70):
            url = f"https://www.ellery.test/2026/11/storm-{n:02}/"
            keep_text(run, url, Article(url=url, headline=f"Notice {n}", text="Nothing new."), html=b"<p>%d" % n)
    return store


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serves replayweb.page and two packages: one signed, one with some letters of its signature changed."""
    client = client_files()
    folder = tmp_path_factory.mktemp("site")
    store = long_paper(folder / "archive")
    key = SigningKey.make(folder / "key.pem")
    handed_over(store, folder / "good.wacz", key=key, versions="all", title="The storm")
    data = (folder / "good.wacz").read_bytes()
    signature = Opened(folder / "good.wacz").json("datapackage-digest.json")["signedData"]["signature"].encode()
    (folder / "altered.wacz").write_bytes(data.replace(signature, signature[4:8] + signature[4:]))
    files: dict[str, Path | bytes] = {f"/{name}": client / name for name in FILES}
    files |= {f"/replay/{name}": client / name for name in FILES}
    files |= {f"/{name}": folder / name for name in ("good.wacz", "altered.wacz")}
    # /replay/ is answered by the service worker, or by this if the frame is quicker than that.
    files["/app.html"] = files["/replay/"] = (SHELL + "<replay-app-main></replay-app-main>").encode()
    for name, url, moment in (
        ("twelve", STORM, "20261120090007"),
        ("unchanged", STORM, "20261120150000"),
        ("nine", STORM, "20261121090000"),
        ("old", "https://www.ellery.test/old", "20261120090000"),
        ("ferry", FERRY, "20261120100000"),
    ):
        html = SHELL + f'<replay-web-page style="height: 800px" source="/good.wacz" url="{url}" ts="{moment}"'
        files[f"/{name}.html"] = (html + ' replayBase="/replay/" embed="default"></replay-web-page>').encode()
    with serving(files) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, NOWHERE])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Any, origin: str) -> Iterator[Any]:
    """A tab of a fresh profile; at the end, nothing but the origin must have been asked."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    assert asked
    assert {urlsplit(url).netloc for url in asked if urlsplit(url).scheme in ("http", "https")} == {
        urlsplit(origin).netloc
    }


def until(tab: Any, store: str, wanted: Any) -> list[dict[str, Any]]:
    """What replayweb.page has in a store of its databases, as soon as that is `wanted`."""
    found: list[dict[str, Any]] = []
    for _ in range(300):
        found = tab.evaluate(READ_DATABASES, store)
        if wanted(found):
            return found
        tab.wait_for_timeout(200)
    raise AssertionError(json.dumps(found, indent=1)[:4000])


def verdict(tab: Any, origin: str, name: str) -> bool | None:
    """Whether replayweb.page says of a package that its signature matches."""
    tab.goto(f"{origin}/app.html?source={quote(f'{origin}/{name}', safe='')}#view=pages")
    found = until(tab, "verification", lambda rows: any(row["id"] == "signature" for row in rows))
    matched: bool | None
    (matched,) = (row["matched"] for row in found if row["id"] == "signature")
    return matched


def test_the_signature_matches(tab: Any, origin: str) -> None:
    assert verdict(tab, origin, "good.wacz") is True


def test_another_signature_does_not(tab: Any, origin: str) -> None:
    assert verdict(tab, origin, "altered.wacz") is False


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("caught", {"Storm keeps twelve boats out", "Storm keeps nine boats out"}),
        ("nine", {"Storm keeps nine boats out"}),
        ("planks", set()),
        ("plank", {"Ferry line two stops at noon"}),
        ("havnen", {"Isen går i havnen"}),
        ("Courier", set()),  # stands on every page, but in no text
    ],
)
def test_its_search_finds_the_clean_text(tab: Any, origin: str, words: str, titles: set[str]) -> None:
    source = quote(f"{origin}/good.wacz", safe="")
    tab.goto(f"{origin}/app.html?source={source}#view=pages&query={quote(words)}")
    until(tab, "pages", lambda rows: len(rows) == NUMBER)
    if titles:
        tab.locator("wr-page-entry").nth(len(titles) - 1).wait_for(timeout=60_000)
    else:
        tab.get_by_text("No matching pages found").wait_for(timeout=60_000)
    entries = [entry.evaluate("(e) => e.shadowRoot.textContent") for entry in tab.locator("wr-page-entry").all()]
    assert len(entries) == len(titles)
    assert all(any(title in entry for entry in entries) for title in titles), entries


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("twelve", "Twelve boats were caught", "Nine boats"),
        ("unchanged", "Twelve boats were caught", "Nine boats"),
        ("nine", "Nine boats were caught", "Twelve boats"),
        ("old", "Twelve boats were caught", "Nine boats"),
        ("ferry", "The last ferry of line two", "boats"),
    ],
)
def test_pages_are_shown_as_they_were(tab: Any, origin: str, name: str, shown: str, hidden: str) -> None:
    tab.goto(f"{origin}/{name}.html")
    frame = replayed(tab, shown)
    text = frame.inner_text("body")
    assert hidden not in text
    assert "Support the Ellery Courier" in text  # the page itself, not our text of it
    if name in ("twelve", "old"):
        assert frame.eval_on_selector("img", "async (img) => { await img.decode(); return img.naturalWidth }") == 1
        assert frame.eval_on_selector("h1", "(h1) => getComputedStyle(h1).color") == "rgb(0, 0, 128)"


def replayed(tab: Any, shown: str) -> Any:
    """The frame that shows an archived page, as soon as a text is in it."""
    texts = []
    for _ in range(300):
        for frame in tab.frames:
            with suppress(Error):  # it may be leaving just now
                if "mp_/" in frame.url and shown in (text := frame.inner_text("body", timeout=1000)):
                    return frame
                texts.append(text[:200] if "mp_/" in frame.url else "")
        tab.wait_for_timeout(200)
    raise AssertionError(texts[-3:])
