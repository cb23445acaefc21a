"""`Manner`: one way in which a source builds its pages; `render` makes the seed's page in it.

The templates hold markup and furniture of our own; whatever is a seed's stands in them as a placeholder.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.seeds.seed import Seed

__all__ = ["MANNERS", "Manner", "author_of", "render", "render_lead", "url_of"]

_TEMPLATES = Path(__file__).with_name("templates")

Layout = Callable[[Sequence[str]], str]
"""Makes HTML of a text's paragraphs."""


def _escaped(text: str) -> str:
    return html.escape(text, quote=True).replace("\xa0", "&nbsp;")


def _is_subheading(paragraph: str) -> bool:
    return paragraph.isupper()


def _in_paragraphs(paragraphs: Sequence[str]) -> str:
    return "\n".join(
        f"<p><strong>{_escaped(p)}</strong></p>" if _is_subheading(p) else f"<p>{_escaped(p)}</p>" for p in paragraphs
    )


def _with_headings(paragraphs: Sequence[str]) -> str:
    return "\n".join(f"<h3>{p}</h3>" if _is_subheading(p) else f"<p>{_escaped(p)}</p>" for p in paragraphs)


def _in_chunks(paragraphs: Sequence[str]) -> str:
    """As a CMS that keeps the text in blocks, each in a container of its own."""
    chunks = [paragraphs[i : i + 2] for i in range(0, len(paragraphs), 2)]
    between = '\n</div>\n<div data-id="article-block-type" class="article__block article__block--html">\n'
    return between.join(map(_in_paragraphs, chunks))


def _by_breaks(paragraphs: Sequence[str]) -> str:
    return "<br /><br />\n".join(map(_escaped, paragraphs))


def _by_breaks_in_span(paragraphs: Sequence[str]) -> str:
    return (
        '<div dir="ltr" style="text-align: left;" trbidi="on">'
        '<span style="font-family: Arial, sans-serif; font-size: large;">'
        + "<br />\n<br />".join(map(_escaped, paragraphs))
        + "<br />\n</span></div>"
    )


def _in_divisions(paragraphs: Sequence[str]) -> str:
    rows = "\n<div><br /></div>\n".join(f'<div style="text-align: justify;">{_escaped(p)}</div>' for p in paragraphs)
    return f'<div dir="ltr" style="text-align: left;" trbidi="on">\n{rows}\n</div>'


def _from_word_processor(paragraphs: Sequence[str]) -> str:
    rows = (
        f'<p class="MsoNormal" style="text-align: justify;"><span lang="EN-US" style="font-size: 12pt;">'
        f"{_escaped(p)}<o:p></o:p></span></p>"
        for p in paragraphs
    )
    return "\n".join(rows)


@dataclass(frozen=True)
class Manner:
    name: str
    template: str
    address: str
    """Form of the page's URL; see `url_of`."""
    layout: Layout = _in_paragraphs
    pieces: dict[str, str] = field(default_factory=dict)
    """Placeholders that another template file fills."""
    encoding: str = "utf-8"
    published: str | None = None
    """As far as the page tells."""
    modified: str | None = None


_AUTHORS = {
    "moscow_times": "Ivo Ferran",
    "foreign_policy": "Alex Marlow",
    "russia_insider": "Nadia Orlova",
    "blogger": "Samir Haddad",
}

_FURNITURE: dict[str, str] = {
    "moscow_times": "close ad_free disabled cost support banned related appeal_heading appeal_1 appeal_2 "
    "appeal_3 appeal_4 appeal_5 appeal_6 once monthly annual continue_ methods not_ready later read_more",
    "foreign_policy": "",
    "world_bulletin": "modified add_comment",
    "russia_insider": "support_above escaped_caption support_below rules",
    "blogger": "no_comments post_comment",
}
"""Placeholders of the furniture lines, in the order of the gold files."""

_ARCHIVE = "https://www.themoscowtimes.com/archive/{slug}"
_CURRENT = "https://www.themoscowtimes.com/2013/02/20/{slug}-a11"
_OLD = "http://themoscowtimes.com/news/article/{slug}/475867.html"
_PORTAL = "https://www.worldbulletin.net/europe/130594/{slug}"
_DAY = "http://foreignpolicy.com/2013/02/19/{slug}"
_CABLE = "http://thecable.foreignpolicy.com/posts/2013/02/19/{under_scored}"
_INSIDER = "https://russia-insider.com/en/politics/{slug}/ri15689"
_BLOG = "http://lanternquay.blogspot.com/2016/11/{slug}.html"
_LAST_MOD = "2014-03-11T00:18:00+02:00"
_INSIDER_TIME = "2016-07-20T09:45:00+03:00"
_BLOG_TIME = "2016-11-17T03:14:00-08:00"


def _relaunched(name: str, url: str, layout: Layout = _in_paragraphs) -> Manner:
    """The appeal in a container of its own, or bare among the text's paragraphs."""
    places = {"appeal": "empty", "bare": "empty"}
    places["bare" if name == "bare" else "appeal"] = f"appeal_{name}"
    return Manner(name, "relaunched", url, layout, places, published="2013-02-20T20:13:00+04:00")


