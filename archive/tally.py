"""`Tally`: what a run has done, in numbers; the run's closing record and the catalogue keep it."""

from __future__ import annotations

import re
import resource
import sys

import msgspec

from archive.warc import Record

__all__ = ["Tally", "peak_memory"]

_CONDITIONAL = re.compile(rb"\r\nif-(?:none-match|modified-since):", re.IGNORECASE)


class Tally(msgspec.Struct, kw_only=True):
    """Counts of one run. Fields are only ever added, so that the tallies of old runs stay readable."""

    seconds: float = 0.0
    """From its beginning to its end."""
    requests: int = 0
    """Sent, or tried to be sent."""
    conditional: int = 0
    """Of them: sent with If-None-Match or If-Modified-Since."""
    responses: dict[str, int] = {}
    """By class of status: ``2xx``, ``3xx``, ..."""
    revisits: int = 0
    """Responses with what the archive has already, 304s included."""
    not_modified: int = 0
    """304s to pages that the archive has: a whole page was saved each time."""
    truncated: int = 0
    articles: int = 0
    """Texts stored of pages that were read."""
    cleaned_again: int = 0
    """Texts of articles stored once more, since more was known of what recurs on the site."""
    failures: dict[str, int] = {}
    """Fetches without a response, by kind, see `archive.capture.Failure`; ``robots``: not asked for."""
    bytes_received: int = 0
    """Of responses, as they crossed the wire."""
    bytes_stored: int = 0
    """In WARC files, compressed; without the record that closes the run."""
    peak_memory: int = 0
    """Bytes resident at most in the run's process, its extraction workers apart."""

    @property
    def pages(self) -> int:
        """Responses of any status."""
        return sum(self.responses.values())

    @property
    def errors(self) -> int:
        """Error answers, and fetches without one; what robots.txt forbids is none."""
        answers = self.responses.get("4xx", 0) + self.responses.get("5xx", 0)
        return answers + sum(number for kind, number in self.failures.items() if kind != "robots")

    def count_response(self, status: int, size: int, request: Record | None) -> None:
        """A response of `size` bytes has come."""
        self.requests += 1
        head = request.block if request else b""
        self.conditional += isinstance(head, bytes) and bool(_CONDITIONAL.search(head))
        group = f"{status // 100}xx"
        self.responses[group] = self.responses.get(group, 0) + 1
        self.bytes_received += size

    def count_failure(self, kind: str, size: int) -> None:
        """A fetch has ended without a response, after `size` bytes."""
        self.requests += kind != "robots"
        self.failures[kind] = self.failures.get(kind, 0) + 1
        self.bytes_received += size


def peak_memory() -> int:
    """The most bytes that this process has had resident."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
