"""What the archive's own short words mean, said in full for readers."""

from __future__ import annotations

from archive.extraction.kinds import KINDS, SITE_RULE, kind_of

__all__ = ["FIELDS", "evidence", "kind_about", "kind_name", "language", "mark", "rule", "step_name", "why_learned"]

_TELLS = {
    "words": "told by its words",
    "headline": "it repeats the headline",
    "standfirst": "it repeats the standfirst",
    "repeated": "it stands higher up already",
    "caption": "it repeats a caption",
    "list": "a list of links",
    "label": "a line that announces links",
    "arrow": "a line that ends in an arrow",
    "link-only": "nothing but a link",
    "figure": "part of a figure",
    "author": "the author's name",
    "date": "the date",
    "markup": "markup shown as text",
    "placeholder": "it stands in for something that was not loaded",
    "beside": "beside the article's paragraphs",
    "above": "above the article",
    "heading": "a heading with nothing of the article below it",
    "json-ld": "the site's own JSON-LD leaves it out",
}
_NAMES = {
    "site-rule": "rule of the site",
    "learned": "learned furniture",
    "no-words": "no words",
    "list-page": "page without an article",
}
_ABOUT = {SITE_RULE: "what the rules written for this site name"}
_WHY = {
    "appeal": "it asks the reader for something, or speaks to the reader in the paper's name",
    "topic": "it shares hardly a word with what the articles are about",
    "markup": "it stands in markup of its own",
    "position": "it stands at the same place in every article",
    "number": "it stands in six or more different articles",
    "place": "short or a quotation, in markup of its own at one position",
}
_WHERE = {
    "meta": "a meta element of the page: {}",
    "json-ld": "the page's JSON-LD: {}",
    "microdata": "the page's microdata: {}",
    "html": "shown on the page: {}",
    "link": "a link element of the page: {}",
    "script": "data in a script of the page: {}",
    "rule": "the rules written for this site: {}",
}
_WHOLE = {
    "text": "the words of the text itself",
    "html": "shown on the page",
    "script": "data in a script of the page",
}
_MARKS = {
    "unread": "nobody has looked for statements: an older version of newswarc read the page",
    "robots": "robots.txt asks crawlers not to fetch it",
    "tdm": "the rights of text and data mining are reserved",
    "noai": "not for training models",
    "noimageai": "its pictures are not for training models",
    "noarchive": "no copy is to be shown",
    "noindex": "search engines are not to list it",
    "nosnippet": "search engines are not to quote it",
    "nofollow": "search engines are not to follow its links",
    "noimageindex": "search engines are not to list its pictures",
    "unavailable-after": "search engines are not to list it after a date",
    "licence": "a licence is named",
}
FIELDS = {
    "kind": "Kind",
    "headline": "Headline",
    "standfirst": "Standfirst",
    "authors": "Authors",
    "published": "Published",
    "modified": "Modified",
    "language": "Language",
    "section": "Section",
    "tags": "Tags",
    "image": "Image",
    "captions": "Captions",
    "updates": "Updates",
    "coverage_end": "Coverage until",
    "comments": "Comments",
    "canonical_url": "Canonical address",
    "paywalled": "Behind a paywall",
    "text": "Text",
}
"""The fields of an article that readers are shown, in their order."""
_STEPS = {
    "text": "The text",
    "details": "Its fields",
    "provenance": "Its provenance",
    "page": "The page",
    "bytes": "Its bytes",
    "catalogue": "The catalogue",
    "revisit": "The revisit",
    "text file": "The file of the text",
    "page file": "The file of the page",
    "seal": "The seal over both",
    "extraction": "The page read again",
}
_LANGUAGES = {
    "ar": "Arabic", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ka": "Georgian",
    "kk": "Kazakh", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ms": "Malay",
    "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovene", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish",
    "sw": "Swahili", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip


def kind_name(kind: str) -> str:
    """The name of a kind of removed text: ``author biography``."""
    return _NAMES.get(kind) or kind.replace("-", " ")


def kind_about(kind: str) -> str:
    """What a kind of removed text is, as half a sentence."""
    return _ABOUT.get(kind) or KINDS.get(kind) or kind


def rule(name: str) -> str:
    """A rule of a Trace: the kind's name, and how it was told."""
    kind, _, how = name.partition(":")
    if kind_of(name) == SITE_RULE:
        return f"rule of the site ({how})" if how else kind_name(SITE_RULE)
    told = _TELLS.get(how, how)
    return f"{kind_name(kind)} ({told})" if told else kind_name(kind)


def evidence(name: str) -> str:
    """Where a field's value was found."""
    where, colon, what = name.partition(":")
    if colon and where in _WHERE:
        return _WHERE[where].format(what)
    return _WHOLE.get(name, name)


def why_learned(why: str) -> str:
    """Why a recurring paragraph counts as furniture; who said so, for a person's verdict."""
    return _WHY.get(why, why)


def step_name(name: str) -> str:
    """A step of `archive.verification.check`."""
    return _STEPS.get(name, name.capitalize())


def language(tag: str | None) -> str:
    """The English name of a language (BCP 47); the tag where it has none here."""
    main, _, rest = (tag or "").partition("-")
    name = _LANGUAGES.get(main.lower())
    return tag or "" if name is None else f"{name} ({rest})" if rest else name


def mark(name: str) -> str:
    """What a mark of rights means."""
    return _MARKS.get(name, name)
