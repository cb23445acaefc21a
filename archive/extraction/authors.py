"""Names of authors out of what pages put in bylines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archive.extraction.markup import fold, key

__all__ = ["is_agency", "names", "without_site"]

_LONGEST_NAME = 80
_LONGEST_ABBREVIATION = 4
_LONGEST_BYLINE = 500
_MOST_WORDS = 7

_BY = (
    r"(?:written|posted|reported|words|story|text|article|interview|report|analysis|published|opinion|photos?)"
    r"(?:\s+and\s+\w+)?\s+by|by|por|par|ein\s+\w+\s+von|eine\s+\w+\s+von|oleh|viết\s+bởi"
)
# Words that are also a part of names or of names of desks, so they need a colon.
_NOUN = (
    r"text[es]?|fotos?|autor(?:in|es|a)?|auteurs?|authors?|autore|autori|автор[ы]?|текст|yazan|haber|muhabir"
    r"|redaktion|reporter|tekst|(?:staff\s+)?writer|contributor|by|von|por|par|di|interview|bericht"
)
_LABEL = re.compile(rf"(?:(?:{_BY})\s+|(?:{_NOUN})\s*[:：]\s*)", re.IGNORECASE)
# Words that begin surnames too: taken for a label only before a full name.
_PARTICLE_LABEL = re.compile(
    r"(?:[Vv]o[nm]|[Dd]i|da|de|[Aa][vf]|[Ff]rom|[Dd]oor|[Oo]d|[Оо]т)\s+(?=[^\W\d_a-zà-ÿ]\S*\s+\S)"
)
_LOWER_LABEL = re.compile(r"^(?:von|vom|di|da|de|av|af|from|door|by|par|por|od|от)\s+(?=[^\W\da-zà-ÿ])")
_SOURCE = re.compile(
    r"\s*(?:quellen?|sources?|fuentes?|fonti|fonte|kilder?|källa|kaynak|источник|bron)\s*:", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S*(?:https?://|www\.)\S*|\S+@\S+\.\w+|(?<!\w)@\w+")
_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|【[^【】]*】)")
# A date behind a name, with what follows; before names are split at commas.
_DATE = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?"
    r"(?:[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+(?:19|20)\d\d\b|\d{1,2}\.?\s+(?:de\s+)?[^\W\d_]{3,12}\.?\s+(?:de\s+)?(?:19|20)\d\d\b"
    r"|(?:[^\W\d_]{2,4}\.?,\s+|[a-zà-ž]{2,4}\.?\s+)?\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d"
    r"|(?:19|20)\d\d-\d\d-\d\d|(?:at|um|kl\.?|om|à)\s+\d{1,2}[:.]\d\d\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_DATED = re.compile(r"\d{4}|\d{1,2}[:.]\d{2}|\d{1,2}\.\s?\d{1,2}\.")
_HARD_BREAK = re.compile(r"\s*[;|•·‧∙・、，،؛\n]\s*|\s+[/–—‒-]\s+|\s*\t\s*")
# Words that join two whole names; "y" also joins the two halves of one (José Ortega y Gasset).
_AND = re.compile(r"\s+(?:and|und|et|y|e|en|og|och|ja|ve|i|și|und|with|mit|&|\+|и|й|та|і|dan|và|és|kai|και|و)\s+", re.I)
_COMMA = re.compile(r"\s*,\s*(?:and\s+|und\s+|et\s+|y\s+|&\s+)?")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|m\.?d|ph\.?\s?d|esq|mba|rn|obe|mbe|cbe|qc|kc|sj|s\.j)\.?", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:(?:[a-z-]*(?:editor|reporter|correspondent|journalist|writer|columnist|producer|contributor|director|"
    r"photographer|analyst|critic|presenter|commentator|fellow|professor|lecturer|researcher))s?"
    r"|(?:[a-zäöüß-]*(?:redakteur|redaktor|journalist|reporter|korrespondent|kolumnist|autor|volontär)(?:in|innen|e|en|s)?)"
    r"|redacteur|redactrice|rédact(?:eur|rice)|journaliste|correspondant[es]*|grand reporter"
    r"|periodista|redactora?|corresponsal|reportero|giornalista|redattore|inviat[oa]|jornalista|repórter"
    r"|journalister|korrespondent|toimittaja|muhabir[i]?|gazeteci|editör[ü]?"
    r"|журналист(?:ка)?|корреспондент|обозреватель"
    r"|chefredakteur|ressortleiter(?:in)?|leiter(?:in)?|head of|chief|bureau|the author|desk editor)\b",
    re.IGNORECASE,
)
_ROLE_ENDING = re.compile(r"\s*(?:記者|기자|특파원|編集委員|记者|報道|논설위원|선임기자|인턴기자)$")
_AGENCIES = frozenset(
    """
    reuters ap afp dpa apa sda ats keystone-sda ansa adnkronos efe tass interfax xinhua ptb pti ians ani kyodo jiji
    yonhap bernama antara aap upi bloomberg anp belga ritzau ntb stt bns ceska ctk čtk tasr mti pap lusa agerpres anka
    iha dha aa epd kna sid ots wam spa mena irna unian ukrinform
    """.split()
)
_LONG_AGENCIES = re.compile(
    r"(?:the\s+)?(?:associated press|press association|pa media|agence france[- ]presse|agencia efe|europa press"
    r"|press trust of india|ria novosti|риа новости|тасс|интерфакс|укринформ|уніан|униан|anadolu ajansı|anadolu agency"
    r"|kyodo news|the canadian press|canadian press|deutsche presse-agentur|新华社|共同通信|時事通信|연합뉴스)",
    re.IGNORECASE,
)
# Behind a name: "with agencies", "mit Agenturmaterial".
_WITH_AGENCIES = re.compile(
    r"[\s,;/|]+(?:(?:with|and|und|mit|et|avec|y|con|e|och|og|en|met)\s+)?"
    r"(?:(?:news|wire)\s+)?(?:agencies|agency\s+reports?|wires|wire\s+services?|agentur(?:en|material)?|agences"
    r"|agencias|agências|agenzie|agenturer|agentschappen|агентства)\s*$",
    re.IGNORECASE,
)
_NOT_NAMES = re.compile(
    r"(?:(?:our|the|eigene|unsere|nuestra|la|a|die|online|web|news|sport|digital)?[\s-]*"
    r"(?:staff|newsroom|redaktion|redaktionsteam|redacción|rédaction|redazione|redação|redactie|redaktionen|redakcja"
    r"|redakce|redakcia|redakcija|редакция|редакція|toimitus|haber\s+merkezi|编辑部|編集部|편집부"
    r"|(?:staff|news|web|online|digital)\s+(?:writers?|reporters?|team|desk|staff|editors?|report)"
    r"|editorial\s+(?:team|staff|board)|super\s?user|administrador|amministratore|administrateur|админ(?:истратор)?))|"
    r"(?:by|von|por|par|di|af|av|von:|by:|and|und|et|admin(?:istrator)?|editor|root|user|unknown|none|null|undefined|"
    r"anonymous|n/?a|author|guest|web ?master|reporters?|share|follow|see more|"
    r"view profile|more by .*|all posts.*|read more|\d+ ?min.*)",
    re.IGNORECASE,
)


def names(text: str, *, one: bool = False, byline: bool = False) -> list[str]:
    """The names in a byline, in its order, without labels, roles, addresses and dates.

    `one` says that the text stands where one name belongs (a schema.org Person), so it is split only where
    several full names are plain to see. `byline` says that readers see the text, so that a single word at
    its start like "von" is a label, and one without capitals is no name. The list is empty if nothing in
    the text looks like a name.
    """
    if len(text) > _LONGEST_BYLINE:
        text = text[:_LONGEST_BYLINE].rpartition(",")[0]
    text = _DATE.sub(" ", _ADDRESS.sub(" ", _BRACKETS.sub(" ", fold(text))))
    text = _WITH_AGENCIES.sub("", text)
    if _SOURCE.match(text):
        return []
    if byline:
        text = _LOWER_LABEL.sub("", text.strip())
    found: list[str] = []
    for piece in _HARD_BREAK.split(_unlabelled(text)):
        found.extend(_split(piece, one=one))
    cleaned = (_clean(name) for name in found)
    return _distinct(n for n in cleaned if n and (is_agency(n) or not (byline and _is_initials(n))))


def is_agency(name: str) -> bool:
    """Whether a name is a news agency's: these sign as people do."""
    return name.casefold() in _AGENCIES or bool(_LONG_AGENCIES.fullmatch(name))


