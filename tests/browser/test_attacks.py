"""A store full of attacks, from a real crawl and past all cleaning, read page by page in Chromium by a user."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from lxml import etree

from archive.access.accounts import hash_password, new_token
from archive.article import Comment, Update
from archive.rights.statement import Statement
from archive.rules import Reading
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.making import exchange, later, page, running, wire
from tests.archive.serving.command import Served, serving
from tests.archive.web.markup import faults
from tests.browser.hostile import ATTACKS, HOST, hostile_paper
from tests.browser.served import REAL, browsing, scrapy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = REAL

PASSWORD = "a long-winded password"
KINDS = {"/article": 14, "/compare": 5, "/capture": 4, "/record": 4, "/history": 3, "/replay": 2}
"""How many pages of a kind are opened; two of every other."""
ACTIVE = """() => {
  const found = [...document.querySelectorAll(
    "script:not([src^='/static/']), style, base, object, embed, meta[http-equiv], "
    + "link[rel=stylesheet]:not([href^='/static/']), a[href^='javascript:' i], img, form[action^='http']",
  )].map((element) => element.outerHTML.slice(0, 200));
  for (const element of document.querySelectorAll("*"))
    for (const { name, value } of element.attributes)
      if (name.startsWith("on") || name === "srcdoc" || name === "style") found.push(`${name}=${value.slice(0, 100)}`);
  if ("pwned" in window) found.push("a script of a page has run");
  return found;
}"""


class Room:
    """What is served, and to whom."""

    def __init__(self, served: Served, token: str) -> None:
        self.served, self.token = served, token

    def get(self, path: str) -> bytes:
        """What a program with a token is answered."""
        asked = urllib.request.Request(self.served.room + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            body: bytes = answer.read()
            return body


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("attacks")
    store = Store(folder / "store")
    with hostile_paper(folder) as (settings, paper):
        for second in (False, True):
            paper.second = second
            done = scrapy("crawl", "hostile", "-a", "fresh=1", store=store.root, **settings)
            assert done.returncode == 0, done.stdout + done.stderr
    keep_uncleaned(store)
    token, stored = new_token()
    users = folder / "users"
    users.write_text(f"ada:{hash_password(PASSWORD)}\nfeeds:{stored}\n")
    with serving(store, "--users", str(users), "-s", f"SOURCES={folder / 'sources'}") as served:
        yield Room(served, token)


def keep_uncleaned(store: Store) -> None:
    """An article for each attack, which stands in every field as if no reader had cleaned it."""
    with running(store, "uncleaned") as run:
        for number, attack in enumerate(ATTACKS):
            url = f"https://uncleaned.example/{number}?{quote(attack[:300], safe='/<>=:')}"
            capture = run.keep(exchange(url, wire(page(f"Uncleaned {number}")), at=later(number)))
            found = extract_capture(Task(store=str(store.root), capture=capture, reading=Reading()))
            article = msgspec.structs.replace(
                found.article,
                headline=f"{number} {attack}",
                standfirst=attack,
                text="\n".join([*found.article.text.split("\n")[:-1], attack]),
                authors=(attack, attack),
                section=attack,
                tags=(attack,),
                image=attack,
                captions=(attack,),
                comments=(Comment(attack, attack, attack),),
                updates=(Update(f"{attack}\n{attack}", attack, attack),),
                published=attack,
                modified=attack,
                language=attack,
                canonical_url=attack,
                rights=(
                    Statement("licence", attack, "page", attack),
                    Statement("noai", attack, "header", policy=attack),
                ),
            )
            run.keep_article(
                capture, article, words=found.words, started=found.started, ended=found.ended, reading=found.reading
            )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


@contextmanager
def watched(browser: Browser, room: Room, *, frames: bool = False) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A window in which everything is noted that an attack could bring about."""
    context = browser.new_context(base_url=room.served.room, viewport={"width": 1280, "height": 800})
    faults: list[str] = []

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and f"{parts.scheme}://{parts.netloc}" not in (
            room.served.room, room.served.replay,
        ):  # fmt: skip
            faults.append(f"asked {url[:200]}")

    def said(message: Any) -> None:
        if message.type in ("error", "warning") and message.location["url"].startswith(room.served.room):
            faults.append(f"{message.location['url'][:200]}: {message.text[:300]}")

    context.on("request", lambda request: asked(request.url))
    context.on("console", said)
    context.on("dialog", lambda dialog: (faults.append(f"dialogue {dialog.message}"), dialog.dismiss()))
    context.on("page", lambda opened: faults.append("a window opened") if len(context.pages) > 1 else None)
    if not frames:  # they take their time, and tests/archive/serving/test_escapes.py attacks from within them
        context.route(f"{room.served.replay}/**", lambda route: route.abort())
    yield context, faults
    context.close()


def enter(page: Page) -> None:
    """Log in."""
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for()


