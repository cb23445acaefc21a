"""What kind of page it is: a report, an opinion, a live blog, a video, or a list of other pages' headlines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from archive.extraction.blocks import Block, blocks
from archive.extraction.jsonld import Node, is_article_type, types
from archive.extraction.markup import Markup, is_front, key, words

__all__ = ["ARTICLE", "LIST", "LIVE_BLOG", "OPINION", "VIDEO", "names_live_blog", "read_kind"]

ARTICLE, LIST, LIVE_BLOG, OPINION, VIDEO = "article", "list", "live-blog", "opinion", "video"

_OPINION_TYPES = frozenset({"opinionnewsarticle"})
_LIVE_TYPES = frozenset({"liveblogposting"})
_LIST_TYPES = frozenset({"collectionpage", "searchresultspage", "profilepage"})
_OPINIONS = words(
    """
    opinion opinions op-ed oped opinions-editorials commentary comment commentisfree editorial editorials leader
    leaders column columns columnists letters viewpoint viewpoints perspectives meinung meinungen kommentar
    kommentare leitartikel kolumne kolumnen standpunkt gastbeitrag debatte opinión columna columnas tribuna
    editoriales opinião colunistas coluna tribune tribunes chronique chroniques éditorial éditos idées opinione
    opinioni commento commenti editoriale editoriali opinie opinies meningen mening ledare leder ledere debatt
    kronik kronikk kronikker mielipide pääkirjoitus opinia opinie komentarz komentarze felieton názory názor
    komentáře görüş yorum köşe-yazısı köşe-yazıları yazarlar мнение мнения колонка колонки думка думки погляд
    opini nuomonės viedokļi arvamus stanovisko 社説 論説 오피니언 사설 칼럼 评论 社论 رأي آراء مقالات
    """
)
_LIVE = re.compile(
    r"(?:^|[^a-zа-я])(?:live-?(?:blog|ticker|updates?|coverage|reporting|text|feed|stream)|newsblog|news-?ticker"
    r"|en-?(?:direct|vivo|directo)|(?:ao|em)-(?:vivo|direto)|minuto-a-minuto|minute-par-minute|in-?diretta|la-diretta"
    r"|canlı-(?:blog|anlatım)|direkte|direktrapport|senaste-nytt-direkt|онлайн-трансляц\w+|на-живо"
    r"|as-it-happen(?:s|ed)|latest-updates|der-live-?ticker)(?:$|[^a-zа-я])",
    re.IGNORECASE,
)
_LIVE_FOLDER = re.compile(r"/(?:live|direct|ticker|liveticker|en-vivo|diretta)/")
_LIVE_HEADLINE = re.compile(
    r"^(?:live|direct|en direct|en vivo|ao vivo|diretta|liveticker|liveblog|live blog)\b\s*[:|–—-]", re.I
)
_PARTS = re.compile(r"\s*[:|]\s+|\s+[–—-]\s+")
_LIST_CLASSES = frozenset(
    words(
        """
        home archive category tag author search search-results search-page blog paged taxonomy front frontpage
        front-page home-page homepage section-page category-page tag-page listing listing-page
        """
    )
)
_ARTICLE_CLASSES = re.compile(
    r"(?:^|\s)(?:single|single-\w+|postid-\d+|article|article-page|node-type-article)(?:$|\s)"
)
_LIST_PATH = re.compile(
    r"/(?:tags?|topics?|themen?|thema|tema|temas|categor(?:y|ies|ia)|kategorie|rubrik|ressort|sections?|authors?|autor(?:en|es)?"
    r"|search|suche|recherche|buscar|buscador|page|archives?)(?:/|$)",
    re.IGNORECASE,
)
_QUERY = re.compile(r"(?:^|&)(?:s|q|query|search|page|paged|label)=", re.IGNORECASE)
_HEADINGS = frozenset({"h2", "h3", "h4"})
_WORDS_IN_TITLE = 4
_WORDS_IN_TEASER = 2
"""Of a linked heading."""
_LETTERS_IN_TITLE = 12
"""Of a headline in a script without spaces."""
_TEASERS, _TEASERS_WITH_SIGN = 10, 5
_RUN, _RUN_WITH_SIGN = 500, 1000
"""Characters of prose in a row that make a page an article, whatever else stands on it."""
_DOMINATES = 0.35


class _Structure(NamedTuple):
    """What a page consists of."""

    teasers: int
    """Headlines that lead to other pages."""
    run: int
    """Characters in the longest run of prose that no such headline interrupts."""
    prose: int
    """Characters of prose altogether."""
    begins: bool
    """Whether prose follows the h1 before any such headline, and the h1 is a sentence rather than a name."""


def read_kind(
    markup: Markup, nodes: Sequence[Node], *, urls: Iterable[str | None], headline: str | None, section: str | None
) -> tuple[str, str] | None:
    """The kind of the page and its evidence; None if nothing says that it is other than an article.

    `nodes` is the JSON-LD about the page, `urls` are its addresses.
    """
    addresses = [url for url in urls if url]
    named = [name.lower() for node in nodes for name in types(node)]
    if not _LIVE_TYPES.isdisjoint(named):
        return LIVE_BLOG, "json-ld:LiveBlogPosting"
    if "liveblogupdate" in markup.properties:
        return LIVE_BLOG, "microdata:liveBlogUpdate"
    if why := _list_evidence(markup, addresses):
        return LIST, why
    if not _OPINION_TYPES.isdisjoint(named):
        return OPINION, "json-ld:OpinionNewsArticle"
    og_types = [content.lower() for _, content in markup.contents("og:type")]
    if not any(map(is_article_type, named)):
        if any(kind.startswith("video") for kind in og_types):
            return VIDEO, "meta:og:type"
        if "videoobject" in named and "article" not in og_types:
            return VIDEO, "json-ld:VideoObject"
    for text, evidence in _places(addresses, headline, section):
        if _plain(text) in _opinions():
            return OPINION, evidence
    return None


def names_live_blog(urls: Iterable[str | None], headline: str | None) -> bool:
    """Whether addresses or headline call the page a live blog."""
    paths = (unquote(urlsplit(url).path).lower().replace("_", "-") for url in urls if url)
    return any(_LIVE.search(path) or _LIVE_FOLDER.search(path) for path in paths) or bool(
        headline and (_LIVE_HEADLINE.match(headline) or _LIVE.search(headline.replace(" ", "-")))
    )


@cache
def _opinions() -> frozenset[str]:
    return frozenset(map(_plain, _OPINIONS))


def _plain(text: str) -> str:
    """`key` without accents, as in addresses."""
    return "".join(c for c in unicodedata.normalize("NFKD", key(text)) if not unicodedata.combining(c))


def _places(urls: Iterable[str], headline: str | None, section: str | None) -> Iterator[tuple[str, str]]:
    """Where a page says that it is an opinion: its section, its address, the words before its headline."""
    if section:
        yield section, "section"
    for url in urls:
        *folders, _ = unquote(urlsplit(url).path).strip("/").split("/")
        yield from ((folder, "url") for folder in folders)
    if headline and len(parts := _PARTS.split(headline, maxsplit=1)) > 1:
        yield parts[0], "headline"


# Lists


def _list_evidence(markup: Markup, urls: Sequence[str]) -> str | None:
    """Why the page is a list of others; None if it may be an article."""
    stated = _list_type(markup, urls)
    if _is_article(markup, urls, stated=bool(stated)):
        return None
    structure = _structure(blocks(markup.tree), {key(h1.text_content()) for h1 in markup.h1s})
    if stated:
        few = structure.teasers >= _TEASERS_WITH_SIGN and structure.run < max(
            _RUN_WITH_SIGN, _DOMINATES * structure.prose
        )
        return stated if few or not structure.prose else None
    if structure.begins:
        return None
    sign = _list_sign(markup, urls)
    teasers, run = (_TEASERS_WITH_SIGN, _RUN_WITH_SIGN) if sign else (_TEASERS, _RUN)
    if not structure.prose:
        teasers = _TEASERS_WITH_SIGN
    is_list = structure.teasers >= teasers and structure.run < run
    alone = structure.run > _DOMINATES * structure.prose and structure.run > _RUN
    return (sign or "html:teasers") if is_list and not alone else None


def _is_article(markup: Markup, urls: Sequence[str], *, stated: bool) -> bool:
    """Whether the page says itself that it is an article, in so far as it doesn't state that it is a list."""
    articles = [node for node in markup.linked.nodes if any(map(is_article_type, types(node)))]
    if any(markup.linked.names(node, *urls) for node in articles):
        return True
    if stated:
        return False
    if len(articles) == 1:
        return True
    if any(c.lower().startswith(("article", "video", "news", "story")) for _, c in markup.contents("og:type")):
        return not (urls and all(map(is_front, urls)))
    if next(markup.contents("article:published_time"), None) or len(markup.article_properties("articleBody")) == 1:
        return True
    body = markup.tree.find(".//body")
    return body is not None and bool(_ARTICLE_CLASSES.search(body.get("class") or ""))


