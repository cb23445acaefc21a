"""The dated posts of a live blog, out of its JSON-LD or its markup."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from lxml.html import HtmlElement

from archive.article import Update
from archive.extraction.blocks import Block, fold, near, text_under, words_key
from archive.extraction.furniture import telling_word
from archive.extraction.jsonld import LinkedData, Node, strings
from archive.extraction.markup import class_tokens
from archive.extraction.markup import fold as without_tags

__all__ = ["Posts", "find_posts", "stated_updates"]

Read = Callable[[str], str | None]
"""From a date as the page writes it to ISO 8601."""

_MOST_UPDATES = 2_000
_LEVELS = 10
_FEWEST, _FEWEST_OF_LIVE_BLOG = 3, 2
_SHORTEST_POST = 20
_USUAL_POST = 40
"""Characters of text that is no link; the posts of a group have as many on average."""
_SHARE = 0.5
"""Of the page's prose; posts with less are no live blog, unless the page says that it is one."""
_LONGEST_HEADLINE = 200
_WORDS_IN_HEADLINE = 2
_LONGEST_TIME = 40
_KNOWN = 40
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LABELS = frozenset({"h2", "h3", "h4", "h5", "dt", "time"})
_FOLLOWERS = frozenset({"p", "ul", "ol", "blockquote", "dd", "figure"})
_FOREIGN = frozenset({"comment", "related", "navigation", "advertisement"})
_HEADLINE_TOKENS = frozenset({"headline", "title", "heading"})
_BYLINE_TOKENS = frozenset({"byline", "author", "authors", "autor", "auteur"})
_CLOCK_TOKENS = frozenset({"time", "timestamp", "date", "datetime", "clock", "uhrzeit", "hora", "heure", "ora"})
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])\s?[:.hH]\s?([0-5]\d)(?!\d)")
_BREAK = re.compile(r"\s*(?:\n|<br\s*/?>|</p>|</li>)\s*", re.IGNORECASE)


def stated_updates(linked: LinkedData, nodes: Iterable[Node], read: Read) -> tuple[Update, ...]:
    """The posts that JSON-LD lists, in its order."""
    found: dict[Update, None] = {}
    for node in nodes:
        for value in linked.values(node, "liveBlogUpdate", _MOST_UPDATES):
            if isinstance(value, dict):
                headline = _first(value, "headline", "name")
                body = _first(value, "articleBody", "text", "description")
                lines = [line for part in _BREAK.split(body) if (line := without_tags(part))]
                if text := "\n".join(lines) or without_tags(headline):
                    title = without_tags(headline) if lines else ""
                    found[Update(text, read(_first(value, "datePublished", "dateModified")), title or None)] = None
    return tuple(found)


def _first(node: Node, *names: str) -> str:
    return next((text for name in names for text in strings(node.get(name), "@value")[:1]), "")


@dataclass
class Posts:
    """The posts of a live blog."""

    updates: tuple[Update, ...]
    elements: list[HtmlElement] = field(default_factory=list)
    """What holds them, and nothing else."""
    fate: dict[Block, str] = field(default_factory=dict)
    """The rule that removed a block of a post; empty: it is in the update."""


def find_posts(
    tree: HtmlElement,
    blocks: Sequence[Block],
    stated: Sequence[Update],
    *,
    certain: bool,
    read: Read,
    day: str | None,
) -> Posts | None:
    """The posts of the page; None if it has none.

    Posts are elements alike, side by side, each with a time. `stated` are those in the page's JSON-LD, `certain`
    is whether the page says that it is a live blog, `day` (ISO 8601) is that of times without one.
    """
    groups = _alike(tree, blocks, certain=certain)
    post_of = {element: index for index, group in enumerate(groups) for element in group}
    inside: defaultdict[int, list[Block]] = defaultdict(list)
    for block in blocks if groups else ():
        element = next((element for element in near(block.element) if element in post_of), None)
        if element is not None:
            inside[post_of[element]].append(block)
    posts = Posts((), list(post_of))
    shown = [u for index, post in enumerate(groups) if (u := _read_post(post, inside[index], posts.fate, read, day))]
    if _size(stated) > 2 * _size(shown):
        posts.updates = tuple(stated)
        _find_stated(posts, blocks)
    else:
        posts.updates = tuple(_dated(update, stated) for update in shown)
    return posts if posts.updates else None


def _size(updates: Iterable[Update]) -> int:
    return sum(len(update.text) for update in updates)


def _dated(update: Update, stated: Iterable[Update]) -> Update:
    """A post with the time that JSON-LD has for it, if it shows none."""
    if update.published:
        return update
    head, text = words_key(update.headline or ""), words_key(update.text)[:_KNOWN]
    for other in stated:
        if (head and head == words_key(other.headline or "")) or (text and words_key(other.text).startswith(text)):
            return Update(update.text, other.published, update.headline)
    return update


# In the markup


