"""Invented newspapers, as their servers answer: each announces its articles in another manner, or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping

from tests.server.raw import Reply

__all__ = ["SITES", "Site"]

Site = Mapping[str, Reply]

TOPICS = "council ferry harbour orchard bridge library market school tram weather".split()


def reply(body: str | bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", *headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", f"Content-Type: {kind}", *headers]
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))


def moved(to: str) -> Reply:
    return reply("", "text/html", "301 Moved Permanently", f"Location: {to}")


def links(urls: Iterable[str], words: str = "Why the {} waits for another year of repairs") -> str:
    return "".join(f'<h2><a href="{url}">{words.format(TOPICS[n % 10])}</a></h2>' for n, url in enumerate(urls))


def front(title: str, body: str, *, head: str = "", nav: Iterable[str] = (), lang: str = "en") -> str:
    menu = "".join(f'<a href="{url}">{url.strip("/").title()}</a> ' for url in nav)
    foot = "".join(f'<a href="/{name}/">{name}</a> ' for name in ("about-us", "contact", "terms-of-service", "privacy"))
    return (
        f"<!DOCTYPE html><html{f' lang={lang!r}' if lang else ''}><head><title>{title}</title>{head}"
        f'<link rel="stylesheet" href="/assets/app.9f3c1ab2d4e5.css"></head><body><header><nav>{menu}</nav></header>'
        f'<main>{body}</main><footer>{foot}</footer><script src="/assets/main.77c0ffee1234.js"></script></body></html>'
    )


def rss(urls: Iterable[str], date: str = "Fri, 20 Nov 2026 09:{:02}:00 +0000", title: str = "Feed") -> Reply:
    items = "".join(
        f"<item><title>Story {n}</title><link>{url}</link><pubDate>{date.format(n)}</pubDate></item>"
        for n, url in enumerate(urls)
    )
    return reply(f'<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>', "application/rss+xml")


def sitemap(urls: Iterable[str], more: str = "", *, index: bool = False) -> str:
    root, row = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    rows = "".join(f"<{row}><loc>{url}</loc>{more}</{row}>" for url in urls)
    return (
        f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{rows}</{root}>'
    )


def wordpress() -> Site:
    """Slugs at the root, beside pages and categories; a feed of the comments; a sitemap index."""
    home = "http://alder-post.example"
    stories = [f"{home}/why-the-{topic}-waits-another-year/" for topic in TOPICS]
    head = (
        '<meta property="og:site_name" content="The Alder Post">'
        '<link rel="alternate" type="application/rss+xml" title="The Alder Post" href="/feed/">'
        '<link rel="alternate" type="application/rss+xml" title="Comments Feed" href="/comments/feed/">'
    )
    parts = [f"{home}/wp-sitemap-{kind}-1.xml" for kind in ("posts-post", "posts-page", "taxonomies-category", "users")]
    asides = links(["/category/local-news-and-views/", "/author/ada-lind-holm/", "/tag/a-long-tag-name/"])
    return {
        "/": reply(
            front("Home – The Alder Post", links(stories) + asides, head=head, nav=["/category/sport/"], lang="en-GB")
        ),
        "/robots.txt": reply(f"User-agent: *\nDisallow: /wp-admin/\nSitemap: {home}/wp-sitemap.xml\n", "text/plain"),
        "/feed/": rss(stories, title="The Alder Post"),
        "/comments/feed/": rss([f"{url}#comment-1" for url in stories]),
        "/wp-sitemap.xml": reply(sitemap(parts, index=True), "application/xml"),
        parts[0].removeprefix(home): reply(sitemap(stories), "application/xml"),
    }


def daily() -> Site:
    """A large one: a news sitemap, gzipped, an archive of hundreds, a page of feeds, videos and tags among the news."""
    home = "https://www.daily-meridian.example".replace("https", "http")
    stories = [
        f"{home}/{s}/2026-11-20/{t}-and-more-{7300100 + n}.html"
        for n, t in enumerate(TOPICS)
        for s in ("world", "city/west")
    ]
    asides = [f"{home}/video/2026-11-20/{topic}-and-more-7300999.html" for topic in TOPICS[:4]]
    date = "<news:publication_date>2026-11-20T10:00:00+02:00</news:publication_date>"
    news = f"<news:news>{date}<news:title>T</news:title></news:news>"
    months = [f"{home}/sitemaps/{year}-{month:02}.xml" for year in range(2010, 2026) for month in range(1, 13)]
    feeds = [f"/rss/{name}.xml" for name in ("all", "world")]
    return {
        "/": reply(
            front(
                "Daily Meridian | News",
                links(stories[:12]) + links(asides) + '<a href="/rss">RSS</a>',
                nav=["/world/", "/city/"],
            )
        ),
        "/rss": reply(front("Our feeds", "".join(f'<a href="{url}">{url}</a>' for url in feeds))),
        "/rss/all.xml": rss(stories[:10], "Fri, 20 Nov 2026 10:{:02}:00 +0200", "Daily Meridian"),
        "/rss/world.xml": rss(stories[:6:2], "Fri, 20 Nov 2026 10:{:02}:00 +0200"),
        "/robots.txt": reply(
            f"Sitemap: {home}/sitemaps/index.xml\nSitemap: {home}/sitemaps/news.xml.gz\n", "text/plain"
        ),
        "/sitemaps/news.xml.gz": reply(gzip.compress(sitemap([*stories, *asides], news).encode()), "application/gzip"),
        "/sitemaps/index.xml": reply(sitemap(months, index=True), "application/xml"),
        "/sitemaps/2025-12.xml": reply(
            sitemap([url.replace("2026-11-20", "2025-12-01") for url in stories]), "text/xml"
        ),
    }


def turkish() -> Site:
    """Nothing but a front page and sections, in an old encoding, with no language declared."""
    words = "Belediye ve {} için yeni bir karar daha aldı ama bu kez olarak gibi kadar sonra değil"
    stories = [f"/{s}/{812000 + n}/{t}-icin-yeni-karar" for n, t in enumerate(TOPICS) for s in ("gundem", "spor")]
    sections = ["/gundem/", "/spor/"]
    pages = {
        url: reply(
            front("Bölüm", links([s for s in stories if s.startswith(url)], words), lang="").encode(
                "cp1254", "replace"
            ),
            "text/html; charset=windows-1254",
        )
        for url in sections
    }
    body = front(
        "Kıyı Gazetesi | Son dakika", links(stories, words), nav=[*sections, "/yazarlar/", "/galeri/"], lang=""
    )
    return {"/": reply(body.encode("cp1254", "replace"), "text/html; charset=windows-1254"), **pages}


def russian() -> Site:
    """A feed with dates in words; numbers for names; an encoding that only the page tells."""
    stories = [f"http://berega.example/news/2026/11/20/{4410200 + n}/" for n in range(8)]
    words = "Как и почему это не было сделано на берегу {} при том что его уже ждали"
    head = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'
    head += '<link rel="alternate" type="application/rss+xml" href="/export/rss">'
    body = front("Берега: новости", links(stories, words), head=head, nav=["/news/", "/avtory/"], lang="ru")
    return {
        "/": reply(body.encode("cp1251"), "text/html"),
        "/export/rss": rss(stories, "Пт, 20 ноя 2026 09:{:02}:00 +0300", "Берега"),
    }


def japanese() -> Site:
    """RSS 1.0; codes for names; texts without spaces."""
    stories = [f"http://shiokaze.example/articles/ASX{n}C55WSX{n}UTIL00{n}M.html" for n in range(6)]
    items = "".join(
        f"<item><title>港の記事{n}</title><link>{url}?ref=rss</link><dc:date>2026-11-20T09:0{n}:00+09:00</dc:date></item>"
        for n, url in enumerate(stories)
    )
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>潮風新聞</title></channel>{items}</rdf:RDF>'
    )
    head = '<link rel="alternate" type="application/rdf+xml" href="http://shiokaze.example/index.rdf">'
    words = "港の{}修理はまた一年先になると市の担当者が説明しました"
    return {
        "/": reply(front("潮風新聞", links(stories, words), head=head, nav=["/national/", "/rensai/"], lang="ja")),
        "/index.rdf": reply(rdf, "application/rdf+xml; charset=utf-8"),
    }


def json_feed() -> Site:
    """A small site with a JSON feed, and articles by query."""
    stories = [f"/story.php?id={n}" for n in range(300, 306)]
    items = ",".join(
        f'{{"id": "{n}", "url": "{url}", "title": "S", "date_published": "2026-11-20T08:00:00-05:00"}}'
        for n, url in enumerate(stories)
    )
    head = '<link rel="alternate" type="application/feed+json" href="/feed.json">'
    return {
        "/": reply(front("Quarry Notes", links(stories), head=head, nav=["/list.php?page=2"], lang="en-US")),
        "/feed.json": reply(
            f'{{"version": "https://jsonfeed.org/version/1.1", "title": "Quarry Notes", "items": [{items}]}}',
            "application/feed+json",
        ),
    }


def moved_home() -> Site:
    return {"/": moved("http://alder-post.example/")}


def closed() -> Site:
    return {"/robots.txt": reply("User-agent: *\nDisallow: /\n", "text/plain"), "/": reply(front("Closed", ""))}


def scripts() -> Site:
    return {
        "/": reply(
            "<!DOCTYPE html><html><head><title>App</title></head><body><div id=root></div><script src=/a.js></script>"
        )
    }


def hostile() -> Site:
    """Everything that announces is broken, endless or a trap; two articles too few to tell a form."""
    loop = sitemap([f"http://hostile.example/loop{n}.xml" for n in range(3)], index=True)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    bomb += '<rss version="2.0"><channel><item><link>&b;</link></item></channel></rss>'
    head = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{url}">'
        for url in ("/html", "/bomb", "http://[", "/gone", "/cut")
    )
    pages = {f"/loop{n}.xml": reply(loop, "application/xml") for n in range(3)}
    return {
        "/": reply(front("Hostile", links(["/x", "/y"]) + "<a href=http://[::1/>", head=head)),
        "/robots.txt": reply(
            "Sitemap: http://hostile.example/loop0.xml\nSitemap: http://[\nSitemap: /bad.xml", "text/plain"
        ),
        "/bad.xml": reply("<urlset><url><loc>", "application/xml"),
        "/html": reply("<html><body>log in</body></html>"),
        "/bomb": reply(bomb, "application/rss+xml"),
        "/cut": Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<rss",), end="close", whole=False),
        **pages,
    }


SITES: Mapping[str, Site] = {
    "alder-post.example": wordpress(),
    "www.daily-meridian.example": daily(),
    "kiyi-gazetesi.example": turkish(),
    "berega.example": russian(),
    "shiokaze.example": japanese(),
    "quarry-notes.example": json_feed(),
    "old-post.example": moved_home(),
    "closed.example": closed(),
    "scripts.example": scripts(),
    "hostile.example": hostile(),
    "document.example": {"/": reply(b"%PDF-1.7 ...", "application/pdf")},
    "empty.example": {"/": reply("", "text/html")},
    "gone.example": {},
}
"""What each host answers by path; 404 to all else."""
