"""Detects several sites in one process, since each has but one reactor; prints what came of it as JSON.

Arguments: a JSON object of URLs by source name, and a folder for stores; settings as NAME=VALUE.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.utils.project import get_project_settings

from archive.errors import ArchiveError
from crawler.command import Crawls
from crawler.discovery.definition import definition
from crawler.discovery.detection import detect
from crawler.discovery.scout import Errand, Scout

urls, folder, *given = sys.argv[1:]
settings = get_project_settings()
for setting in given:
    settings.set(*setting.split("=", 1), priority="cmdline")
settings.set("ARCHIVE_STORE", folder, priority="cmdline")
told: dict[str, dict[str, object]] = {}
failed: dict[str, list[ArchiveError]] = {}


def errand(name: str, url: str) -> Errand:
    async def look(scout: Scout) -> None:
        found = await detect(scout, url)
        source = found.source(name)
        for place in (*found.feeds, *found.sitemaps, *found.sections):
            scout.keep_leads(place.response, place.listing, source)
        told[name] = {
            "definition": definition(found, source),
            "notes": found.notes,
            "zone": [found.zone.name, found.zone.is_guess],
            "aside": [place.url for place in found.aside],
        }

    return look


crawls = Crawls(AsyncCrawlerProcess(settings))
for name, url in json.loads(urls).items():
    failed[name] = []
    crawls.add(Scout, {"name": name, "errand": errand(name, url), "ended": failed[name]})
code = crawls.run()
told |= {name: {"error": str(errors[0])} for name, errors in failed.items() if errors}
Path(folder, "told.json").write_text(json.dumps(told), "utf-8")
sys.exit(code)
