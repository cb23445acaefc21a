"""`Job`: a crawl that goes on with the very requests that an interrupted one has left in its folder (``JOBDIR``).

Scrapy keeps there the requests that wait and the fingerprints of those that were made. What it keeps is whole only if
the crawl could close it: after a kill, requests would be missing that their fingerprints forbid to make again. So a
folder goes on only as it was closed; else the crawl begins anew, from what the archive knows.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals

from archive.errors import StoreError

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

__all__ = ["Job"]

logger = logging.getLogger(__name__)

_ABOUT = "newswarc.json"
_LARGEST = 1 << 24
_SCRAPYS = ("requests.queue", "requests.seen", "spider.state")


class Job:
    """The extension that lets only a whole folder of the same source go on, and empties one whose crawl has ended.

    ``newswarc.json`` in the folder names the source and, when the crawl was interrupted in good order, the digest of
    each of Scrapy's files. It is locked as long as the crawl lives.
    """

    def __init__(self, folder: Path, source: str) -> None:
        """Raises `StoreError` for a folder that can't be used, or is another source's."""
        self._folder, self._source = folder, source
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._about = self._locked()
            told = self._told()
            if told is None and (strange := self._strange()):
                raise StoreError(f"JOBDIR {folder}: holds {strange}, which is of no crawl; name an empty folder.")
            if told and told.get("source", source) != source:
                raise StoreError(f"JOBDIR {folder}: is of {told['source']}, not of {source}; give each its own.")
            if told is not None and told.get("files") != _digests(folder):
                why = "was killed" if told and told.get("files") is None else "left it damaged"
                logger.warning("JOBDIR %s: the crawl before %s; this one begins anew.", folder, why)
                self._clear()
            self._tell(None)
        except OSError as error:
            raise StoreError(f"JOBDIR {folder}: can't be used: {error.strerror}.") from error

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Job | None:
        """Raises `StoreError`, as above; NotConfigured without ``JOBDIR``."""
        from scrapy.exceptions import NotConfigured

        if not (folder := crawler.settings.get("JOBDIR")):
            raise NotConfigured
        job = cls(Path(folder), (crawler.spider or crawler.spidercls).name)
        crawler.signals.connect(job.closed, signals.spider_closed)
        return job

    def closed(self, spider: Spider, reason: str) -> None:
        """Note what the folder of an interrupted crawl holds; empty that of one which has come to its end."""
        try:
            if reason == "finished":
                self._clear()
            self._tell(_digests(self._folder))
        except OSError as error:
            logger.warning("JOBDIR %s: can't be written: %s; the next crawl begins anew.", self._folder, error.strerror)
        os.close(self._about)

    def _locked(self) -> int:
        about = os.open(self._folder / _ABOUT, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(about, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(about)
            raise StoreError(f"JOBDIR {self._folder}: is in use by another crawl.") from None
        return about

    def _told(self) -> dict[str, Any] | None:
        """What the folder says of itself; None if nothing, an empty dict if nothing that can be read."""
        if not (text := os.pread(self._about, _LARGEST, 0)):
            return None
        try:
            told = json.loads(text)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def _strange(self) -> str | None:
        """The name of something that Scrapy has not put there; its files alone may be of a crawl that was no job."""
        names = sorted(path.name for path in self._folder.iterdir() if path.name != _ABOUT)
        return names[0] if names else None

    def _tell(self, files: dict[str, str] | None) -> None:
        text = json.dumps({"source": self._source, "files": files}).encode()
        os.pwrite(self._about, text, 0)  # it is never empty again: a kill in between leaves what can't be read
        os.ftruncate(self._about, len(text))

    def _clear(self) -> None:
        for name in _SCRAPYS:
            path = self._folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each of Scrapy's files, by its name in the folder."""
    files = (path for name in _SCRAPYS for path in (folder / name, *(folder / name).rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
