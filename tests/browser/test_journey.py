"""A reader's way through the reading room over the demo's archive, in Chromium."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from tests.archive.serving.pywb import pywb_python
from tests.browser.eyes import focus_fault, looks, nameless
from tests.browser.served import REAL
from tests.browser.visitor import Visitor, lines, story

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

pytestmark = REAL

BRIDGE = story("swing-bridge-to-close")
LIFEBOAT = story("lifeboat-crew-tow")
WITHDRAWN = story("what-the-water-compact")
AGENCY = story("fourteen-towns", "harbour_courier")
REPRINT = story("fourteen-towns", "kestrel_valley_review")
MORNING, EVENING = "Close for Six Weeks", "Close for Eight Weeks"


def address(path: str, **parameters: str) -> str:
    """A path of the reading room."""
    return f"{path}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())


def open_article(page: Page, words: str, headline: str) -> None:
    """By way of search."""
    page.goto("/")
    page.get_by_role("searchbox", name="Words to search for").fill(words)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=headline).click()
    page.get_by_role("heading", level=1, name=headline).wait_for()


def texts(found: Locator) -> list[str]:
    """The texts of elements, white space folded."""
    return [" ".join(text.split()) for text in found.all_inner_texts()]


def original(page: Page) -> FrameLocator:
    """What stands in the frame."""
    return page.frame_locator("iframe")


# Search


def test_a_word_is_found_in_all_its_forms_and_marked(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("lifeboats barges")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("status").inner_text() == "1 article for “lifeboats barges”"
    hit = page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=2))
    assert texts(hit.get_by_role("heading")) == [LIFEBOAT.evening.headline]
    marked = {text.lower() for text in texts(hit.locator("mark"))}
    assert {"lifeboat", "barge"} <= marked
    assert len(texts(hit.locator(".snippet mark"))) >= 2
    assert page.get_by_role("searchbox").input_value() == "lifeboats barges"


def test_filters_narrow_what_is_found(page: Page) -> None:
    page.goto("/search?q=bridge")
    before = page.locator(".hit").count()
    page.get_by_label("Source").select_option("harbour_courier")
    page.get_by_role("button", name="Search").click()
    assert 0 < page.locator(".hit").count() < before
    assert set(texts(page.locator(".hit .facts a[href^='/source/']"))) == {"The Harbour Courier"}
    page.get_by_label("Published from").fill("2026-09-15")
    page.get_by_role("button", name="Search").click()
    assert "Nothing was found" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="search without them").click()
    assert page.locator(".hit").count() == before
    page.goto("/")
    page.get_by_label("Language").select_option("es")
    page.get_by_role("button", name="Search").click()
    assert set(texts(page.locator(".hit .facts a[href^='/source/']"))) == {"El Eco de Valdarroyo"}


def test_a_fault_in_the_query_is_explained_at_its_place(page: Page, visitor: Visitor) -> None:
    visitor.expect("/search?q=harbour+%22swing+bridge&source=&language=&since=&until=", 400)
    page.goto("/")
    page.get_by_role("searchbox").fill('harbour "swing bridge')
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    assert "never closed" in alert.inner_text()
    assert alert.locator("mark").inner_text() == '"swing bridge'
    assert page.get_by_role("searchbox").input_value() == 'harbour "swing bridge'


def test_nothing_found_is_said(page: Page) -> None:
    page.goto("/search?q=zeppelin")
    assert "Nothing was found for “zeppelin”" in page.get_by_role("status").inner_text()
    assert page.locator(".hit").count() == 0


# An article


def test_an_article_reads_as_it_was_printed(page: Page) -> None:
    open_article(page, "swing bridge", BRIDGE.evening.headline)
    clean = page.get_by_role("article", name="Clean text")
    assert texts(clean.locator(".text > p")) == lines(BRIDGE.evening)
    assert BRIDGE.evening.standfirst in texts(clean.locator(".standfirst"))
    assert "Mara Penhallow" in clean.locator(".byline").inner_text()
    assert "changed 14 September 2026, 18:20 +01:00" in clean.locator(".byline").inner_text()
    assert page.title() == f"{BRIDGE.evening.headline} · Reading room"


def test_what_was_removed_is_shown_in_place_and_by_rule(page: Page, visitor: Visitor) -> None:
    open_article(page, "lifeboat", LIFEBOAT.evening.headline)
    clean = page.get_by_role("article", name="Clean text")
    letter = clean.get_by_text("Our newsroom is four people above a chandler’s shop.")
    assert not letter.is_visible()
    page.get_by_label("Show what was removed").check()
    assert letter.is_visible()
    # The paper sets its letter behind the fourth paragraph, and related articles behind the second.
    shown = clean.locator(".text > *:visible").all_inner_texts()
    rows = [" ".join(row.split()) for row in shown]
    at = {line: rows.index(line) for line in lines(LIFEBOAT.evening)}
    fourth, fifth = lines(LIFEBOAT.evening)[3:5]
    second, third = lines(LIFEBOAT.evening)[1:3]
    between = " ".join(rows[at[fourth] + 1 : at[fifth]])
    assert "Removed: appeal" in between
    assert "Dear readers," in between
    assert "Remind me next month." in between
    assert "Related articles:" in " ".join(rows[at[second] + 1 : at[third]])
    # Every block that was removed stands somewhere, once.
    removed = visitor.ask("/api/article", url=LIFEBOAT.url)["article"]["trace"]["removed"]
    for summary in clean.locator(".removed summary").all():
        summary.click()
    found = sorted(texts(clean.locator(".removed .blocks li:visible")))
    assert found == sorted(" ".join(block["text"].split()) for block in removed)
    # One kind can be left out.
    appeals = [block for block in removed if block["kind"] == "appeal"]
    page.get_by_role("checkbox", name=re.compile("^appeal")).uncheck()
    assert not letter.is_visible()
    assert clean.locator(".removed .blocks li:visible").count() == len(removed) - len(appeals) > 0
    assert page.locator(".kinds b", has_text="appeal").locator("xpath=following-sibling::span").inner_text() == str(
        len(appeals)
    )


# Replay


def test_the_frame_shows_the_page_with_its_image_and_stylesheet(page: Page, visitor: Visitor) -> None:
    open_article(page, "lifeboat", LIFEBOAT.evening.headline)
    frame = original(page)
    assert " ".join(frame.get_by_role("heading", level=1).inner_text().split()) == LIFEBOAT.evening.headline
    assert frame.get_by_text("Tobias Wren, 26, had").is_visible()
    head = frame.locator(".site-header")
    assert head.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(18, 57, 77)"
    assert "Georgia" in frame.locator("body").evaluate("e => getComputedStyle(e).fontFamily")
    image = frame.locator("figure img")
    image.scroll_into_view_if_needed()
    page.wait_for_function("() => true")
    assert image.evaluate("async e => { await e.decode(); return [e.complete, e.naturalWidth > 0]; }") == [True, True]
    box = image.bounding_box()
    assert box
    assert box["width"] > 100
    # All of it came from the archive, at the time that stands above the frame.
    date = page.locator(".original-head time").get_attribute("datetime")
    (version,) = (v for v in visitor.versions(LIFEBOAT.url) if v["date"] == date)
    assert version["date"] == visitor.versions(LIFEBOAT.url)[-1]["date"]
    stamp = re.sub(r"\D", "", version["date"])
    framed = [r for r in visitor.witnesses[0].requests if r.url.startswith(visitor.served.replay)]
    assert sum(f"/{stamp}mp_/{LIFEBOAT.url}" in r.url for r in framed) == 1
    kinds = {r.resource_type for r in framed}
    assert {"document", "image", "stylesheet"} <= kinds


def test_morning_and_evening_replay_differently(page: Page, visitor: Visitor) -> None:
    morning, evening = visitor.versions(BRIDGE.url)
    page.goto(address("/article", version=evening["id"]))
    assert EVENING in " ".join(original(page).get_by_role("heading", level=1).inner_text().split())
    page.get_by_role("link", name="earlier").click()
    page.get_by_role("heading", level=1, name=MORNING).wait_for()
    assert MORNING in " ".join(original(page).get_by_role("heading", level=1).inner_text().split())
    assert original(page).get_by_text("28 September").count() == 1
    assert page.locator(".original-head time").get_attribute("datetime") == morning["date"]
    page.get_by_role("link", name="full width").click()
    assert MORNING in " ".join(original(page).get_by_role("heading", level=1).inner_text().split())
    assert page.locator(".banner time").first.get_attribute("datetime") == morning["date"]
    page.locator(".banner a[rel=next]").click()
    page.wait_for_url(lambda url: re.sub(r"\D", "", evening["date"]) in url)
    assert EVENING in " ".join(original(page).get_by_role("heading", level=1).inner_text().split())
    page.get_by_role("link", name="clean text").click()
    page.get_by_role("heading", level=1, name=EVENING).wait_for()


def test_a_link_inside_the_frame_leads_through_the_archive(page: Page, visitor: Visitor) -> None:
    page.goto(address("/replay", url=BRIDGE.url))
    note = page.locator("#moved-on")
    assert not note.is_visible()
    original(page).locator(".readmore a").first.click()
    note.wait_for(state="visible")
    heading = original(page).get_by_role("heading", level=1)
    heading.wait_for()
    assert "Swing Bridge" not in heading.inner_text()
    assert urlsplit(page.url).path == "/replay"
    assert len(page.frames) == 2
    assert BRIDGE.url not in page.frames[1].url
    # A page that was never captured is said not to be there.
    (token,) = {urlsplit(r.url).path.split("/")[1] for r in visitor.witnesses[0].requests if "mp_/" in r.url}
    missing = f"{visitor.served.replay}/{token}/"
    page.on("request", lambda r: visitor.witnesses[0].expect(r.url, 404) if r.url.startswith(missing) else None)
    original(page).get_by_role("link", name="Support us").click()
    original(page).get_by_text("Not in the archive").wait_for()


def test_pages_of_every_paper_can_be_read_in_replay(page: Page, visitor: Visitor) -> None:
    knows_zstd = list(Path(pywb_python()).parent.parent.glob("lib/*/site-packages/zstandard"))
    papers = {row["source"] for row in visitor.ask("/api/search", limit="100")["articles"]}
    assert len(papers) >= 5
    for slug in ("swing-bridge-to-close", "two-sheriffs", "feuerwehr-rettet", "what-they-found", "el-mercado"):
        one = story(slug)
        if one.paper.name != "harbour_courier":
            visitor.expect_no_picture(one)
        page.goto(address("/replay", url=one.url))
        first = lines(one.evening)[0][:60]
        assert first in " ".join(original(page).get_by_text(first[:40]).first.inner_text().split())
    if not knows_zstd:
        pytest.skip("pywb's lock file has no zstandard, so the Kestrel's zstd pages can't be shown")
    visitor.expect_no_picture(WITHDRAWN)
    page.goto(address("/replay", url=WITHDRAWN.url, at="20000101"))
    assert original(page).get_by_text(lines(WITHDRAWN.morning)[1][:40]).is_visible()


# History and comparison


def test_the_time_line_leads_to_what_changed(page: Page) -> None:
    open_article(page, "swing bridge", BRIDGE.evening.headline)
    page.get_by_role("link", name="history", exact=True).click()
    page.get_by_role("heading", level=1, name="History of").wait_for()
    moments = page.locator(".timeline > li")
    assert texts(moments.locator(".tag")) == ["first version", "changed"]
    assert MORNING in moments.first.inner_text()
    assert "Changed: headline, text, modified (13 words added, 5 removed)." in texts(moments.last.locator("p"))
    moments.first.get_by_label("before").check()
    moments.last.get_by_label("after").check()
    page.get_by_role("button", name="Compare the two chosen versions").click()
    page.get_by_role("heading", level=1, name="What changed").wait_for()
    difference = page.locator(".difference")
    assert texts(difference.locator(".headline del")) == ["Six"]
    assert texts(difference.locator(".headline ins")) == ["Eight"]
    assert texts(difference.locator("p del")) == ["six", "six", "six", "28 September"]
    assert texts(difference.locator("p ins")) == [
        "eight", "eight", "eight", "12 October, a fortnight later than was thought this morning",
    ]  # fmt: skip
    assert difference.locator(".change").count() == 4
    modified = page.get_by_role("row", name="Modified")
    assert texts(modified.locator("del, ins")) == ["14 September 2026, 11:05 +01:00", "14 September 2026, 18:20 +01:00"]
    # The address is one to keep: it shows the same tomorrow.
    before = texts(difference)
    page.goto(page.url)
    assert texts(difference) == before


def test_an_edit_that_nobody_was_told_of_is_seen(page: Page) -> None:
    page.goto(address("/history", url=LIFEBOAT.url))
    assert "Changed: text (4 words added, 4 removed)." in texts(page.locator(".timeline p"))
    page.get_by_role("link", name="compare with the one before").click()
    assert texts(page.locator(".difference del")) == ["24", "done so before"]
    assert texts(page.locator(".difference ins")) == ["26", "always done so"]
    assert page.get_by_role("row", name="Modified").count() == 0


def test_furniture_that_changes_is_no_change_of_the_article(page: Page, visitor: Visitor) -> None:
    """The page of the agency story links to the bridge, whose headline changed in the evening."""
    morning, evening = visitor.versions(AGENCY.url)
    digests = {visitor.ask("/api/article", version=v["id"])["capture"]["payload_digest"] for v in (morning, evening)}
    assert len(digests) == 2
    page.goto(address("/history", url=AGENCY.url))
    assert texts(page.locator(".timeline .tag")) == ["first version", "article unchanged"]
    page.get_by_role("link", name="compare with the one before").click()
    assert "The article has not changed" in page.get_by_role("main").inner_text()
    assert page.locator(".difference :is(ins, del)").count() == 0


def test_the_same_story_is_found_in_the_other_paper(page: Page) -> None:
    page.goto(address("/article", url=AGENCY.url))
    alike = page.get_by_role("region", name="The same story elsewhere")
    assert "Kestrel Valley Review" in alike.inner_text()
    alike.get_by_role("link", name="what each changed").click()
    page.get_by_role("heading", level=1, name="The same story, told twice").wait_for()
    assert "The pact covers 2,860 varieties" in page.locator(".difference ins").inner_text()
    assert texts(page.locator(".sides .facts a")) == ["The Harbour Courier", "Kestrel Valley Review"]
    page.go_back()
    alike.get_by_role("heading").get_by_role("link").click()
    page.get_by_role("heading", level=1, name=REPRINT.evening.headline).wait_for()
    assert REPRINT.url in page.get_by_role("region", name="What the page says").inner_text()
    back = page.get_by_role("region", name="The same story elsewhere")
    assert "The Harbour Courier" in back.inner_text()


def test_an_article_that_was_withdrawn_is_said_to_be_gone(page: Page, visitor: Visitor) -> None:
    visitor.expect_no_picture(WITHDRAWN)
    open_article(page, "water compact", WITHDRAWN.morning.headline)
    note = page.get_by_text("the server answered that there is nothing (404)")
    assert note.is_visible()
    assert texts(page.locator(".story .text > p")) == lines(WITHDRAWN.morning)
    page.get_by_role("link", name="history", exact=True).click()
    assert "Gone: the article is no longer there." in page.get_by_role("main").inner_text()
    assert texts(page.locator(".timeline .tag")) == ["first version", "gone"]


# Provenance


def test_each_link_of_the_chain_leads_on(page: Page, visitor: Visitor) -> None:
    page.goto(address("/article", url=BRIDGE.url))
    chain = page.get_by_role("region", name="From the text to the bytes")
    links = {one.inner_text(): one.get_attribute("href") or "" for one in chain.locator("ol a[href^='/']").all()}
    assert list(links) == [
        "the text (conversion)", "its fields, and all that was removed", "its provenance (PROV-JSON)", "the capture",
        "its record", "download the record", "download the payload",
    ]  # fmt: skip
    digests = re.findall(r"sha256:[0-9a-f]{64}", chain.inner_text())
    text, record, payload = digests
    for name in ("download the record", "download the payload"):
        with page.expect_download() as download:
            chain.get_by_role("link", name=name).click()
        digest = f"sha256:{hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest()}"
        assert digest == (record if name.endswith("record") else payload)
    shown = {}
    for name, path in links.items():
        if not name.startswith("download"):
            answer = page.goto(path)
            assert answer
            assert answer.status == 200
            shown[name] = page.get_by_role("main").inner_text()
    assert text in shown["the text (conversion)"]
    assert all(line in shown["the text (conversion)"] for line in lines(BRIDGE.evening))
    assert "Remind me next month." in shown["its fields, and all that was removed"]
    assert payload in shown["its provenance (PROV-JSON)"]
    assert "prov:" in shown["its provenance (PROV-JSON)"]
    assert payload in shown["the capture"]
    assert EVENING in shown["its record"]


def test_check_now_shows_its_result_in_place(page: Page, visitor: Visitor) -> None:
    page.goto(address("/article", url=LIFEBOAT.url))
    before = page.url
    button = page.get_by_role("button", name="Check now")
    button.click()
    result = page.locator("#check-result")
    result.get_by_text("Every step that could be checked holds.").wait_for()
    steps = texts(result.locator(".steps .sign"))
    assert len(steps) >= 8
    assert set(steps) == {"✓"}
    assert page.url == before
    assert button.is_enabled()
    # The same with one bit of the page turned over.
    capture = visitor.ask("/api/article", url=LIFEBOAT.url)["capture"]
    path = visitor.served.store / capture["file"]
    data = path.read_bytes()
    place = capture["offset"] + capture["length"] // 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    try:
        button.click()
        result.get_by_text("Something is wrong").wait_for()
        assert "✗" in texts(result.locator(".steps .sign"))
    finally:
        path.write_bytes(data)
    button.click()
    result.get_by_text("Every step that could be checked holds.").wait_for()


# Sources


LEDGER = "announced seen captured extracted revisited changed failed robots error paywall too_large".split()
"""Columns of the coverage table."""


def test_a_source_shows_its_coverage_and_its_furniture(page: Page, visitor: Visitor) -> None:
    page.goto("/sources")
    page.get_by_role("link", name="Kestrel Valley Review").click()
    page.get_by_role("heading", level=1, name="Kestrel Valley Review").wait_for()
    facts = visitor.ask("/api/sources/kestrel_valley_review")
    assert facts["coverage"]
    bars = page.get_by_role("img", name="Bars from").locator("rect.captured")
    assert max(box["height"] for bar in bars.all() if (box := bar.bounding_box())) > 50
    page.get_by_text("The numbers as a table").click()
    row = page.get_by_role("region", name="Coverage by day").get_by_role("row").last
    last = facts["coverage"][-1]
    assert texts(row.locator("td")) == [str(last[name]) for name in LEDGER]
    learned = texts(page.get_by_role("region", name="Furniture learned").locator("blockquote"))
    assert len(learned) == sum(map(len, facts["furniture"].values())) > 0
    assert page.get_by_role("region", name="Latest articles").locator(".hit").count() >= 5


# By keyboard


def tab_to(page: Page, wanted: str, most: int = 60) -> None:
    """Press Tab until that has the focus; each stop shows where the focus is."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert not focus_fault(page)
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    pytest.fail(f"{wanted} can't be reached by Tab")


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/sources")
    tab_to(page, "a.skip", 1)
    assert page.get_by_role("link", name="Skip to the content").is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "main a", 1)
    page.goto("/sources")
    tab_to(page, "#quick-words", 8)
    page.keyboard.type("lifeboat barge")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    tab_to(page, ".hit h2 a", 30)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=LIFEBOAT.evening.headline).wait_for()
    tab_to(page, "#view-both", 12)
    page.keyboard.press("ArrowLeft")
    assert page.locator("#view-text").is_checked()
    assert not page.locator(".original").is_visible()
    tab_to(page, "#show-removed", 2)
    page.keyboard.press("Space")
    assert page.get_by_text("Dear readers,").is_visible()
    tab_to(page, ".removed summary", 8)
    page.keyboard.press("Enter")
    assert page.get_by_text("Reading without adverts?").is_visible()
    tab_to(page, "button.main", 60)
    page.keyboard.press("Enter")
    page.get_by_text("Every step that could be checked holds.").wait_for()


