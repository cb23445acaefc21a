"""`Press`: prints a paper's pages from its articles and templates, always the same bytes."""

from __future__ import annotations

import datetime as dt
import email.utils
import html
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Template

import msgspec

from crawler.demo.paper import PAPERS, Coding, Paper, PaperArticle, Printed, Section

__all__ = ["Page", "Press"]

Values = dict[str, str]
_SHORT_WORD = re.compile(r"(?<![\w’'-])(\w{1,2}) (?=\S)")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a path answers with, before content coding."""

    body: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    modified: dt.datetime
    coding: Coding = "identity"
    location: str | None = None


class Press:
    """One paper's templates, and what they make of its articles.

    A page is ``frame.html`` around ``article.html``, ``list.html`` or ``missing.html``; ``parts.toml``
    holds the small pieces that repeat. Values are escaped, so text may hold any character. Raises
    `KeyError` for a name in a template that has no value, `OSError` for a missing template.
    """

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        parts = tomllib.loads((paper.folder / "parts.toml").read_text("utf-8"))
        self._parts = {name: Template(text.strip()) for name, text in parts.items()}
        self._newest = sorted(paper.articles, key=lambda a: a.day, reverse=True)
        self._public = [a for a in self._newest if not a.private]
        self._latest = max(a.changed for a in paper.articles)

    def pages(self) -> dict[str, Page]:
        """Every path of the paper and its page, redirects included."""
        paper = self.paper
        pages = {paper.front: self._front()}
        if paper.front != "/":
            pages["/"] = self._moved(paper.front)
        for section in paper.sections:
            pages[section.path] = self._section(section)
        for article in paper.articles:
            if article.withdrawn:
                continue
            page = self._article(article)
            for path in (paper.path(article), *article.also):
                pages[path] = page
            for path in article.moved_from:
                pages[path] = self._moved(paper.path(article))
            pages[_picture_path(article)] = self._picture(article)
        for entry in paper.lists:
            path, _, only = entry.partition("=")
            pages[path] = self._announcements(path, only)
        if (sheet := paper.folder / "site.css").exists():
            pages["/media/site.css"] = self._plain(sheet, "text/css; charset=utf-8")
        pages["/robots.txt"] = self._plain(paper.folder / "robots.txt", "text/plain; charset=utf-8")
        return pages

    def missing(self) -> Page:
        """The page of every path that is none."""
        return self._framed("missing", {}, title="404", status=404, coding=self.paper.coding)

    def printed(self) -> list[Printed]:
        """What each article's page must read as, newest first."""
        return [self._printed(article) for article in self._public if not article.withdrawn]

    def _printed(self, article: PaperArticle) -> Printed:
        paper, blocks = self.paper, article.blocks
        values = {name: html.unescape(value) for name, value in self._texts(article).items()}
        lines = [b.text for b in blocks if b.kind == "furniture"]
        lines += [article.biography] if article.biography else []
        for line in paper.furniture:
            if article.caption or "$caption" not in line:
                lines.append(Template(line).substitute(values))
        moved = (*article.also, *article.moved_from)
        return Printed(
            url=paper.url(paper.path(article)),
            urls=tuple(paper.url(path) for path in (paper.path(article), *moved)),
            headline=article.headline,
            standfirst=article.standfirst,
            paragraphs=tuple(b.text for b in blocks if b.kind != "furniture"),
            authors=article.authors,
            published=article.published.isoformat() if article.published else None,
            modified=article.modified.isoformat() if article.modified else None,
            language=paper.language,
            section=article.section or None,
            tags=article.tags,
            image=paper.url(_picture_path(article)) if article.caption else None,
            captions=(article.caption,) if article.caption else (),
            comments=article.comments,
            furniture=tuple(lines),
        )

    # Pages

    def _article(self, article: PaperArticle) -> Page:
        paper, texts = self.paper, self._texts(article)
        place = self._newest.index(article)
        newer, older = self._newest[place - 1], self._newest[(place + 1) % len(self._newest)]
        others = [a for a in self._public if a is not article]
        near = sorted(others, key=lambda a: a.section != article.section)[:3]
        values = texts | {
            "json_ld": self._json_ld(article),
            "figure": self._part_if(article.caption, "figure", texts),
            "image_meta": self._part_if(article.caption, "image_meta", texts),
            "byline": self._part_if(article.authors, "byline", texts),
            "lead": self._part_if(article.standfirst, "lead", texts),
            "biography": self._part_if(article.biography, "biography", texts),
            "modified_meta": self._part_if(article.modified, "modified_meta", texts),
            "tags": self._joined("tag", ({"tag": html.escape(tag)} for tag in article.tags)),
            "tag_meta": self._joined("tag_meta", ({"tag": html.escape(tag)} for tag in article.tags)),
            "related": self._joined("related", (self._texts(a) for a in near[:2])),
            "read_more": self._joined("related", (self._texts(a) for a in near)),
            "comments": self._joined("comment", (self._comment(c) for c in article.comments)),
            "newer_path": html.escape(paper.path(newer)),
            "older_path": html.escape(paper.path(older)),
        }
        values["body"] = self._body(article, values)
        return self._framed(
            "article",
            values,
            title=article.headline,
            modified=article.changed,
            coding=article.coding or paper.coding,
        )

    def _front(self) -> Page:
        rows = [(a, self.paper.path(a)) for a in self._newest]
        return self._list(self.paper.title, self.paper.front, rows)

    def _section(self, section: Section) -> Page:
        if section.old:
            rows = [(a, path) for a in self._public for path in (*a.also, *a.moved_from)]
        else:
            rows = [(a, self.paper.path(a)) for a in self._public if a.section == section.title]
        return self._list(section.title, section.path, rows)

    def _list(self, title: str, path: str, rows: Iterable[tuple[PaperArticle, str]]) -> Page:
        items = (self._texts(article) | {"path": html.escape(at)} for article, at in rows)
        values = {
            "list_title": html.escape(title),
            "url": html.escape(self.paper.url(path)),
            "items": self._joined("item", items),
        }
        coding = self.paper.list_coding or self.paper.coding
        return self._framed("list", values, title=title, coding=coding)

    def _announcements(self, path: str, only: str) -> Page:
        """A feed or sitemap: the paper has one kind, ``feed.xml`` or ``sitemap.xml``."""
        articles = [a for a in self._public if not only or a.section == only]
        changed = max((a.changed for a in articles), default=self._latest)
        values = self._common() | {
            "self": html.escape(self.paper.url(path)),
            "section": html.escape(only),
            "changed": _iso(changed),
            "changed_rfc": _rfc(changed),
            "entries": self._joined("entry", (self._entry(a) for a in articles)),
        }
        name = "sitemap" if "sitemap" in path else "feed"
        kinds = {"sitemap": "application/xml", "rss": "application/rss+xml", "atom": "application/atom+xml"}
        text = self._template(f"{name}.xml").substitute(values)
        kind = name if name == "sitemap" else ("atom" if "<feed" in text else "rss")
        return Page(
            body=text.encode(),
            media_type=f"{kinds[kind]}; charset=utf-8",
            modified=changed,
            coding=self.paper.list_coding or self.paper.coding,
        )

    def _picture(self, article: PaperArticle) -> Page:
        drawing = Template((PAPERS / "picture.xml").read_text("utf-8"))
        hue = article.number * 47 % 360
        height = 140 + article.number % 7 * 12
        values = {"hue": str(hue), "other": str((hue + 40) % 360), "height": str(height)}
        body = drawing.substitute(values).encode()
        return Page(body=body, media_type="image/svg+xml", modified=article.day)

    def _plain(self, path: Path, media_type: str) -> Page:
        return Page(body=path.read_bytes(), media_type=media_type, modified=self._latest)

    def _moved(self, path: str) -> Page:
        url = self.paper.url(path)
        values = {"url": html.escape(url)}
        body = Template((PAPERS / "moved.html").read_text("utf-8")).substitute(values)
        return Page(body=body.encode(), status=301, modified=self._latest, location=url)

    def _framed(
        self,
        name: str,
        values: Values,
        *,
        title: str,
        status: int = 200,
        modified: dt.datetime | None = None,
        coding: Coding,
    ) -> Page:
        """The template `name` inside the frame."""
        values = self._common() | {"page_title": html.escape(title)} | values
        head = self._parts.get(f"{name}_head")
        values["head"] = head.substitute(values) if head else ""
        values["main"] = self._template(f"{name}.html").substitute(values)
        text = self._template("frame.html").substitute(values)
        return Page(body=text.encode(), status=status, modified=modified or self._latest, coding=coding)

    # Values

    def _common(self) -> Values:
        """What every page of the paper has."""
        paper = self.paper
        sections = ({"path": html.escape(s.path), "title": html.escape(s.title)} for s in paper.sections)
        return {
            "title": html.escape(paper.title),
            "language": paper.language,
            "home": html.escape(paper.home),
            "front": html.escape(paper.front),
            "nav": self._joined("nav", sections),
            "popular": self._joined("popular", (self._texts(a) for a in self._public[::2][:4])),
        }

    def _texts(self, article: PaperArticle) -> Values:
        """An article's own words and dates, escaped."""
        paper = self.paper
        path = paper.path(article)
        shown = article.published or article.day
        texts = {
            "title": paper.title,
            "path": path,
            "url": paper.url(path),
            "slug": article.slug,
            "number": str(article.number),
            "headline": article.headline,
            "shown_headline": self._tied(article.headline),
            "standfirst": article.standfirst or article.blocks[0].text,
            "shown_standfirst": self._tied(article.standfirst or ""),
            "authors": ", ".join(article.authors),
            "author": article.authors[0] if article.authors else "",
            "biography_text": article.biography or "",
            "section": article.section,
            "caption": article.caption or "",
            "image": _picture_path(article),
            "image_url": paper.url(_picture_path(article)),
            "published": _iso(shown),
            "modified": _iso(article.changed),
            "published_rfc": _rfc(shown),
            "published_line": paper.date_line(shown),
            "modified_line": paper.date_line(article.changed),
            "comment_count": str(len(article.comments)),
        }
        return {name: html.escape(text) for name, text in texts.items()}

    def _entry(self, article: PaperArticle) -> Values:
        paragraphs = "".join(f"<p>{html.escape(b.text)}</p>" for b in article.blocks if b.kind == "paragraph")
        return self._texts(article) | {"content": html.escape(paragraphs)}

    def _comment(self, comment: msgspec.Struct) -> Values:
        data = msgspec.structs.asdict(comment)
        line = self.paper.date_line(dt.datetime.fromisoformat(data["published"]))
        return {name: html.escape(str(value)) for name, value in (data | {"published_line": line}).items()}

    def _body(self, article: PaperArticle, values: Values) -> str:
        """The text as HTML, with the paper's furniture set in after the paragraphs it names."""
        out, count = [], 0
        for block in article.blocks:
            name = "subheading" if block.kind == "subheading" else article.layout
            out.append(self._part(name, {"text": html.escape(self._tied(block.text))}))
            count += block.kind == "paragraph"
            if block.kind == "paragraph":
                out += [self._part(i.part, values) for i in self.paper.inserts if i.after == count]
        return "\n".join(out)

    def _json_ld(self, article: PaperArticle) -> str:
        """schema.org NewsArticle, fit to stand in a script element."""
        paper = self.paper
        organization = {"@type": "NewsMediaOrganization", "name": paper.title, "url": paper.home}
        data: dict[str, object] = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "mainEntityOfPage": paper.url(paper.path(article)),
            "headline": article.headline,
            "description": article.standfirst,
            "datePublished": _iso(article.day),
            "author": [{"@type": "Person", "name": name} for name in article.authors],
            "articleSection": article.section,
            "keywords": list(article.tags),
            "inLanguage": paper.language,
            "isAccessibleForFree": True,
            "publisher": organization,
        }
        if article.modified:
            data["dateModified"] = _iso(article.modified)
        if article.caption:
            data["image"] = {
                "@type": "ImageObject",
                "url": paper.url(_picture_path(article)),
                "caption": article.caption,
            }
        return json.dumps(data, ensure_ascii=False, indent=1).replace("<", "\\u003c")

    # Templates

    def _template(self, name: str) -> Template:
        return Template((self.paper.folder / name).read_text("utf-8"))

    def _part(self, name: str, values: Values) -> str:
        return self._parts[name].substitute(values)

    def _part_if(self, condition: object, name: str, values: Values) -> str:
        return self._part(name, values) if condition and name in self._parts else ""

    def _joined(self, name: str, rows: Iterable[Values]) -> str:
        """The part once a row; nothing if the paper has no such part."""
        part = self._parts.get(name)
        return "\n".join(part.substitute(row) for row in rows) if part else ""

    def _tied(self, text: str) -> str:
        return _SHORT_WORD.sub("\\1\N{NO-BREAK SPACE}", text) if self.paper.tie_short_words else text


def _picture_path(article: PaperArticle) -> str:
    return f"/media/{article.number}/{article.slug}.svg"


def _iso(moment: dt.datetime) -> str:
    return moment.isoformat()


def _rfc(moment: dt.datetime) -> str:
    return email.utils.format_datetime(moment)
