"""Article URL patterns, inferred from addresses of articles: by dates, numbers, slugs and endings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

import msgspec

__all__ = ["ASIDE", "Pattern", "infer_patterns", "is_aside", "looks_like_article", "target_of"]

_WORDS = """
    tag tags topic topics author authors autor autoren autore auteur category categories section sections video videos
    gallery galleries photo photos foto fotos pictures podcast podcasts audio live-tv tv radio page search login signin
    register subscribe subscription newsletter newsletters account about contact contacts privacy terms advertise jobs
    careers shop store games puzzles weather horoscope events print amp feed rss comments comment user users profile
    etiket etiketler yazar yazarlar kategori konu galeri foto-galeri video-galeri arama iletisim hakkimizda
    avtor avtory tegi rubrika rubrics rubric poisk kontakty temy tema themen thema schlagwort suche impressum
    datenschutz kontakt etiqueta etiquetas categoria categorias tema temas buscar contacto tag-news people person
"""
ASIDE = frozenset(_WORDS.split())
"""Segments of paths under which lists and pages about the site stand, but seldom articles."""
_MOST_PATTERNS = 6
_MOST_SECTIONS = 12
_FEW = 0.02
"""A form that so few of the leads have is left aside."""
_USUAL = 0.4
"""Where so many leads stand under a word of `ASIDE`, it is the site's way to name articles."""

_ENDING = re.compile(r"(?i)\.(?:[sx]?html?|php\d?|aspx?|jsp|cms|stm|ece|do)$")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_SPECIAL = re.compile(r"([.^$*+?{}\[\]\\|()])")
_TRACKING = re.compile(
    r"(?i)(?:utm_\w+|fbclid|gclid|ref|src|source|traffic_source|cmp|at_\w+|rss|partner|mc_cid|mc_eid)"
)


class Pattern(msgspec.Struct, frozen=True):
    """A form that articles' addresses have."""

    regex: str
    """Matches path and query as a whole."""
    examples: tuple[str, ...]
    """URLs that were announced."""
    count: int
    """How many of the leads have this form, and none of those before it."""


class _Shape(msgspec.Struct, frozen=True):
    """What an address is made of."""

    sections: tuple[str, ...]
    """Plain words that its path begins with."""
    rest: tuple[tuple[str, str], ...]
    """Kind and regular expression of each segment behind them."""
    ending: str
    query: tuple[str, ...]

    @property
    def is_strong(self) -> bool:
        """Whether a date or number tells it from pages that are no articles."""
        return bool(self.query) or any(kind not in ("slug", "word") for kind, _ in self.rest)

    @property
    def key(self) -> tuple[object, ...]:
        """Addresses with the same one have the same form."""
        rest = tuple(regex if kind not in ("slug", "word") else kind for kind, regex in self.rest)
        if self.is_strong:  # behind a date, one word is as good a slug as several
            rest = tuple("slug" if part == "word" else part for part in rest)
        return rest, self.ending, self.query


def target_of(url: str) -> str:
    """Path and query of a URL, unescaped."""
    parts = urlsplit(url)
    return unquote(parts.path or "/") + (f"?{unquote(parts.query)}" if parts.query else "")


def is_aside(url: str) -> bool:
    """Whether it is a list, or a page about the site, by a word of its path."""
    return bool(_words_aside(target_of(url)))


def looks_like_article(url: str, text: str) -> bool:
    """Whether a link of a front page leads to an article, by its form and by how much it says (`text`).

    Without a text only a date or a number tells.
    """
    if is_aside(url):
        return False
    shape = _shape(target_of(url))
    if not shape.rest or not text or shape.is_strong:
        return bool(shape.rest) and shape.is_strong
    says_much = len(text) >= 25 or (len(text) >= 10 and not text.isascii() and " " not in text[:10])
    return says_much and (shape.rest[-1][0] == "slug" or len(shape.rest) + len(shape.sections) > 1)