# As it looks


def rooms(visitor: Visitor) -> dict[str, str]:
    """A path to each kind of page."""
    morning, evening = visitor.versions(BRIDGE.url)
    told = visitor.ask("/api/article", version=evening["id"])
    other = visitor.versions(REPRINT.url)[-1]["id"]
    capture, version = told["capture"], told["version"]
    return {
        "home": "/",
        "found": "/search?q=bridge",
        "nothing": "/search?q=zeppelin",
        "article": address("/article", version=version["id"]),
        "removed": address("/article", url=LIFEBOAT.url, removed="1"),
        "withdrawn": address("/article", url=WITHDRAWN.url),
        "agency": address("/article", url=AGENCY.url),
        "history": address("/history", url=BRIDGE.url),
        "history-gone": address("/history", url=WITHDRAWN.url),
        "compare": address("/compare", a=morning["id"], b=evening["id"]),
        "compare-papers": address("/compare", a=visitor.versions(AGENCY.url)[-1]["id"], b=other),
        "capture": address("/capture", id=capture["id"]),
        "record": address("/record", file=capture["file"], offset=str(capture["offset"])),
        "warcinfo": address("/record", file=capture["file"], offset="0"),
        "sources": "/sources",
        "source": "/source/kestrel_valley_review",
        "replay": address("/replay", url=BRIDGE.url),
        "mistaken": '/search?q=harbour+"swing',
        "missing": "/nowhere",
    }


