"""A small archive with some of everything that the reading room shows, and visitors to it."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from archive.article import Comment, Update
from archive.capture import Capture, Lead
from archive.catalogue import Catalogue
from archive.rights.statement import Statement
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.web.app import create_app
from archive.workers import Task, extract_capture
from tests.archive.making import SENTENCES, exchange, failure, keep_page, later, page, running, wire

STORM = "https://www.ellery.test/2026/11/storm"
FERRY = "https://ellery.test/ferry?line=2"
COPY = "https://nordlys.test/stormen"
ARABIC = "https://sahil.test/mina"
HEBREW = "https://sahil.test/namal"
JAPANESE = "https://sahil.test/minato"
HOSTILE = "https://evil.test/a%22onmouseover=%22b?x=1&y='2'"
REPLAY = "http://localhost:8091"

SCRIPT = "<script>alert('headline')</script>"
SPOOF = "\u202egnp.exe \x1b[31mred\x07"

_ARABIC_LINES = (
    "أعلنت إدارة الميناء صباح اليوم أن حركة السفن ستبقى متوقفة حتى تهدأ الرياح في نهاية الأسبوع.",
    "وقال مدير الميناء إن اثنتي عشرة سفينة تنتظر خارج الحوض منذ مساء الجمعة الماضي بسبب العاصفة.",
    "وأضاف الصيادون أن الأمواج بلغت ارتفاعا لم يروه منذ عشرين عاما على هذا الساحل.",
)
_HEBREW_LINES = (
    "הנהלת הנמל הודיעה הבוקר כי תנועת האוניות תופסק עד שהרוח תירגע בסוף השבוע הקרוב.",
    "מנהל הנמל אמר כי שתים עשרה אוניות ממתינות מחוץ למעגן מאז יום שישי בערב בגלל הסערה.",
    "הדייגים הוסיפו כי הגלים הגיעו לגובה שלא נראה בחוף הזה זה עשרים שנה.",
)
_JAPANESE_LINES = (
    "港の管理者は今朝、週末に風が弱まるまで船の出入りを止めると発表した。",
    "港長によると、金曜日の夜から十二隻の船が嵐のため湾の外で待っている。",
    "漁師たちは、この海岸でこれほど高い波を見たのは二十年ぶりだと話している。",
)


def reading_store(root: Path) -> Store:
    """Several papers: an article that changed and went, a copy of it elsewhere, many short ones, other scripts."""
    store = Store(root)
    canonical = f'<link rel="canonical" href="{STORM}">'
    times = '<meta property="article:published_time" content="2026-11-20T08:30:00+01:00">'
    first, second = list(SENTENCES), list(SENTENCES)
    second[1] = second[1].replace("Twelve", "Fourteen")
    second = [*second[:2], *second[3:], second[2], "Nobody was hurt, said the harbour master late on Saturday evening."]
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps twelve boats out", sentences=first, head=canonical + times))
        keep_page(run, FERRY, page("Ferry line two stops at noon"), at=later(1))
        run.keep(exchange(STORM, wire(page("Storm keeps twelve boats out", head=canonical + times)), at=later(2)))
        run.keep(exchange(STORM, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(3)))
        run.keep(exchange("https://ellery.test/old", wire(b"", "301 Moved", ["Location: /new"]), at=later(4)))
        run.keep(exchange("https://ellery.test/pic.png", wire(bytes(range(256)), headers=["Content-Type: image/png"])))
        run.keep_failure(failure("https://nowhere.test/"))
        for number in range(1, 24):
            url = f"https://ellery.test/tides/{number}"
            body = [f"High water at the bar was at {number}.{number:02} this morning, as the almanac had said."]
            keep_page(run, url, page(f"Tides for day {number}", sentences=[*body, *SENTENCES[:2]]), at=later(5))
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps fourteen boats out", sentences=second, head=canonical), at=later(24))
        run.keep(exchange(STORM, wire(b"gone", "404 Not Found"), at=later(48), lead=Lead("feed", via=f"{STORM}/rss")))
    with running(store, "nordlys") as run:
        keep_page(run, COPY, page("Boats held back by storm", sentences=second), at=later(27))
    with running(store, "sahil") as run:
        for url, headline, lines, language in (
            (ARABIC, "العاصفة تغلق الميناء", _ARABIC_LINES, "ar"),
            (HEBREW, "הסערה סגרה את הנמל", _HEBREW_LINES, "he"),
            (JAPANESE, "嵐で港が閉鎖", _JAPANESE_LINES, "ja"),
        ):
            keep_page(run, url, page(headline, sentences=lines * 2, language=language), at=later(28))
    with running(store, "evil") as run:
        capture = run.keep(exchange(HOSTILE, wire(hostile_page(), headers=_HOSTILE_HEADERS), at=later(29)))
        keep_hostile_article(run, capture)
        run.keep(exchange("javascript:alert('capture')//", wire(b"<p>x"), at=later(30)))
    return store


_HOSTILE_HEADERS = ("Content-Type: text/html", "X-Note: <script>alert('header')</script>", "Set-Cookie: a=b")


def keep_hostile_article(run: Run, capture: Capture) -> None:
    """What was read from the hostile page, as if no reader had cleaned it."""
    found = extract_capture(Task(store=str(run.store.root), capture=capture, reading=Reading()))
    article = msgspec.structs.replace(
        found.article,
        headline=f"{SCRIPT} {SPOOF}",
        standfirst="<img src=x onerror=alert('standfirst')>",
        authors=("Mal <b onclick=alert(1)>Lory</b>", SPOOF),
        section="<i>Section</i>",
        tags=("</td><script>alert('tag')</script>", "javascript:alert('tag')"),
        image="javascript:alert('image')",
        captions=("<svg onload=alert('caption')>",),
        comments=(Comment("<script>alert('comment')</script>", "<b>me</b>", "yesterday"),),
        updates=(Update("<script>alert('update')</script>", "soon", "<u>now</u>"),),
        published="<time>",
        language='en" onload="alert(1)',
        canonical_url="javascript:alert('canonical')",
        rights=(
            Statement("licence", "javascript:alert('licence')", "page", "<script>alert('said')</script>"),
            Statement("noai", "", "header", agent="<b>bot</b>", policy="javascript:alert('policy')"),
        ),
    )
    run.keep_article(
        capture, article, words=found.words, started=found.started, ended=found.ended, reading=found.reading
    )


def hostile_page() -> bytes:
    """A page whose text tries something."""
    lines = [
        *SENTENCES[:3],
        "He wrote </p></article><script>alert('text')</script> upon the harbour wall.",
    ]
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return (
        "<!DOCTYPE html><html lang='en\" onload=\"alert(1)'><head><meta charset='utf-8'>"
        f"<title>{html.escape(SCRIPT)}</title></head><body>"
        f"<article><h1>{html.escape(SCRIPT)} {SPOOF}</h1>{body}</article>"
        f"<aside class='donate'><p>Support us: {html.escape(SCRIPT)}</p></aside></body></html>"
    ).encode()


class Visitor:
    """Asks the reading room without a network."""

    def __init__(self, store: Store, *, host: str = "localhost", strict: bool = True, **options: Any) -> None:
        self.app = create_app(store, **options)
        self._strict = strict
        self._base = f"http://{host}"

    def get(self, path: str, headers: Mapping[str, str] | None = None, **parameters: str | int) -> httpx.Response:
        """GET a path; parameters make its query."""
        query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())
        return self.ask("GET", f"{path}?{query}" if query else path, headers=headers)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=self._strict)
            async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(asked())


def versions(store: Store, url: str) -> list[dict[str, Any]]:
    """The rows of an article's versions, oldest first."""
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return catalogue.versions(url)


