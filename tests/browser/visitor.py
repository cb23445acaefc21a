"""`Visitor`: a reader with a browser, and what the demo's newspapers printed for them."""

from __future__ import annotations

import json
import urllib.request
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crawler.demo.paper import Paper, PaperArticle, load_papers
from tests.browser.served import Served
from tests.browser.witness import Witness

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["Story", "Visitor", "story"]


class Story:
    """An article of the demo, in the morning and in the evening."""

    def __init__(self, paper: Paper, morning: PaperArticle) -> None:
        self.paper, self.morning, self.evening = paper, morning, morning.edited()
        self.url = paper.url(paper.path(morning))


@cache
def story(slug: str, paper: str | None = None) -> Story:
    """The article whose address has these words."""
    (found,) = (Story(p, a) for p in load_papers() for a in p.articles if slug in a.slug and paper in (None, p.name))
    return found


def lines(article: PaperArticle) -> list[str]:
    """Its text, a paragraph a line."""
    return [block.text for block in article.blocks if block.kind != "furniture"]


class Visitor:
    """Opens windows and watches what goes on in them."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self.served = served
        self.witnesses: list[Witness] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def window(self, width: int = 1280, height: int = 800, **options: Any) -> Page:
        """A new window with a storage of its own."""
        context = self._browser.new_context(
            base_url=self.served.room, viewport={"width": width, "height": height}, **options
        )
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        self.witnesses.append(Witness(context, self.served.room, self.served.replay))
        return context.new_page()

    def expect(self, path: str, status: int) -> None:
        """Our page at that path will answer with that error."""
        for witness in self.witnesses:
            witness.expect(self.served.room + path, status)

    def expect_no_picture(self, of: Story) -> None:
        """The archive has not the picture of that page: its paper asks for no requisites."""
        assert of.paper.name != "harbour_courier"
        for witness in self.witnesses:
            witness.lost.add(of.paper.url(f"/media/{of.morning.number}/"))

    def leave(self) -> None:
        """Close all windows. Fails if anything went wrong in them."""
        for context in self._contexts:
            context.close()
        faults = [fault for witness in self.witnesses for fault in witness.faults]
        assert not faults, "\n".join(faults)

    def ask(self, path: str, **parameters: str) -> Any:
        """What the API says."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        with urllib.request.urlopen(f"{self.served.room}{path}?{query}", timeout=30) as answer:
            return json.load(answer)

    def versions(self, url: str) -> list[dict[str, Any]]:
        """The versions of an article, oldest first."""
        return list(self.ask("/api/versions", url=url)["versions"])