SHOTS = os.environ.get("NEWSWARC_SHOTS")
"""Folder for pictures of every page, to be looked at."""


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_is_for_everybody(visitor: Visitor, width: int) -> None:
    """On a phone and on a desk, in light and in dark colours, for eyes and for screen readers."""
    page = visitor.window(width)
    visitor.expect("/search?q=harbour+%22swing", 400)
    visitor.expect("/nowhere", 404)
    visitor.expect_no_picture(WITHDRAWN)
    found: dict[str, list[str]] = {}
    for name, path in rooms(visitor).items():
        page.goto(path)
        if name == "removed":
            for summary in page.locator(".removed summary").all():
                summary.click()
        if name == "article":
            page.get_by_role("button", name="Check now").click()
            page.locator(".check").wait_for()
            page.evaluate("scrollTo(0, 0)")
        faults = looks(page, "wide", "small", "structure") + nameless(page)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
            faults += [f"{colours}: {fault}" for fault in looks(page, "faint")]
            if SHOTS:
                picture(page, f"{name}-{width}-{colours}")
        found[name] = faults
    told = [f"{name}: {fault}" for name, faults in found.items() for fault in faults]
    assert not told, "\n".join(told)


def picture(page: Page, name: str) -> None:
    """For people to look at."""
    if page.locator("iframe:visible").count():
        original(page).locator("footer").wait_for(state="attached")
    # For the picture of a whole page Chromium makes the window larger, and a frame of its size is not painted yet.
    page.screenshot(path=Path(str(SHOTS)) / f"{name}.png", full_page=not name.startswith("replay"))