def infer_patterns(
    leads: Iterable[str], others: Iterable[str] = (), *, fewest: int = 2, is_told: bool = True
) -> tuple[list[Pattern], list[str]]:
    """The forms of the URLs `leads`, most frequent first, and those leads that have none of them.

    `others` are URLs that are no articles: no pattern matches them if it can be helped. A form is one if at least
    `fewest` leads have it; if the leads were not told by a feed, but only look like articles (`is_told`), not one that
    any word would have.
    """
    urls = list(dict.fromkeys(leads))
    targets = {url: target_of(url) for url in urls}
    usual = _usual_words(targets.values())
    groups: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for url, target in targets.items():
        if not _words_aside(target) - usual and (shape := _shape(target)).rest:
            groups[shape.key].append(url)
    least = max(fewest, int(_FEW * len(urls)))
    known = {*targets.values()}
    wrong = {target_of(url) for url in others} - known
    patterns: list[Pattern] = []
    left = urls
    for group in sorted(groups.values(), key=len, reverse=True)[:_MOST_PATTERNS]:
        if len(group) < least:
            break
        regex = _regex([_shape(targets[url]) for url in group], [targets[url] for url in group])
        if not is_told and re.fullmatch(regex, "/x"):
            continue
        regex = _without(regex, wrong | {t for t in known if _words_aside(t) - usual})
        matched = {url for url in left if re.fullmatch(regex, targets[url])}
        if matched:
            examples = tuple(url for url in group if url in matched)[:3]
            patterns.append(Pattern(regex, examples, len(matched)))
            left = [url for url in left if url not in matched]
    return patterns, left


def _words_aside(target: str) -> set[str]:
    path = target.partition("?")[0].lower()
    return {word for word in path.strip("/").split("/")[:-1] if word in ASIDE} | (
        {last} if (last := path.rstrip("/").rpartition("/")[2]) in ASIDE else set()
    )


def _usual_words(targets: Iterable[str]) -> set[str]:
    words: Counter[str] = Counter()
    total = 0
    for target in targets:
        words.update(_words_aside(target))
        total += 1
    return {word for word, count in words.items() if count > _USUAL * total}


def _shape(target: str) -> _Shape:
    path, _, query = target.partition("?")
    segments = path.strip("/").split("/") if path.strip("/") else []
    ending = ""
    if segments and (found := _ENDING.search(segments[-1])):
        ending = found[0]
        segments[-1] = segments[-1][: found.start()]
    parts = [_segment(segment) for segment in segments]
    first = 0
    while first < len(parts) - 1 and parts[first][0] == "word":
        first += 1
    names = tuple(sorted(pair.partition("=")[0] for pair in query.split("&") if _is_number(pair)))
    if not names and query and len(parts) - first == 1 and parts[-1][0] == "word":
        names = tuple(sorted(p.partition("=")[0] for p in query.split("&") if "=" in p and not _TRACKING.match(p)))
    if names and parts and parts[-1][0] == "word":  # a script's name
        parts[-1] = "script", _escaped(segments[-1])
    return _Shape(tuple(segments[:first]), tuple(parts[first:]), ending, names)


