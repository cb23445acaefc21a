"""Appeals for money, subscriptions and addresses, known by who speaks to whom about what.

A news text seldom says "we" to "you" outside quotation marks, and hardly ever about its own newsroom and
the reader's money. The words are data: ``appeals.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from itertools import groupby, pairwise

from archive.extraction.blocks import words_key

__all__ = ["Voice", "appeal_runs", "language_of", "listen", "spoken"]

# A quotation that goes on in the next paragraph has no end in this one. A paragraph that begins with a
# dash is speech as a whole.
_QUOTED = re.compile(
    r"“[^”]*(?:”|$)|„[^“”]*(?:[“”]|$)|«[^»]*(?:»|$)|»[^«]*(?:«|$)|”[^”]*(?:”|$)|\"[^\"]*(?:\"|$)"
    r"|‘(?<!\w‘).*?’(?!\w)|'(?<!\w')(?=\w).*?(?<!\s)'(?!\w)",
    re.DOTALL,
)
_QUOTE = re.compile("[“„«»”\"‘']")
_DASH = ("–", "—", "―")
_MARKS = re.compile("[\u00ad\u0640\u064b-\u0652\u200b-\u200f\u2060\ufeff]")
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।]['\"”»’)]*$")
_WORD = re.compile(r"\w+")
_WORD_OR_STAR = re.compile(r"[\w*]+")
_BEGINNING = r"(?:\A\W*|(?<=[.!?:;…؟]\s)|(?<=[¡¿]))"
_LONGEST_LABEL = 60
_SHORT_NAME = 5
_WIDEST_GAP = 3
"""Paragraphs between two that are certain, that belong to the appeal too."""
_LONGEST_GREETING = 20
"""Characters of a whole sentence that greets and says no more."""
_LETTER = 5
"""Paragraphs from the greeting of a letter to its request."""
_SAMPLE = 3000
"""Characters that tell the language."""
_TALKATIVE, _MUCH = 0.4, 0.3
"""Shares of a page: of talk that makes it one of these, of an appeal that must speak of the paper."""
_SCRIPTS = {
    "zh": re.compile("[\u3400-\u9fff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
}
_ITS_SCRIPT, _KANA = 0.3, 0.2
"""Share of a text in its script; of kana to other letters, which Japanese has many of and Chinese none."""
_TALK = 2
"""So many paragraphs elsewhere that say "we" to "you" make the page a letter, a column or an interview."""


class Voice:
    """What a paragraph sounds like, outside quotation marks; heard only as far as is asked.

    The names are those of ``appeals.toml``.
    """

    def __init__(self, text: str, paper: Iterable[str] = (), language: str | None = None) -> None:
        """`paper` are the names of the site; without a `language` all are listened for."""
        self._text, self._paper = text, paper
        self.size = len(text)
        self._spoken = spoken(text)
        self._folded = self._spoken.casefold()
        self._words = frozenset(_WORD.findall(self._folded))
        self._language, self._phrases = language, _phrases(language)

    @cached_property
    def ask(self) -> bool:
        """It asks the reader for something, for whomever."""
        return self._has("ask")

    @cached_property
    def plea(self) -> bool:
        """It asks the reader for the paper's own sake."""
        return self._has("plea")

    @cached_property
    def give(self) -> bool:
        """It speaks of money, subscriptions or newsletters."""
        return self._has("give")

    @cached_property
    def own(self) -> bool:
        """It speaks of the paper itself, or of the page the reader is on."""
        return self.press or self._has("here")

    @cached_property
    def press(self) -> bool:
        """It speaks of the paper itself."""
        if self._has("self"):
            return True
        names = [f" {words_key(name)} " for name in self._paper if len(name) > _SHORT_NAME]
        key = f" {words_key(self._spoken)} " if names else ""
        return any(name in key for name in names)

    @cached_property
    def we(self) -> bool:
        """The paper speaks in person."""
        return self._has("we")

    @cached_property
    def you(self) -> bool:
        """The reader is spoken to."""
        return self._has("you")

    @cached_property
    def greeting(self) -> bool:
        """It is how a letter to the readers begins."""
        plain = self._spoken.strip(" :,.!،")
        return len(self._text) <= 2 * _LONGEST_LABEL and bool(_greetings(self._language).fullmatch(plain))

    @property
    def label(self) -> bool:
        """It is short and no sentence: a button, a sum, a heading."""
        return len(self._text) <= _LONGEST_LABEL and not _SENTENCE_END.search(self._text)

    @property
    def asks(self) -> bool:
        """It asks the reader for something."""
        return self.ask or self.plea

    @property
    def appeals(self) -> bool:
        """It asks the reader, and speaks of the paper."""
        return self.asks and self.own

    @property
    def talks_money(self) -> bool:
        """It tells the reader of the paper's own money."""
        return self.give and self.own and self.we and self.you

    @property
    def addresses(self) -> bool:
        """It may be a part of an appeal that stands beside it."""
        return self.greeting or self.asks or self.we + self.you + self.own >= 2

    @property
    def may_begin(self) -> bool:
        """Whether an appeal may begin or end with it: a longer text that says "we" to "you" is a column too."""
        short = self.size <= 2 * _LONGEST_LABEL
        return short or self.greeting or self.own or self.plea or (self.give and self.we)

    @property
    def goes_on(self) -> bool:
        """Whether it goes on with an appeal that it stands beside: it asks for the paper, or in short for money."""
        return self.asks and (self.press or self.plea or (self.give and self.size <= 2 * _LONGEST_LABEL))

    @property
    def goes_along(self) -> bool:
        """It belongs to an appeal that goes on behind it."""
        return self.label or self.own or self.we or (self.give and self.size <= 2 * _LONGEST_LABEL)

    def _has(self, kind: str) -> bool:
        return self._phrases[kind].stand_in(self._spoken, self._folded, self._words)