def without_site(found: Iterable[str], site: Iterable[str]) -> list[str]:
    """The names without those of the site itself."""
    people = list(found)
    own = {key(name) for name in site} if people else set()
    return [name for name in people if key(name) not in own]


def _split(text: str, *, one: bool) -> list[str]:
    parts = [p for p in _COMMA.split(text) if p.strip()]
    if len(parts) > 1:
        parts = _comma_parts(text, parts)
    return [name for part in parts for name in _and_parts(part, one=one)]


def _comma_parts(text: str, parts: list[str]) -> list[str]:
    """What is a name of the parts between commas: roles and places go, "Jr." returns to its name."""
    kept: list[str] = []
    for part in parts:
        if kept and _SUFFIX.fullmatch(part.strip()):
            kept[-1] = f"{kept[-1]}, {part.strip()}"
        elif not _is_role(part):
            kept.append(part)
    full = [p for p in kept if _words(p) > 1 or is_agency(p.strip())]
    return full or [text if len(kept) == len(parts) else kept[0] if kept else ""]


def _and_parts(text: str, *, one: bool) -> list[str]:
    """The names joined by "and", if each is a full name or an agency."""
    parts = [p.strip() for p in _AND.split(text) if p.strip()]
    if len(parts) < 2:
        return [text]
    if all(_words(p) > 1 or is_agency(p) or (p.isupper() and not one) for p in parts):
        return parts
    return [text]


