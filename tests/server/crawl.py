"""`crawl()`: a real Scrapy crawl in a process of its own, since a process has one reactor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["LOOPBACK", "ROOT", "crawl"]

ROOT = Path(__file__).parents[2]
_SPIDER = Path(__file__).with_name("spider.py")
LOOPBACK: dict[str, object] = {
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
    "TDMREP": False,
}
"""For a crawl of a server on this machine: no pauses, and nothing asked for but what a test is about."""
_QUIET = {
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOADER_MIDDLEWARES": '{"crawler.patience.Patience": null}',  # a 429 is a reply like any other here
    "TDMREP": False,
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0,
    "HTTPERROR_ALLOW_ALL": True,
    "LOG_LEVEL": "WARNING",
    "RETRY_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "TELNETCONSOLE_ENABLED": False,
}


def crawl(
    chains: list[list[dict[str, Any]]],
    folder: Path,
    settings: Mapping[str, object],
    *,
    cwd: Path = ROOT,
    code: int = 0,
    timeout: float = 120,
) -> tuple[list[dict[str, Any]], str]:
    """Fetch the requests (keyword arguments of `scrapy.Request`); what the spider saw, and the log.

    `folder` is for scratch files; `settings` come on top of those of the project that `cwd` lies in.
    `code` is the exit code to expect, `timeout` is in seconds.
    """
    spec, seen = folder / "spec.json", folder / "seen.jsonl"
    spec.write_text(json.dumps(chains), "utf-8")
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "runspider",
        str(_SPIDER),
        "-a",
        f"spec={spec}",
        "-a",
        f"seen={seen}",
    ]
    for name, value in {**_QUIET, **settings}.items():
        command += ["-s", f"{name}={value}"]
    # Scrapy would take a proxy from the environment.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    lines = seen.read_text("utf-8").splitlines() if seen.exists() else []
    return [json.loads(line) for line in lines], done.stderr
