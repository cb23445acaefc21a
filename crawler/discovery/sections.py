"""Section pages: lists of links, among them those to articles."""

from __future__ import annotations

from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor

from archive.capture import Lead
from archive.errors import RecordError
from crawler.discovery.listing import Found, Listing, absolute

__all__ = ["read_section"]

_LARGEST = 8 << 20
"""Bytes of a page that are parsed; a front page has a tenth of it at most."""
_MOST_LINKS = 10_000
"""Of one page; a front page has some hundreds."""


def read_section(response: Response) -> Listing:
    """The links of a section page, each once, in page order. Raises `RecordError` if they can't be read."""
    problems: list[str] = []
    if not isinstance(response, TextResponse):
        raise RecordError(f"{response.url} is no HTML page, so it has no links to follow.")
    if len(response.body) > _LARGEST:
        problems.append(f"{response.url} has {len(response.body):,} bytes; only the first {_LARGEST:,} are read.")
        response = response.replace(body=response.body[:_LARGEST])
    try:
        links = LinkExtractor(deny_extensions=[], unique=True).extract_links(response)
    except (ValueError, LookupError) as error:
        raise RecordError(f"{response.url} has links that can't be read: {error}.") from error
    lead = Lead(kind="section", via=response.url)
    urls = dict.fromkeys(filter(None, (absolute(link.url, response.url) for link in links)))
    if len(urls) > _MOST_LINKS:
        problems.append(f"{response.url} has {len(urls):,} links; only the first {_MOST_LINKS:,} are read.")
        urls = dict.fromkeys(list(urls)[:_MOST_LINKS])
    return Listing(kind="section", found=[Found(url, lead) for url in urls], problems=problems)
