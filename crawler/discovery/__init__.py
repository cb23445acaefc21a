"""Discovery: where a site announces its articles, and what it announces there."""

from crawler.discovery.feeds import read_feed
from crawler.discovery.listing import Found, Listing
from crawler.discovery.sections import read_section
from crawler.discovery.sitemaps import read_sitemap

__all__ = ["Found", "Listing", "read_feed", "read_section", "read_sitemap"]