def listen(texts: Sequence[str], paper: Iterable[str] = (), declared: str | None = None) -> list[Voice]:
    """The voices of a text's paragraphs; `paper` are the names of the site, `declared` is the language the
    page says it is in: the words decide."""
    names, language = tuple(paper), language_of(texts, declared)
    return [Voice(text, names, language) for text in texts]


def language_of(texts: Iterable[str], declared: str | None = None) -> str:
    """The language of ``appeals.toml`` that texts are in, by their everyday words; else English, whose
    appeals stand on pages in all languages."""
    sample = ""
    for text in texts:
        sample += f"{text} "
        if len(sample) > _SAMPLE:
            break
    if not sample.isascii() and (script := _script_of(sample)):
        return script
    counts = Counter(sample.casefold().split())
    common, scores = _common(), dict.fromkeys(_data(), 0)
    for word in counts.keys() & common.keys():
        for name in common[word]:
            scores[name] += counts[word]
    best = max(scores, key=lambda name: (scores[name], name == (declared or "")[:2].lower()))
    return best if scores[best] >= max(2, 0.03 * counts.total()) else "en"


def _script_of(sample: str) -> str | None:
    """The language that a script alone tells."""
    counts = {name: len(letters.findall(sample)) for name, letters in _SCRIPTS.items()}
    if counts["zh"] + counts["ja"] + counts["ko"] < _ITS_SCRIPT * len(sample):
        return None
    if counts["ko"] > counts["zh"] + counts["ja"]:
        return "ko"
    return "ja" if counts["ja"] > _KANA * counts["zh"] else "zh"


def appeal_runs(voices: Sequence[Voice]) -> set[int]:
    """Indexes of the paragraphs, of those in a row, that make up appeals.

    Paragraphs in a row that address the reader are heard together. On a page that itself says "we" to "you",
    a letter, a column or an interview, only what asks for the paper's own sake is an appeal.
    """
    if not any(voice.asks or voice.talks_money for voice in voices):
        return set()
    size = sum(voice.size for voice in voices)
    certain = {i for i, v in enumerate(voices) if v.appeals} | _letters(voices)
    together = _heard_together(voices, size)
    talk = [i for i, v in enumerate(voices) if v.we and v.you]
    outside = sum(1 for i in talk if i not in certain and i not in together)
    others = [i for i in talk if not voices[i].own]
    if outside < _TALK and sum(voices[i].size for i in others) < _TALKATIVE * size:
        marked = _with_neighbours(voices, _bridged(voices, certain | together))
        if 2 * sum(voices[i].size for i in marked) < size:
            return marked
    return _bridged(voices, {i for i in certain if voices[i].press or not others})


def _letters(voices: Sequence[Voice]) -> set[int]:
    """The paragraphs from a greeting to the request that soon follows it, if they speak of the paper."""
    marked: set[int] = set()
    for start in (i for i, v in enumerate(voices) if v.greeting):
        first = voices[start]
        if first.asks:  # it greets and asks in one breath
            marked.add(start)
        if not first.label and first.size > _LONGEST_GREETING:
            continue
        end = next((i for i in range(start + _LETTER, start, -1) if i < len(voices) and voices[i].asks), start)
        if end > start and any(v.own for v in voices[start : end + 1]):
            marked.update(range(start, end + 1))
    return marked


def _heard_together(voices: Sequence[Voice], size: int) -> set[int]:
    """The paragraphs of runs that address the reader and as a whole appeal."""
    marked: set[int] = set()
    for addressing, run in groupby(range(len(voices)), key=lambda i: voices[i].addresses):
        indexes = _trimmed(list(run), voices)
        if addressing and _appeal([voices[i] for i in indexes], size):
            marked.update(indexes)
    return marked


def _trimmed(run: list[int], voices: Sequence[Voice]) -> list[int]:
    """A run without what stands at its ends and is not told to belong to an appeal."""
    while run and not voices[run[0]].may_begin:
        run = run[1:]
    while run and not voices[run[-1]].may_begin:
        run = run[:-1]
    return run


