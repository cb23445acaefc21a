"""`Health`: at the end of each run, says what has become of the source's articles (`archive.health`)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals

from archive.health.alarms import Alarm
from archive.health.channels import Channels
from archive.health.delivery import deliver_apart
from archive.storage import Store
from crawler.archiving import Archiving

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

__all__ = ["Health", "channels_of", "say_alarms"]

logger = logging.getLogger(__name__)


class Health:
    """Delivers alarms when a run has ended. Mail and webhook are served by another process; nothing waits for them
    but the end of this crawl.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Raises `AlarmError` if the settings make no sense."""
        self._crawler = crawler
        self._channels = channels_of(crawler.settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Health:
        """As Scrapy asks for it; the archive's extension is there and ends before this one."""
        health = cls(crawler)
        crawler.signals.connect(health._closed, signals.spider_closed)
        return health

    async def _closed(self) -> None:
        from scrapy.utils.defer import maybe_deferred_to_future
        from twisted.internet.threads import deferToThread

        archiving = self._crawler.get_extension(Archiving)
        assert archiving is not None
        await maybe_deferred_to_future(deferToThread(say_alarms, archiving.run.store, self._channels))


def say_alarms(store: Store, channels: Channels) -> None:
    """Say what is new of all sources to the log, and by mail and webhook."""
    for problem in deliver_apart(store, channels, _log):
        logger.error("%s", problem)


def channels_of(settings: BaseSettings) -> Channels:
    """The settings ``ALARM_...``. Raises `AlarmError` if they make no sense."""
    return Channels(
        mail_to=tuple(settings.getlist("ALARM_MAIL_TO")),
        mail_from=settings.get("ALARM_MAIL_FROM") or "",
        smtp=settings.get("ALARM_SMTP") or "",
        smtp_user=settings.get("ALARM_SMTP_USER") or "",
        smtp_password=settings.get("ALARM_SMTP_PASSWORD") or "",
        webhook=settings.get("ALARM_WEBHOOK") or "",
        secret=settings.get("ALARM_WEBHOOK_SECRET") or "",
        timeout=settings.getfloat("ALARM_TIMEOUT", 20),
    )


def _log(alarm: Alarm) -> None:
    level = logging.INFO if alarm.is_over else logging.ERROR
    logger.log(level, "%s\n%s", alarm.subject.removeprefix("newswarc: "), alarm.text)