def test_the_reader_chooses_light_or_dark_for_good(visitor: Visitor) -> None:
    page = visitor.window(color_scheme="light")
    page.goto("/")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.get_by_role("link", name="Sources").click()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Light colours").click()
    assert page.evaluate(paper) == light


def test_the_narrow_screen_shows_text_or_original(visitor: Visitor) -> None:
    page = visitor.window(360, 740)
    page.goto(address("/article", url=LIFEBOAT.url))
    assert page.locator(".story").is_visible()
    assert not page.locator(".original").is_visible()
    page.get_by_text("Original", exact=True).click()
    assert not page.locator(".story").is_visible()
    heading = original(page).get_by_role("heading", level=1)
    heading.wait_for()
    box = page.locator("iframe").bounding_box()
    assert box
    assert box["width"] <= 360
    assert box["height"] >= 400


# Without JavaScript


def test_all_that_matters_works_without_scripts(visitor: Visitor) -> None:
    page = visitor.window(java_script_enabled=False)
    page.goto("/")
    page.get_by_role("searchbox").fill("lifeboat")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=LIFEBOAT.evening.headline).click()
    assert texts(page.locator(".story .text > p")) == lines(LIFEBOAT.evening)
    assert page.locator("iframe").is_visible()
    page.get_by_label("Show what was removed").check()
    assert page.get_by_text("Dear readers,").is_visible()
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("heading", level=1, name="Checked just now").wait_for()
    assert page.get_by_text("Every step that could be checked holds.").is_visible()
    page.get_by_role("link", name=LIFEBOAT.evening.headline).click()
    page.get_by_role("link", name="history", exact=True).click()
    page.get_by_role("button", name="Compare the two chosen versions").click()
    assert texts(page.locator(".difference del")) == ["24", "done so before"]
