"""Readers' comments that a page carries: kept apart from the text."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cssselect import HTMLTranslator
from lxml import etree
from lxml.html import HtmlElement

from archive.article import Comment
from archive.extraction.blocks import fold, words_key
from archive.extraction.dates import parse_date
from archive.extraction.furniture import naming_words
from archive.extraction.jsonld import parse_json, strings, types
from archive.rules import SiteRules

__all__ = ["comment_containers", "read_comments"]

_CONTAINERS = frozenset("comments commentlist commentsarea disqus disqusthread respond commentform".split())
_ITEM_TAGS = ("li", "div", "article", "section", "dd", "tr")
_ITEM = re.compile(
    r"(?:^|\s)(?:(?:user|reader|single|coral|js|c)[-_]*)?comment(?:[-_]{1,2}(?:item|entry|node|single|thread-item|row))?(?:$|\s)"
    r"|(?:^|\s)commentItem(?:$|\s)",
    re.IGNORECASE,
)
_LOOSE_ITEM = re.compile(r"(?:^|\s)comment[-_]{0,2}(?:block|box|container|wrapper|body)(?:$|\s)", re.IGNORECASE)
_ITEM_TYPE = re.compile(r"/(?:User)?Comments?/?$")
_BODY = re.compile(
    r"comment[-_]{0,2}(?:body|text|content|message|copy)|(?:^|\s)(?:body|text|content|message)(?:$|\s)", re.IGNORECASE
)
_AUTHOR = re.compile(
    r"author|(?:^|\s)fn\b|(?:user|nick|display|screen)[-_]*name|commenter|(?:^|[\s_-])(?:user|nick|name)(?:$|\s)",
    re.IGNORECASE,
)
_DATE = re.compile(r"date|(?:^|[\s_-])time|timestamp|published|posted|created", re.IGNORECASE)
_BESIDE_TEXT = frozenset(
    "author avatar meta metadata byline date datetime time timestamp posted says reply replies respond actions action "
    "buttons button toolbar controls links like likes vote votes voting rating report flag share permalink badge "
    "user username header footer".split()
)
"""Words in classes of what stands in a comment and is not what the reader wrote."""
_SKIPPED = frozenset("script style template button form select textarea svg time noscript".split())
_INLINE = frozenset("a abbr b bdi cite code em font i mark q s small span strong sub sup time u wbr img".split())
_BUTTONS = frozenset(
    "reply like likes report share quote flag edit delete permalink recommend upvote downvote "
    "antworten gefällt mir melden teilen zitieren répondre signaler partager jaime responder denunciar compartir "
    "compartilhar curtir gosto rispondi segnala condividi beantwoorden reageer rapporteer delen svara anmäl gilla dela "
    "svar svare anmeld rapporter del liker lik odpowiedz zgłoś udostępnij odpovědět nahlásit sdílet ответить "
    "пожаловаться поделиться нравится відповісти поскаржитися поширити yanıtla cevapla beğen paylaş şikayet رد أعجبني "
    "إبلاغ 回复 回覆 举报 檢舉 赞 讚 返信 通報 いいね 답글 신고 좋아요".split()
)
"""What stands on the buttons below comments, where they are links or bare words."""
_LETTERS = re.compile(r"[^\W\d_]+")
_LD_COMMENT = re.compile(r'"@type"\s*:\s*\[?\s*"(?:https?://schema\.org/)?(?:User)?Comments?"')
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_PARAGRAPH = 80
_RUN = 3
_LONGEST_NAME = 60
_MOST_COMMENTS = 2_000
_DEEPEST = 40
"""Levels of replies in JSON-LD."""


def comment_containers(tree: HtmlElement, rules: SiteRules | None = None) -> list[HtmlElement]:
    """The outermost elements that hold comments, by site rules, class, id or itemtype."""
    if rules and rules.comments:
        return list(tree.xpath(HTMLTranslator().css_to_xpath(rules.comments)))
    found: dict[HtmlElement, None] = {}
    for element in tree.iter("section", "div", "ol", "ul", "aside"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if (
            names != " "
            and _names_container(names)
            and not any(outer in found for outer in element.iterancestors())
            and not _holds_article(element, tree)
        ):
            found[element] = None
    for element in tree.iter(*_ITEM_TAGS):
        typed = element.get("itemtype")
        if typed and _ITEM_TYPE.search(typed) and found.keys().isdisjoint([element, *element.iterancestors()]):
            found[element] = None
    return list(found)


def _names_container(names: str) -> bool:
    lower = names.lower()
    if "comment" not in lower and "disqus" not in lower and "respond" not in lower:
        return False
    return not _CONTAINERS.isdisjoint(naming_words(names))


def _holds_article(element: HtmlElement, tree: HtmlElement) -> bool:
    """Whether what is called after its comments is the article: its wrapper, or a column ("Comment")."""
    if element.find(".//h1") is not None or element.find(".//*[@itemprop='articleBody']") is not None:
        return True
    if _is_item(element) or any(_is_item(inner) for inner in element.iterdescendants(*_ITEM_TAGS)):
        return False
    here, everywhere = _long_paragraphs(element), _long_paragraphs(tree)
    return here >= _RUN and 2 * here > everywhere


def _long_paragraphs(element: HtmlElement) -> int:
    return sum(1 for p in element.iter("p") if len(p.text_content()) >= _PARAGRAPH)


def read_comments(
    containers: Iterable[HtmlElement],
    *,
    tree: HtmlElement | None = None,
    timezone: str = "UTC",
    language: str | None = None,
    now: dt.datetime | None = None,
) -> tuple[Comment, ...]:
    """The single comments in comment containers, replies among them, in page order; then those that only the
    JSON-LD of `tree` has.

    `timezone`, `language` and `now` are those of `parse_date`.
    """
    reader = _Reader(timezone, language, now)
    shown = [comment for container in containers for comment in reader.comments(container)]
    linked = {words_key(comment.text): comment for comment in reader.linked(tree)} if tree is not None else {}
    full = [_completed(comment, linked.pop(words_key(comment.text), comment)) for comment in shown]
    return tuple(dict.fromkeys([*full, *linked.values()]))


def _completed(comment: Comment, other: Comment) -> Comment:
    return Comment(comment.text, comment.author or other.author, comment.published or other.published)


def _is_item(element: HtmlElement, pattern: re.Pattern[str] = _ITEM) -> bool:
    name = element.get("class")
    if name and pattern.search(name) and "list" not in name.lower():
        return True
    typed = element.get("itemtype")
    return bool(typed and _ITEM_TYPE.search(typed))


@dataclass
class _Draft:
    """What an element says of one comment."""

    lines: list[str] = field(default_factory=list)
    author: str | None = None
    published: str | None = None


@dataclass(frozen=True)
class _Reader:
    timezone: str
    language: str | None
    now: dt.datetime | None

    def comments(self, container: HtmlElement) -> Iterator[Comment]:
        """Those of a container."""
        for pattern in (_ITEM, _LOOSE_ITEM):
            items = [element for element in container.iter(*_ITEM_TAGS) if _is_item(element, pattern)]
            if items:
                break
        inside = set(items[:_MOST_COMMENTS])
        drafts: dict[HtmlElement, _Draft] = {}
        for item in items[:_MOST_COMMENTS]:
            draft = drafts[item] = self._read(item, inside)
            outer = next((o for o in item.iterancestors() if o in drafts), None)
            if outer is not None and not drafts[outer].lines:  # one comment in two elements
                draft.author = draft.author or drafts[outer].author
                draft.published = draft.published or drafts[outer].published
            # What is called a box or a wrapper may hold a notice about comments.
            if draft.lines and (pattern is _ITEM or draft.author or draft.published):
                yield Comment(" ".join(draft.lines), draft.author, draft.published)

    def _read(self, item: HtmlElement, inside: set[HtmlElement]) -> _Draft:
        own = list(_own(item, inside))
        author = _author(own)
        body = _deepest([e for e in own if e.get("itemprop") == "text"] or [e for e in own if _named(e, _BODY)])
        lines = list(_lines(body if body is not None else item, inside))
        if author is None and lines and (name := _leading_name(own)) and lines[0].startswith(name):
            author = name
        return _Draft(self._without_signs(lines, author), author, self._published(own, lines))

    def _without_signs(self, lines: list[str], author: str | None) -> list[str]:
        """The lines without author and date above the text and buttons around it."""
        name = words_key(author or "")
        while len(lines) > 1 and self._is_sign(lines[0], name):
            lines = lines[1:]
        while len(lines) > 1 and _is_buttons(lines[-1]):
            lines = lines[:-1]
        if lines and self._is_sign(lines[0], name):
            return []
        if lines and author and lines[0].startswith(f"{author}:"):
            lines[0] = lines[0].removeprefix(f"{author}:").lstrip()
        return lines

    def _is_sign(self, line: str, name: str) -> bool:
        if _is_buttons(line):
            return bool(_LETTERS.search(line))
        if len(line) > 2 * _LONGEST_NAME or line.endswith(("!", "?")):
            return False
        key = words_key(line)
        if name and (key == name or (key.startswith(f"{name} ") and line.endswith(":"))):
            return True
        rest = key.removeprefix(name).strip() if name else key
        return (
            any(c.isdigit() for c in rest) and len(rest.split()) <= 8 and self._date(_rest_of(line, name)) is not None
        )

    def _published(self, own: list[HtmlElement], lines: list[str]) -> str | None:
        for element in own:
            stated = element.get("datetime") if element.tag == "time" else None
            if not stated and (
                (element.get("itemprop") or "").lower() in {"datepublished", "datecreated", "commenttime"}
                or (element.get("property") or "").endswith((":date", ":created"))
            ):
                stated = element.get("content") or element.get("datetime") or element.text_content()
            if stated and (found := self._date(stated)):
                return found
        for element in own:
            if element.tag in ("time", "abbr") or _named(element, _DATE):
                for text in (element.get("title"), element.get("content"), element.text_content()):
                    if text and (found := self._date(text)):
                        return found
        return next((found for line in lines[:2] if len(line) <= _LONGEST_NAME and (found := self._date(line))), None)

    def _date(self, text: str) -> str | None:
        return parse_date(fold(text), timezone=self.timezone, language=self.language, now=self.now)

    def linked(self, tree: HtmlElement) -> Iterator[Comment]:
        """The comments in the JSON-LD of a page."""
        for script in tree.iter("script"):
            if "ld+json" in (script.get("type") or ""):
                text = script.text or ""
                if "Comment" in text and _LD_COMMENT.search(text):
                    yield from self._of_value(parse_json(text))

    def _of_value(self, value: object) -> Iterator[Comment]:
        waiting: list[tuple[object, int]] = [(value, 0)]
        seen = 0
        while waiting and seen < 10 * _MOST_COMMENTS:
            inner, depth = waiting.pop()
            seen += 1
            if depth > _DEEPEST:
                continue
            if isinstance(inner, list):
                waiting.extend((each, depth + 1) for each in reversed(inner))
            elif isinstance(inner, dict):
                if not {"Comment", "UserComments"}.isdisjoint(types(inner)) and (comment := self._of_node(inner)):
                    yield comment
                waiting.extend((each, depth + 1) for each in reversed(list(inner.values())))

    def _of_node(self, node: dict[str, object]) -> Comment | None:
        text = next((s for name in ("text", "commentText") for s in strings(node.get(name))), "")
        text = fold(html.unescape(_MARKUP.sub(" ", text)))
        author = next((s for name in ("author", "creator") for s in strings(node.get(name), "name")), None)
        stated = next(
            (s for name in ("datePublished", "dateCreated", "commentTime") for s in strings(node.get(name))), None
        )
        return Comment(text, fold(author) if author else None, self._date(stated) if stated else None) if text else None


def _rest_of(line: str, name: str) -> str:
    """A line without the name that it begins with."""
    return line[len(name) :] if name and line.casefold().startswith(name) else line


def _own(item: HtmlElement, inside: set[HtmlElement]) -> Iterator[HtmlElement]:
    """What is in a comment and not in another one inside it."""
    walk = etree.iterwalk(item, events=("start", "comment", "pi"))
    for event, element in walk:
        if event != "start" or element is item:
            continue
        if element in inside or element.tag in ("form", "script", "style"):
            walk.skip_subtree()
            continue
        yield element


def _named(element: HtmlElement, pattern: re.Pattern[str]) -> bool:
    name = element.get("class")
    return bool(name and pattern.search(name))


def _deepest(found: list[HtmlElement]) -> HtmlElement | None:
    """The first of the elements, or the first of those in it: ``comment-body`` may be the whole comment."""
    if not found:
        return None
    chosen = found[0]
    for element in found[1:]:
        if chosen in element.iterancestors() and element.text_content().strip():
            chosen = element
    return chosen


def _author(own: list[HtmlElement]) -> str | None:
    """The name of who wrote: of what is called author, the innermost."""
    authors = [e for e in own if e.get("itemprop") in ("author", "creator") or "author" in (e.get("rel") or "")]
    authors += [e for e in own if _named(e, _AUTHOR) and e not in authors]
    for element in authors:
        inner = [e for e in authors if element in e.iterancestors()]
        names = [e for e in element.iterdescendants() if e.get("itemprop") == "name"] or inner or [element]
        for each in names:
            text = fold(each.get("content") or next(iter(_lines(each, set(), all_words=True)), ""))
            text = text.rstrip(" :,|·•-–").strip()
            if 0 < len(text) <= _LONGEST_NAME:
                return text
    return None


def _leading_name(own: list[HtmlElement]) -> str | None:
    """A short bold text or link that nothing tells to be the author: the first of the comment."""
    for element in own:
        if element.tag in ("cite", "b", "strong", "h3", "h4", "h5", "h6"):
            text = fold(element.text_content()).rstrip(" :,|·•-–")
            return text if 0 < len(text) <= _LONGEST_NAME // 2 and not text.endswith((".", "!", "?")) else None
    return None


def _lines(element: HtmlElement, inside: set[HtmlElement], *, all_words: bool = False) -> Iterator[str]:
    """The text of an element by its blocks, without other comments and what stands beside the text."""
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, inner in walk:
        text = inner.text if event == "start" else inner.tail if inner is not element else None
        if event == "start":
            aside = inner in inside or inner.tag in _SKIPPED or (not all_words and _is_beside_text(inner))
            breaks = inner.tag not in _INLINE
            if aside and inner is not element:
                walk.skip_subtree()
                text = " "
        else:
            breaks = event == "end" and inner.tag not in _INLINE
        if breaks and (line := fold("".join(parts))):
            yield line
        if breaks:
            parts.clear()
        if text:
            parts.append(text)
    if line := fold("".join(parts)):
        yield line


def _is_beside_text(element: HtmlElement) -> bool:
    name = element.get("class")
    return bool(name) and not _BESIDE_TEXT.isdisjoint(naming_words(name or ""))


def _is_buttons(line: str) -> bool:
    """Whether a line is nothing but what stands on buttons, with the numbers of who pressed them."""
    words = _LETTERS.findall(line.casefold().replace("’", "").replace("'", ""))
    return len(words) <= 4 and all(word in _BUTTONS for word in words)
