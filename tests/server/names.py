"""`NamedResolver`: the real resolver over a name server that says what a test wants."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections import Counter
from typing import Any

from scrapy.crawler import Crawler

from crawler.resolver import PublicResolver


class NamedResolver(PublicResolver):
    """TEST_NAMES is JSON: name to list of answers; the nth lookup gets the nth (the last one repeats).

    An answer is a list of addresses, or a number: seconds without an answer. Each lookup is logged.
    Other names go to the system.
    """

    answers: dict[str, list[Any]]

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> PublicResolver:
        resolver = super().from_crawler(crawler, reactor)
        answers = json.loads(crawler.settings.get("TEST_NAMES", "{}"))
        asked: Counter[str] = Counter()

        def getaddrinfo(host: str, *args: Any) -> list[Any]:
            logging.getLogger(__name__).warning("looked up %s", host)
            if host not in answers:
                return socket.getaddrinfo(host, *args)
            asked[host] += 1
            answer = answers[host][min(asked[host], len(answers[host])) - 1]
            if isinstance(answer, (int, float)):
                time.sleep(answer)
                return []
            return [found for ip in answer for found in socket.getaddrinfo(ip, *args)]

        resolver.getaddrinfo = getaddrinfo  # type: ignore[assignment]
        return resolver