def _clean(name: str) -> str:
    name = _unlabelled(name.strip(" \t,:;|/–—-*\"'“”„").lstrip("."))
    if name.endswith(".") and len(name.split()[-1]) > _LONGEST_ABBREVIATION:
        name = name.rstrip(".")
    name = _ROLE_ENDING.sub("", name).strip()
    if not 1 < len(name) <= _LONGEST_NAME or len(name.split()) > _MOST_WORDS:
        return ""
    if _DATED.search(name) or _NOT_NAMES.fullmatch(name) or not any(c.isalpha() for c in name):
        return ""
    if name[0].islower() and len(name.split()) > 3:
        return ""
    return "" if _is_role(name) else name


def _is_role(text: str) -> bool:
    """Whether the text is a function ("Political Editor") rather than a name that holds such a word."""
    return bool(_ROLE.search(text)) and not re.search(r"\b(?:team|desk|staff|redaktion)\b", text, re.IGNORECASE)


def _is_initials(name: str) -> bool:
    """Whether a name is a sign like "amw" or "(mk)" rather than a name."""
    return len(name) <= 4 and name.islower()


def _unlabelled(text: str) -> str:
    text = text.strip()
    for label in (_LABEL, _PARTICLE_LABEL, _LABEL):
        if (found := label.match(text)) and found.end() < len(text):
            text = text[found.end() :].strip()
    return text


def _words(text: str) -> int:
    return len(text.split())


def _distinct(found: Iterable[str]) -> list[str]:
    seen: dict[str, str] = {}
    for name in found:
        seen.setdefault(key(name) or name, name)
    return list(seen.values())
