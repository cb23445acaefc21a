"""Pages to measure with: invented news of about 62 KB, most of it markup, as news pages are."""

from __future__ import annotations

import json
import random

__all__ = ["make_page"]

_SYLLABLES = (
    "ba be bo ca co da de di el en er fa fi ga go ha in ka la le li ma mi mo na no or pa ra re ri sa so ta te to un va"
)
_COMMON = "the of and to in a is that for it was on are with as be this at have from by not but they which one had all"


def _vocabulary() -> tuple[list[str], list[float]]:
    """Words and their weights; frequent ones are short, as in any language."""
    rng = random.Random(1)
    syllables = _SYLLABLES.split()
    words = dict.fromkeys("".join(rng.choices(syllables, k=2 + number // 900)) for number in range(3000))
    ranked = [*_COMMON.split(), *sorted(words, key=lambda word: (len(word), rng.random()))]
    return ranked, [1 / (rank + 2) for rank in range(len(ranked))]


_WORDS, _WEIGHTS = _vocabulary()


class _Writer:
    """Writes the text of one page."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._words = iter(self.rng.choices(_WORDS, _WEIGHTS, k=12_000))

    def words(self, count: int) -> str:
        return " ".join(next(self._words) for _ in range(count))

    def sentence(self) -> str:
        return self.words(self.rng.randrange(8, 24)).capitalize() + "."

    def paragraph(self) -> str:
        return " ".join(self.sentence() for _ in range(self.rng.randrange(2, 6)))


def make_page(number: int) -> bytes:
    """The page with that number: always the same bytes."""
    writer = _Writer(number)
    rng = writer.rng
    headline = writer.words(8).capitalize()
    author = writer.words(2).title()
    day = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:15:00+00:00"
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": headline,
        "datePublished": day,
        "author": {"@type": "Person", "name": author},
        "description": writer.sentence(),
    }
    teasers = "".join(
        f'<li class="teaser teaser--small" data-track="river-{n}"><a class="teaser__link" href="/story/{n}-{number}">'
        f'<img class="teaser__image lazy" src="/img/{n}.jpg" width="320" height="180" alt="{writer.words(4)}">'
        f'<span class="teaser__title">{writer.words(9).capitalize()}</span></a></li>'
        for n in range(110)
    )
    comments = "".join(
        f'<div class="comment" id="c{n}"><b>{writer.words(1).title()}</b><p>{writer.sentence()}</p></div>'
        for n in range(12)
    )
    body = "".join(f'<p class="story__paragraph">{writer.paragraph()}</p>' for _ in range(30))
    styles = "".join(
        f".c-{n:03}{{margin:{rng.randrange(40)}px;color:#{rng.randrange(1 << 24):06x}}}" for n in range(180)
    )
    script = ";".join(f"window.slots.push({{id:'slot-{n}',key:'{rng.getrandbits(64):x}'}})" for n in range(230))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{headline} | The Loopback Gazette</title>
<meta property="og:title" content="{headline}"><meta property="og:type" content="article">
<meta property="article:published_time" content="{day}"><meta name="author" content="{author}">
<link rel="canonical" href="http://127.0.0.1/page/{number}">
<script type="application/ld+json">{json.dumps(data)}</script>
<style>{styles}</style><script>window.slots=[];{script}</script></head>
<body class="page page--story"><header class="masthead"><nav><ul>{
        "".join(f'<li><a href="/s/{n}">{writer.words(1).title()}</a></li>' for n in range(20))
    }</ul></nav></header>
<main><article class="story"><h1 class="story__headline">{headline}</h1>
<p class="story__standfirst">{data["description"]}</p><p class="byline">By {author}</p>
<figure><img src="/img/top.jpg" alt=""><figcaption>{writer.sentence()}</figcaption></figure>
{body}
<div class="donate"><h3>Support us</h3><p>We need your help. Please donate today to keep our newsroom going.</p></div>
</article><aside class="related"><h2>More</h2><ul>{teasers}</ul></aside>
<section class="comments">{comments}</section></main>
<footer><p>All rights reserved.</p></footer></body></html>
""".encode()