def _appeal(run: Sequence[Voice], size: int) -> bool:
    """Whether paragraphs ask, and speak of the paper, or of its own need of money. What makes up much of a page
    must speak of the paper: it may be a letter of others."""

    def heard(kind: str) -> bool:
        return any(getattr(voice, kind) for voice in run)

    if sum(voice.size for voice in run) > _MUCH * size:
        return heard("press") and (heard("asks") or heard("talks_money"))
    asks = heard("asks") and (heard("own") or (heard("give") and (heard("plea") or heard("we"))))
    return asks or heard("talks_money")


def _bridged(voices: Sequence[Voice], marked: set[int]) -> set[int]:
    """Marked paragraphs with what stands between two of them and goes along."""
    ends = sorted(marked)
    result = set(ends)
    for one, other in pairwise(ends):
        between = range(one + 1, other)
        if len(between) <= _WIDEST_GAP and all(voices[i].addresses or voices[i].goes_along for i in between):
            result.update(between)
    return result


def _with_neighbours(voices: Sequence[Voice], marked: set[int]) -> set[int]:
    """Marked paragraphs with those beside them that address the reader, and what goes along between."""
    result = set(marked)
    for start, step in [(i, -1) for i in marked] + [(i, 1) for i in marked]:
        at = start + step
        along: list[int] = []
        while 0 <= at < len(voices) and at not in result:
            voice = voices[at]
            along_labels = voice.addresses and voice.may_begin and all(voices[i].label for i in along)
            if voice.goes_on or (voice.we and voice.press and (voice.you or voice.give)) or along_labels:
                result.update({at, *along})
                along = []
            elif voice.goes_along and len(along) < _WIDEST_GAP:
                along.append(at)
            else:
                break
            at += step
    return result


def spoken(text: str) -> str:
    """A paragraph without what it quotes."""
    if text.startswith(_DASH):
        return ""
    plain = text if text.isascii() else _MARKS.sub("", text)
    return (_QUOTED.sub(" ", plain) if _QUOTE.search(plain) else plain).replace("’", "'")


@lru_cache(maxsize=1)
def _data() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files("archive.extraction").joinpath("appeals.toml").read_text("utf-8"))


@cache
def _common() -> dict[str, list[str]]:
    """The languages that have a word among their everyday ones."""
    languages: defaultdict[str, list[str]] = defaultdict(list)
    for name, language in _data().items():
        for word in language["common"]:
            languages[word].append(name)
    return dict(languages)


class _Phrases:
    """Phrases of ``appeals.toml``, found by the longest word of each: there are hundreds."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_word: dict[str, tuple[str, ...]] = {}
        self._by_stem: dict[str, tuple[str, ...]] = {}
        for phrase in sorted(set(phrases)):
            longest = max(_WORD_OR_STAR.findall(phrase.casefold()), key=len)
            table = self._by_stem if "*" in longest else self._by_word
            table[longest.strip("*")] = (*table.get(longest.strip("*"), ()), phrase)

    def stand_in(self, text: str, folded: str, words: frozenset[str]) -> bool:
        """Whether any of the phrases stands in a text; `folded` is its lower case, `words` are those of it."""
        perhaps = [self._by_word[word] for word in words & self._by_word.keys()]
        perhaps += [phrases for stem, phrases in self._by_stem.items() if stem in folded]
        return any(_pattern(phrases).search(text) for phrases in perhaps)


@lru_cache
def _phrases(language: str | None) -> dict[str, _Phrases]:
    """What ``appeals.toml`` lists for a language, by kind; for all languages if None."""
    tables = _data() if language is None else {language: _data()[language]}
    kinds = ("ask", "plea", "give", "self", "here", "we", "you")
    return {kind: _Phrases(_anywhere(tables, kind)) for kind in kinds}


def _anywhere(tables: dict[str, dict[str, list[str]]], kind: str) -> Iterator[str]:
    """The phrases of a kind; those of languages without spaces between words may stand inside one."""
    for language, table in tables.items():
        for phrase in table[kind]:
            yield f"*{phrase}*" if language in _SCRIPTS else phrase


@cache
def _pattern(phrases: tuple[str, ...], ending: str = r"\w*") -> re.Pattern[str]:
    return re.compile("|".join(_regex(phrase, ending) for phrase in phrases), re.IGNORECASE)


@lru_cache
def _greetings(language: str | None) -> re.Pattern[str]:
    tables = list(_data().values()) if language is None else [_data()[language]]
    return _pattern(tuple(phrase for table in tables for phrase in table["greeting"]), ".{0,80}")


def _regex(phrase: str, ending: str) -> str:
    start, bare = (_BEGINNING, phrase[1:]) if phrase.startswith("^") else (r"(?<!\w)", phrase)
    letters = (f"(?-i:{c})" if c.isupper() else ending if c == "*" else re.escape(c) for c in bare)
    return rf"{start}{''.join(letters)}(?!\w)"
