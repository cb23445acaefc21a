"""What pages and stylesheets load to look as they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.requisites import Requisite, page_requisites, style_requisites

URL = "https://paper.example/news/a.html"


def found(html: str) -> list[str]:
    return [f"{r.kind} {r.url.removeprefix('https://paper.example')}" for r in page_requisites(html.encode(), URL)]


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ('<link rel="stylesheet" href="a.css?v=1">', ["style /news/a.css?v=1"]),
        ('<link rel="alternate stylesheet" href="/a.css#x">', ["style /a.css"]),
        ('<link rel="preload" as="font" href="/f.woff2">', ["font /f.woff2"]),
        ('<link rel="preload" as="script" href="/s.js"><link rel="next" href="/2">', []),
        ('<link rel="shortcut icon" href="/i.ico">', ["image /i.ico"]),
        ('<img src="1.jpg" srcset="1.jpg 1x, 2,b.jpg 2x,3.jpg 3x">', [
            "image /news/1.jpg", "image /news/2,b.jpg", "image /news/3.jpg"]),
        ('<img src="data:image/gif;base64,R0" data-src="/lazy.png">', ["image /lazy.png"]),
        ('<picture><source srcset="a.webp 480w, b.webp"><img src="c.jpg"></picture>', [
            "image /news/a.webp", "image /news/b.webp", "image /news/c.jpg"]),
        ('<video poster="/p.jpg" src="/film.mp4"></video>', ["image /p.jpg"]),
        ('<input type="image" src="/go.png"><input src="/no.png">', ["image /go.png"]),
        ('<p><svg><image xlink:href="/s.svg"/></svg>', ["image /s.svg"]),
        ('<p style="background: url(&quot;/bg.png&quot;)">x</p>', ["image /bg.png"]),
        ('<style>@import "b.css"; @font-face { src: url(f.woff2), url("g.ttf?x") }</style>', [
            "style /news/b.css", "font /news/f.woff2", "font /news/g.ttf?x"]),
        ('<base href="/other/"><img src="a.png">', ["image /other/a.png"]),
        ('<script src="/s.js"></script><iframe src="/f.html"></iframe><object data="/o.swf"></object>', []),
        ('<img src=""><img src="#x"><img src="http://[bad"><img src="ftp://x.example/a.png">', []),
        ('<img src="/a.png"><img src="/a.png#again">', ["image /a.png"]),
        ("", []),
        ("%PDF-1.7", []),
    ],
)  # fmt: skip
def test_a_page(html: str, wanted: list[str]) -> None:
    assert found(html) == wanted


def test_a_stylesheet() -> None:
    sheet = b"""@charset "utf-8"; @import url(base.css) screen; @import '/print.css' print;
    @media (min-width: 10em) { .a { background: url( 'a.png' ), image-set("b.avif" 1x, url(c.png) 2x) } }
    @font-face { font-family: X; src: url(/fonts/x.woff) format("woff") } .b { content: "no.png"; color: red }
    .c { background: url(data:image/png;base64,iVBO) } /* url(comment.png) */"""
    assert style_requisites(sheet, "https://cdn.example/css/main.css", "text/css; charset=UTF-8") == [
        Requisite("https://cdn.example/css/base.css", "style"),
        Requisite("https://cdn.example/print.css", "style"),
        Requisite("https://cdn.example/css/a.png", "image"),
        Requisite("https://cdn.example/css/b.avif", "image"),
        Requisite("https://cdn.example/css/c.png", "image"),
        Requisite("https://cdn.example/fonts/x.woff", "font"),
    ]


@given(st.text(alphabet="<>=\"'/ abcsrcset:url(){}@import;,.#[]\\\n") | st.text())
def test_nothing_breaks_it(text: str) -> None:
    for body in (text, f"<style>{text}</style><p style='{text}'><img srcset='{text}' src='{text}'>"):
        for r in [*page_requisites(body.encode("utf-8", "replace"), URL), *style_requisites(body.encode(), URL)]:
            assert r.url.startswith(("http://", "https://"))


def test_deep_nesting_ends() -> None:
    assert style_requisites(b"(" * 50_000 + b"a{" * 50_000, URL) == []