def captures(store: Store, url: str) -> list[dict[str, Any]]:
    """The rows of an address's captures, oldest first."""
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return catalogue.captures(url)


def all_pages(store: Store, urls: Sequence[str] = (STORM, FERRY, ARABIC, HEBREW, JAPANESE, HOSTILE)) -> Sequence[str]:
    """The addresses of one page of each kind, and of those that show what is hostile."""
    found = [
        "/", "/search?q=storm", "/search?q=storm%20(", "/search?q=nothingatall", "/search?since=yesterday",
        "/changes", "/changes?show=silent",
        "/sources", "/source/ellery", "/source/evil", "/source/nobody", "/nowhere", "/article",
    ]  # fmt: skip
    for url in urls:
        row = versions(store, url)[-1]
        capture = captures(store, url)[-1]
        found += [
            f"/article?url={quote(url, safe='')}&removed=1",
            f"/history?url={quote(url, safe='')}",
            f"/replay?url={quote(url, safe='')}",
            f"/capture?id={capture['id']}",
            f"/record?file={capture['file']}&offset={capture['offset']}",
            f"/record?file={row['file']}&offset={row['details_offset']}",
        ]
    both = versions(store, STORM)
    found.append(f"/compare?a={both[0]['id']}&b={both[-1]['id']}")
    found.append(f"/compare?a={both[0]['id']}&b={versions(store, HOSTILE)[-1]['id']}")
    odd = captures(store, "javascript:alert('capture')//")[0]
    found += [f"/capture?id={odd['id']}", f"/replay?url={quote(odd['url'], safe='')}"]
    return found
