"""Settings on a server that crawls day by day: ``SCRAPY_PROJECT=production scrapy crawl ...``."""

from settings.base import *  # noqa: F403

LOG_LEVEL = "WARNING"