MANNERS: dict[str, tuple[Manner, ...]] = {
    "moscow_times": (
        _relaunched("telling", _ARCHIVE, _in_chunks),
        Manner("before_relaunch", "before_relaunch", _OLD, published="2013-02-20"),
        _relaunched("neutral", _CURRENT, _in_chunks),
        _relaunched("styled", _CURRENT.replace("a11", "a12")),
        _relaunched("bare", _CURRENT.replace("a11", "a13")),
    ),
    "foreign_policy": (
        Manner("wordpress", "wordpress", f"{_DAY}/", published="2013-02-19", modified="2013-02-19T21:05:40+00:00"),
        Manner("blog", "blog", _CABLE, published="2013-02-19"),
        Manner("plain_signup", "plain_signup", f"{_DAY}-2/", published="2013-02-19"),
    ),
    "world_bulletin": (
        Manner("portal", "portal", _PORTAL, modified=_LAST_MOD),
        Manner(
            "first_system",
            "first_system",
            "http://www.worldbulletin.net/?aType=haber&ArticleID=130594",
            _by_breaks,
            encoding="windows-1254",
            modified=_LAST_MOD,
        ),
        Manner("plain", "plain", _PORTAL.replace("594", "595"), _with_headings, modified=_LAST_MOD),
    ),
    "russia_insider": (
        Manner("drupal", "drupal", _INSIDER, published=_INSIDER_TIME),
        Manner("markup_noscript", "markup_noscript", _INSIDER.replace("89", "90"), published=_INSIDER_TIME),
        Manner("plain", "plain", _INSIDER.replace("89", "91"), published=_INSIDER_TIME),
    ),
    "blogger": (
        Manner("breaks", "classic", _BLOG, _by_breaks, published=_BLOG_TIME),
        Manner(
            "breaks_in_span", "classic", _BLOG.replace(".html", "_1.html"), _by_breaks_in_span, published=_BLOG_TIME
        ),
        Manner("divisions", "classic", _BLOG.replace(".html", "_2.html"), _in_divisions, published=_BLOG_TIME),
        Manner(
            "word_processor", "classic", _BLOG.replace(".html", "_3.html"), _from_word_processor, published=_BLOG_TIME
        ),
        Manner("bare", "bare", _BLOG.replace(".html", "_4.html"), _by_breaks, published="2016-11-17"),
    ),
}
"""The ways of each source; the first two stand at the addresses that the gold file names, if it does."""


def render(seed: Seed, manner: Manner) -> bytes:
    """The page of a seed's article in one manner, in the manner's encoding."""
    texts = _texts(seed, manner)
    values = {name: _escaped(text) for name, text in texts.items()}
    # "</" would end the script element.
    values |= {f"{name}_json": json.dumps(text).replace("</", "<\\/") for name, text in texts.items()}
    values["body"] = manner.layout(seed.paragraphs)
    values["body_first"] = manner.layout(seed.paragraphs[:3])
    values["body_second"] = manner.layout(seed.paragraphs[3:4])
    values["body_rest"] = manner.layout(seed.paragraphs[4 if "insider" in seed.name else 3 :])
    for name, piece in manner.pieces.items():
        values[name] = _template(seed, piece).substitute(values)
    return _template(seed, manner.template).substitute(values).encode(manner.encoding, "xmlcharrefreplace")


def render_lead(seed: Seed, manner: Manner, home: str, url: str) -> tuple[bytes, str]:
    """A feed at `url`, or a front page, that announces the page; and its content type."""
    kind, content_type = {
        "blogger": ("atom.xml", "application/atom+xml; charset=UTF-8"),
        "world_bulletin": ("front.html", "text/html; charset=utf-8"),
    }.get(seed.name, ("rss.xml", "application/rss+xml; charset=utf-8"))
    texts = _texts(seed, manner) | {"home": home, "feed": url}
    values = {name: html.escape(text) for name, text in texts.items()}
    template = Template((_TEMPLATES / kind).read_text("utf-8"))
    return template.substitute(values).encode(), content_type


def url_of(seed: Seed, manner: Manner) -> str:
    """The page's address, with the headline in it as sites do that."""
    words = re.findall(r"\w+", seed.headline.lower().replace("'", ""))
    return manner.address.format(slug="-".join(words), under_scored="_".join(words))


def author_of(seed: Seed) -> str:
    """Who wrote the article by the page: the gold file's, or an invented one where it names none."""
    return str(seed.fields.get("author") or _AUTHORS[seed.name])


def _template(seed: Seed, name: str) -> Template:
    path = _TEMPLATES / seed.name / f"{name}.html"
    return Template("" if name == "empty" else path.read_text("utf-8"))


def _texts(seed: Seed, manner: Manner) -> dict[str, str]:
    names = _FURNITURE[seed.name].split()
    assert len(names) == len(seed.furniture), f"{seed.name}: the gold file's furniture has other lines now"
    texts = dict(zip(names, seed.furniture, strict=True))
    if rules := texts.get("rules"):
        before, full_stop, link = rules.rpartition(". ")
        texts |= {"rules": before + full_stop.strip(), "rules_link": link}
    return texts | {
        "url": url_of(seed, manner),
        "headline": seed.headline,
        "author": author_of(seed),
        "standfirst": str(seed.fields.get("description", "")),
        "caption": str(seed.fields.get("caption", "")),
        "lead": seed.gold[0],
    }