def test_no_page_of_the_room_is_anything_but_text(room: Room, browser: Browser) -> None:
    with watched(browser, room) as (context, seen):
        page = context.new_page()
        page.goto("/sources")
        assert page.url.endswith("/log-in?next=%2Fsources")
        enter(page)
        assert page.url == f"{room.served.room}/sources"
        waiting, opened = (
            ["/", "/search?q=harbour", "/source/hostile", "/source/uncleaned", "/changes", "/api"],
            Counter(),
        )
        known = set(waiting)
        wrong: list[str] = []
        while waiting:
            path = waiting.pop(0)
            kind = urlsplit(path).path
            if opened[kind] >= KINDS.get(kind, 2):
                continue
            opened[kind] += 1
            page.goto(path)
            wrong += [f"{path[:120]}: {fault}" for fault in page.evaluate(ACTIVE)]
            wrong += [f"{path[:120]}: {fault}" for fault in faults(page.content(), replay=room.served.replay)]
            assert page.url == room.served.room + path
            links = page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))")
            for link in links:
                if (
                    link.startswith("/")
                    and not link.startswith(("/record/", "/changes.atom", "/api/"))
                    and link not in known
                ):
                    known.add(link)
                    waiting.append(link)
        assert {"/article", "/compare", "/capture", "/record", "/history", "/replay", "/changes"} <= set(opened)
        assert opened["/article"] == KINDS["/article"]
        assert wrong == [], "\n".join(wrong)
        assert [fault for fault in seen if "ERR_FAILED" not in fault] == []


@pytest.mark.parametrize("number", [0, 1, 9])
def test_an_attack_is_read_as_it_was_written(room: Room, browser: Browser, number: int) -> None:
    attack = ATTACKS[number]
    with watched(browser, room) as (context, seen):
        page = context.new_page()
        (url,) = {
            found["url"]
            for found in json.loads(room.get("/api/search?source=uncleaned&limit=100"))["articles"]
            if found["headline"].startswith(f"{number} ")
        }
        page.goto(f"/article?url={quote(url, safe='')}")
        enter(page)
        assert page.locator("h1").first.inner_text() == f"{number} {attack}"
        assert page.locator(".standfirst").inner_text() == attack
        assert page.title() == f"{number} {attack} · Reading room"
        assert page.locator(".story .text > p[dir=auto]").last.inner_text() == attack
        page.get_by_role("button", name="Check now").click()
        page.locator("#check-result .verdict").wait_for()
        assert page.evaluate(ACTIVE) == []
        assert [fault for fault in seen if "ERR_FAILED" not in fault] == []


def test_replay_opens_for_who_is_logged_in_and_for_nobody_else(room: Room, browser: Browser) -> None:
    found = json.loads(room.get("/api/search?source=hostile&limit=100"))["articles"]
    version = next(one["version"] for one in found if (one["headline"] or "").startswith("Headline 5 "))
    article = json.loads(room.get(f"/api/article?version={version}"))["capture"]["url"]
    with watched(browser, room, frames=True) as (context, seen):
        page = context.new_page()
        page.goto(f"/replay?url={quote(article, safe='')}")
        enter(page)
        frame = page.frame_locator("iframe")
        frame.get_by_text("upon the harbour wall").first.wait_for()
        address = page.locator("iframe").get_attribute("src")
        assert address is not None
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        assert cookie["value"] not in page.content()
        inner = next(one for one in page.frames if one.url.startswith(room.served.replay))
        assert inner.evaluate("document.cookie") == ""
        assert cookie["value"] not in inner.content()
        reached = inner.evaluate(
            f"""async () => {{
              const tried = [];
              for (const path of ["/api/search", "/sources", "/log-in"]) {{
                try {{ tried.push((await fetch("{room.served.room}" + path, {{ credentials: "include" }})).status); }}
                catch (error) {{ tried.push(0); }}
              }}
              try {{ tried.push(parent.document.title); }} catch (error) {{ tried.push(0); }}
              return tried;
            }}"""
        )
        assert reached in ([404, 404, 404, 0], [0, 0, 0, 0])  # the archive has none of these
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/log-in")
        page.go_back()
        assert "harbour wall" not in page.content()
        assert not [fault for fault in seen if "dialogue" in fault or "asked" in fault]
    for stranger in (re.sub(r"/[\w-]{40}/", "/" + "A" * 40 + "/", address), f"{room.served.replay}/web/{article}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(stranger, timeout=30)
        with refused.value as answer:
            assert answer.code in (401, 404)
            assert b"harbour wall" not in answer.read()


def test_programs_get_it_as_data(room: Room) -> None:
    for attack in ATTACKS[:4]:
        assert attack in _article(room, attack)["tags"]
    for path in ("/changes.atom", "/changes.atom?source=hostile"):
        feed = etree.fromstring(room.get(path))
        assert {element.tag.rpartition("}")[2] for element in feed.iter()} <= {
            "feed", "id", "title", "updated", "link", "generator", "author", "name", "entry", "published", "category",
            "content",
        }  # fmt: skip
        for link in feed.iter("{http://www.w3.org/2005/Atom}link"):
            assert link.get("href", "").startswith((room.served.room, f"http://{HOST}/", "https://uncleaned.example/"))


def _article(room: Room, attack: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(room.get("/api/article?url=" + quote(_url(room, attack), safe="")))["article"]
    return found


def _url(room: Room, attack: str) -> str:
    found = json.loads(room.get("/api/search?source=uncleaned&limit=100"))["articles"]
    number = ATTACKS.index(attack)
    return next(str(one["url"]) for one in found if one["headline"].startswith(f"{number} "))


def test_downloads_are_named_by_us_and_run_nowhere(room: Room) -> None:
    for article in json.loads(room.get("/api/search?limit=20"))["articles"]:
        capture = json.loads(room.get("/api/article?version=" + quote(article["version"])))["capture"]
        where = f"file={quote(capture['file'])}&offset={capture['offset']}"
        for part in ("bytes", "payload", "content"):
            asked = urllib.request.Request(
                f"{room.served.room}/record/{part}?{where}", headers={"Authorization": f"Bearer {room.token}"}
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert re.fullmatch(r'attachment; filename="[\w.-]+"', answer.headers["Content-Disposition"])
                assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "private, no-store"