def _list_type(markup: Markup, urls: Sequence[str]) -> str | None:
    """The JSON-LD type of a list that the page states to be."""
    for node in markup.linked.nodes:
        for name in types(node):
            if name.lower() in _LIST_TYPES and markup.linked.may_be(node, *urls):
                return f"json-ld:{name}"
    return None


def _list_sign(markup: Markup, urls: Sequence[str]) -> str | None:
    """A weak sign of a list: the address, what the page calls itself."""
    for url in urls[:1]:
        parts = urlsplit(url)
        if is_front(url) or _LIST_PATH.search(parts.path) or _QUERY.search(parts.query):
            return "url"
    if any(content.lower() in {"website", "blog", "profile"} for _, content in markup.contents("og:type")):
        return "meta:og:type"
    body = markup.tree.find(".//body")
    if body is not None and not _LIST_CLASSES.isdisjoint((body.get("class") or "").lower().split()):
        return "html:body"
    return None


def _structure(found: Iterable[Block], h1s: Container[str]) -> _Structure:
    teasers: set[str] = set()
    run = longest = prose = 0
    begins = waits = False
    for block in found:
        if _is_teaser(block):
            teasers.add(block.key)
            run, waits = 0, False
        elif not block.linked and _is_title(block.text) and key(block.text) in h1s:
            waits = True
        elif block.is_prose:
            size = len(block.text) - block.linked
            run, prose = run + size, prose + size
            longest = max(longest, run)
            begins = begins or waits
    return _Structure(len(teasers), longest, prose, begins)


def _is_teaser(block: Block) -> bool:
    if block.linked < 0.9 * len(block.text):
        return False
    heading = block.element.tag in _HEADINGS and len(block.text.split()) >= _WORDS_IN_TEASER
    return heading or _is_title(block.text)


def _is_title(text: str) -> bool:
    """Whether a text is as long as a headline, not as a name or a section."""
    return len(text.split()) >= _WORDS_IN_TITLE or (
        not text.isascii() and " " not in text and len(text) >= _LETTERS_IN_TITLE
    )