def _is_number(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return value.isdigit() and _TRACKING.fullmatch(name) is None


def _segment(text: str) -> tuple[str, str]:
    """Kind and regular expression of one segment of a path."""
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return "year", r"\d{4}"
    if re.fullmatch(r"\d\d", text):
        return "number", r"\d{2}"
    if re.fullmatch(r"(?:19|20)\d\d-\d\d-\d\d", text):
        return "day", r"\d{4}-\d{2}-\d{2}"
    if re.fullmatch(r"\d+", text):
        return "number", r"\d+"
    if _UUID.fullmatch(text):
        return "hash", r"[0-9A-Fa-f-]{36}"
    if found := re.fullmatch(rf"(.+)([-_.,])({_UUID.pattern[4:]}|[0-9a-f]{{12,}})", text):
        return "numbered slug", rf"[^/]+{_escaped(found[2])}[0-9A-Fa-f-]+"
    if found := re.fullmatch(r"([A-Za-z]{0,4})(\d{3,})", text):
        return "number", rf"{found[1]}\d+"
    if re.search(r"[A-Za-z]", text) and re.search(r"\d", text) and re.fullmatch(r"[A-Za-z0-9]{8,}", text):
        return "code", r"(?=[^/]*\d)[A-Za-z0-9]{8,}"
    if (found := re.fullmatch(r"(.*[^\W\d_].*)([-_.,~])([a-z]{0,3})(\d{3,})", text)) and not _is_year(
        found[3] + found[4]
    ):
        return "numbered slug", rf"[^/]+{_escaped(found[2])}{found[3]}\d+"
    if (found := re.fullmatch(r"(\d{3,})([-_.,~])(.+)", text)) and not _is_year(found[1]):
        return "numbered slug", rf"\d+{_escaped(found[2])}[^/]+"
    if re.search(r"[-_+ ]", text) or (len(text) >= 8 and not text.isascii()):
        return "slug", r"[^/]+"
    return "word", r"[^/]+"


def _is_year(text: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", text) is not None


def _escaped(text: str) -> str:
    """A literal in a regular expression and in TOML's single quotes."""
    return _SPECIAL.sub(r"\\\1", text).replace("'", ".")


def _any_of(texts: Sequence[str]) -> str:
    return _escaped(texts[0]) if len(texts) == 1 else f"(?:{'|'.join(map(_escaped, texts))})"


def _regex(shapes: Sequence[_Shape], targets: Sequence[str]) -> str:
    """The pattern of addresses that have the same form."""
    one = shapes[0]
    parts = [regex for _, regex in one.rest]
    if not one.is_strong:
        parts[-1] = _slug(targets)
    regex = (
        _prefix([shape.sections for shape in shapes], is_strong=one.is_strong) + "/".join(parts) + _escaped(one.ending)
    )
    paths = [target.partition("?")[0] for target in targets]
    if any(path.endswith("/") for path in paths):
        regex += "/?"
    if one.query:
        names = [rf"{_escaped(name)}=[^&]+" for name in one.query]
        return regex + r"\?(?:.*&)?" + "&(?:.*&)?".join(names) + "(?:&.*)?"
    return regex + (r"(?:\?.*)?" if any("?" in target for target in targets) else "")


def _slug(targets: Sequence[str]) -> str:
    """Where nothing else tells articles apart, they have as many hyphens as these at least."""
    last = (target.partition("?")[0].rstrip("/").rpartition("/")[2] for target in targets)
    hyphens = min(segment.count("-") for segment in last)
    return rf"(?:[^/-]*-){{{min(hyphens, 2)},}}[^/]+" if hyphens else "[^/]+"


def _prefix(sections: Sequence[tuple[str, ...]], *, is_strong: bool) -> str:
    """What the paths begin with: one section, one of several, or any."""
    every = Counter(sections)
    if len(every) == 1:
        return "/" + "".join(f"{_escaped(part)}/" for part in sections[0])
    if not is_strong and len(every) <= _MOST_SECTIONS and () not in every:
        return f"/{_any_of(['/'.join(parts) for parts, _ in every.most_common()])}/"
    fewest, most = min(map(len, every)), max(map(len, every))
    first = {parts[0] for parts in every if parts}
    start = ""
    if fewest and len(first) == 1:
        start, fewest, most = f"{_escaped(first.pop())}/", fewest - 1, most - 1
    times = "" if (fewest, most) == (1, 1) else "?" if (fewest, most) == (0, 1) else f"{{{fewest},{most}}}"
    return f"/{start}(?:[^/]+/){times}" if times else f"/{start}[^/]+/"


def _without(regex: str, wrong: Iterable[str]) -> str:
    """The pattern, kept from matching addresses that are no articles."""
    hit = sorted(target for target in wrong if re.fullmatch(regex, target))
    words = sorted({word for target in hit for word in _words_aside(target)})
    if words:
        regex = rf"(?!.*/{_any_of(words)}(?:/|$)){regex}"
    left = sorted({target.partition("?")[0].strip("/") for target in hit if not _words_aside(target)})
    if 0 < len(left) <= 8:
        regex = rf"(?!/{_any_of(left)}/?$){regex}"
    return regex