def _alike(tree: HtmlElement, blocks: Sequence[Block], *, certain: bool) -> list[list[HtmlElement]]:
    """The elements of each post: the largest group of elements alike that each hold a time and some text, or that
    text follows."""
    size = text_under((block.element, len(block.text) - block.linked) for block in blocks)
    groups: defaultdict[object, dict[HtmlElement, None]] = defaultdict(dict)
    for time in _clocks(tree):
        for element, parent in pairwise(near(time, _LEVELS)):
            name = parent.get("class")
            groups[(parent.tag, name) if name else parent, element.tag][element] = None
    prose = sum(len(block.text) for block in blocks if block.is_prose)
    best: tuple[int, int, list[list[HtmlElement]]] = (0, 0, [])
    for group in groups.values():
        posts = [(post, sum(size.get(e, 0) for e in post)) for post in _with_followers(_outermost(group))]
        posts = [(post, characters) for post, characters in posts if characters >= _SHORTEST_POST]
        total = sum(characters for _, characters in posts)
        if len(posts) < (_FEWEST_OF_LIVE_BLOG if certain else _FEWEST) or total < _USUAL_POST * len(posts):
            continue
        if (certain or total >= _SHARE * prose) and not any(_is_foreign(post[0]) for post, _ in posts[:3]):
            best = max(best, (len(posts), total, [post for post, _ in posts]), key=lambda found: found[:2])
    return best[2]


def _outermost(group: dict[HtmlElement, None]) -> list[HtmlElement]:
    return [e for e in group if not any(outer in group for outer in near(e, _LEVELS)[1:])]


def _with_followers(members: Sequence[HtmlElement]) -> Iterator[list[HtmlElement]]:
    """Each element, with the paragraphs that follow it if it is only a heading."""
    others = set(members)
    for member in members:
        post = [member]
        for sibling in member.itersiblings() if member.tag in _LABELS else ():
            if sibling in others or sibling.tag not in _FOLLOWERS or telling_word(sibling):
                break
            post.append(sibling)
        yield post


def _clocks(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Time elements, and what is called so and shows a time of day."""
    found = list(tree.iter("time"))
    yield from found
    if len(found) < _FEWEST:
        for element in tree.iter("span", "div", "p", "h3", "h4", "strong"):
            if element.get("class") and len(element) <= 1 and class_tokens(element) & _CLOCK_TOKENS:
                text = fold(element.text_content())
                if len(text) <= _LONGEST_TIME and _CLOCK.search(text):
                    yield element


def _is_foreign(element: HtmlElement) -> bool:
    """Whether elements are comments, teasers or the like, or lead to pages of their own."""
    return any(telling_word(outer) in _FOREIGN for outer in near(element, _LEVELS) if outer.tag not in ("body", "html"))


def _read_post(
    post: Sequence[HtmlElement], blocks: Sequence[Block], fate: dict[Block, str], read: Read, day: str | None
) -> Update | None:
    """The post, and what became of its blocks."""
    time = next(_clocks(post[0]), None)
    outer = set(near(post[0])[1:])
    shown = fold(time.text_content()) if time is not None else ""
    if time is not None and time.tag != "time" and (clock := _CLOCK.search(shown)):
        shown = clock[0]
    headline: str | None = None
    lines: list[str] = []
    for block in blocks:
        chain = list(takewhile(lambda element: element not in outer, near(block.element, _LEVELS)))
        kind = next((word for element in chain if (word := telling_word(element))), None)
        if kind or any(class_tokens(element) & _BYLINE_TOKENS for element in chain):
            fate[block] = kind or "byline"
        elif any(element.tag == "figcaption" for element in chain):
            continue  # captions have a field of their own
        elif _is_time(block, shown):
            fate[block] = ""
        elif headline is None and not lines and _is_heading(block):
            headline = block.text.removeprefix(shown).strip(" :–—-")
            fate[block] = ""
        else:
            lines.append(block.text)
            fate[block] = ""
    if not lines and headline:
        lines, headline = [headline], None
    if not lines:
        return None
    return Update("\n".join(lines), _published(time, shown, read, day), headline)


def _is_time(block: Block, shown: str) -> bool:
    """Whether a block is the time of the post, with what little stands beside it."""
    if not shown or shown not in block.text or len(block.text) > len(shown) + _SHORTEST_POST:
        return False
    return not _is_heading(block) or len(block.text.replace(shown, "").split()) < _WORDS_IN_HEADLINE


def _is_heading(block: Block) -> bool:
    if len(block.text) > _LONGEST_HEADLINE:
        return False
    return block.element.tag in _HEADINGS or bool(class_tokens(block.element) & _HEADLINE_TOKENS)


def _published(time: HtmlElement | None, shown: str, read: Read, day: str | None) -> str | None:
    if time is None:
        return None
    for raw in (time.get("datetime"), time.get("title"), shown):
        if raw and (value := read(raw)):
            return value
    clock = _CLOCK.search(shown)
    return read(f"{day} {int(clock[1]):02}:{clock[2]}") if clock and day else None


# As JSON-LD has them


def _find_stated(posts: Posts, blocks: Sequence[Block]) -> None:
    """The blocks that show what JSON-LD has, and the elements that hold nothing else."""
    lines = {words_key(line) for update in posts.updates for line in (update.headline or "", *update.text.split("\n"))}
    whole = "\n".join(words_key(update.text) for update in posts.updates)
    sharing = Counter(block.element for block in blocks)
    for block in blocks:
        if block in posts.fate or not block.key:
            continue
        if block.key in lines or (len(block.key) >= _KNOWN and block.key in whole):
            posts.fate[block] = ""
            if sharing[block.element] == 1 and block.element.tag != "body":
                posts.elements.append(block.element)
