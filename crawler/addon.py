"""The Scrapy add-on that switches archiving on: ``ADDONS = {"crawler.addon.Newswarc": 100}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.version import VERSION
from crawler.watching.json_log import use_json_logs

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

__all__ = ["Newswarc"]

_MIDDLEWARES = (  # Scrapy's, ours, and the place that Scrapy gives its own
    ("scrapy.downloadermiddlewares.offsite.OffsiteMiddleware", "crawler.middlewares.Offsite", 50),
    ("scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware", "crawler.middlewares.RobotsTxt", 100),
    (
        "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware",
        "crawler.middlewares.Compression",
        590,
    ),
)
_ABOVE_ALL = 50
"""A priority above that of the command line."""
_AT_ONCE = {
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_SLOTS": {},
    "HTTPCACHE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "RETRY_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
}
"""Nobody is waited for in a replay, and nobody connected to."""
_HANDLER = "crawler.handlers.ArchivingDownloadHandler"


class Newswarc:
    """Archives every exchange of every spider of the project, and cleans the pages that spiders hand on.

    Settings (all optional): ``ARCHIVE_STORE`` (folder, default ``data``), ``ARCHIVE_FILE_SIZE`` (bytes),
    ``ARCHIVE_FSYNC`` (``exchange``, ``file`` or seconds), ``CONTACT`` (URL or address in the User-Agent),
    ``PRIVATE_NETWORKS_ALLOWED``, ``CONNECT_TO``. With ``REPLAY`` (a store, WARC or WACZ file, or folder of these) and
    ``REPLAY_AT`` nothing is fetched or kept, see `crawler.replaying`.
    """

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """What there is before a crawl: the resolver belongs to the whole process, and so does the log."""
        settings.set("TWISTED_DNS_RESOLVER", "crawler.resolver.PublicResolver", priority="addon")
        use_json_logs(settings)

    def update_settings(self, settings: BaseSettings) -> None:
        """Put our parts in place of Scrapy's; what the user set explicitly wins."""
        settings.setdefault("ARCHIVE_STORE", "data")
        for scheme in ("http", "https"):
            settings["DOWNLOAD_HANDLERS"].set(scheme, _HANDLER, priority="addon")
        for scheme in ("data", "file", "ftp", "s3"):  # nothing is fetched past the archive
            settings["DOWNLOAD_HANDLERS"].set(scheme, None, priority="addon")
        if settings.getbool("COOKIES_ENABLED"):
            _keep_suffix_list_offline()
        for theirs, ours, place in _MIDDLEWARES:
            settings["DOWNLOADER_MIDDLEWARES"].set(theirs, None, priority="addon")
            settings["DOWNLOADER_MIDDLEWARES"].set(ours, place, priority="addon")
        if settings.get("REPLAY"):
            _replay(settings)
        else:
            settings["EXTENSIONS"].set("crawler.archiving.Archiving", 0, priority="addon")
            settings["EXTENSIONS"].set("crawler.health.Health", 2, priority="addon")
            settings["ITEM_PIPELINES"].set("crawler.pipelines.ArticlePipeline", 100, priority="addon")
            settings["DOWNLOADER_MIDDLEWARES"].set("crawler.removed.Removed", 40, priority="addon")
            settings["DOWNLOADER_MIDDLEWARES"].set("crawler.patience.Patience", 60, priority="addon")
            settings["DOWNLOADER_MIDDLEWARES"].set("crawler.conditional.Conditional", 570, priority="addon")
            settings["DOWNLOADER_MIDDLEWARES"].set("crawler.tdmrep.TdmRep", 110, priority="addon")
        settings["EXTENSIONS"].set("crawler.job.Job", 900, priority="addon")  # behind all that write into JOBDIR
        settings["EXTENSIONS"].set("crawler.summary.Summary", 1, priority="addon")
        settings["EXTENSIONS"].set("crawler.watching.reporter.Reporter", 2, priority="addon")
        settings["EXTENSIONS"].set("scrapy.extensions.logstats.LogStats", None, priority="addon")
        settings.set("LOG_FORMATTER", "crawler.summary.OneLine", priority="addon")
        contact = settings.get("CONTACT")
        agent = f"newswarc/{VERSION}" + (f" (+{contact})" if contact else "")
        settings.set("USER_AGENT", agent, priority="addon")


def _replay(settings: BaseSettings) -> None:
    """Have everything answered from an archive: whatever the user set, no connection is made."""
    for scheme in ("http", "https"):
        settings["DOWNLOAD_HANDLERS"].set(scheme, "crawler.replaying.ReplayHandler", priority=_ABOVE_ALL)
    settings["EXTENSIONS"].set("crawler.replaying.Replaying", 0, priority="addon")
    settings["SPIDER_MIDDLEWARES"].set("crawler.replaying.Withheld", 990, priority="addon")
    settings["ITEM_PIPELINES"].set("crawler.replaying.ReplayPipeline", 100, priority="addon")
    for name, value in _AT_ONCE.items():
        settings.set(name, value, priority=_ABOVE_ALL)


def _keep_suffix_list_offline() -> None:
    """Scrapy's cookies ask tldextract, which would fetch the public suffix list behind the archive's back."""
    from scrapy.downloadermiddlewares import cookies
    from tldextract import TLDExtract

    cookies._split_domain = TLDExtract(include_psl_private_domains=True, suffix_list_urls=())
