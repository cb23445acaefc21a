"""The project deployed to a real scrapyd: an egg, its sources, and a crawl that archives."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.verification.verify import verify
from crawler.demo.newspapers import SOURCES, Newspapers
from tests.server.crawl import ROOT

BIN = Path(sys.executable).parent
PROJECT = ("archive", "crawler", "settings", "scrapy.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE")


def missing() -> str:
    """What is not installed of that which this needs."""
    try:
        importlib.metadata.version("scrapyd"), importlib.metadata.version("scrapyd-client")
        major = int(importlib.metadata.version("setuptools").split(".")[0])
    except importlib.metadata.PackageNotFoundError as error:
        return f"{error.name} is not installed"
    return "" if 77 <= major < 81 else f"setuptools {major} can't build the egg, 77 to 80 can"


pytestmark = pytest.mark.skipif(bool(missing()) and os.environ.get("CI") != "true", reason=missing() or "-")


def outside() -> dict[str, str]:
    """An environment that knows nothing of this project's folder."""
    return {
        k: v for k, v in os.environ.items() if not k.startswith(("SCRAPY", "PYTHONPATH")) and "proxy" not in k.lower()
    }


def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition; minutes are for ever."""
    deadline = time.monotonic() + 150
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture
def scrapyd(tmp_path: Path) -> Iterator[str]:
    """The URL of a scrapyd in a folder of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path / "scrapyd"
    folder.mkdir()
    (folder / "scrapyd.conf").write_text(f"[scrapyd]\nhttp_port = {port}\npoll_interval = 0.2\nmax_proc = 1\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([BIN / "scrapyd"], cwd=folder, env=outside(), stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or "status" in status(url))
        assert process.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(60)


def status(url: str) -> dict[str, Any]:
    try:
        return dict(httpx.get(f"{url}/daemonstatus.json", timeout=60).json())
    except httpx.TransportError:
        return {}


def test_it_is_deployed_and_crawls(scrapyd: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name)
        else:
            shutil.copy(ROOT / name, project)
    shutil.copy(SOURCES / "harbour_courier.toml", project / "settings" / "sources")
    config = project / "scrapy.cfg"
    config.write_text(config.read_text().replace("http://127.0.0.1:6800/", f"{scrapyd}/"))
    deployed = subprocess.run(
        [BIN / "scrapyd-deploy", "--version", "7"],
        cwd=project, env=outside(), capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    spiders = httpx.get(f"{scrapyd}/listspiders.json", params={"project": "newswarc"}, timeout=60).json()["spiders"]
    assert {"harbour_courier", "moscow_times"} <= set(spiders)
    store = Store(tmp_path / "archive")
    with Newspapers() as papers:
        settings = {
            "ARCHIVE_STORE": store.root,
            "AUTOTHROTTLE_ENABLED": False,
            "TDMREP": False,
            "CONNECT_TO": ",".join(papers.connect_to),
            "DOWNLOAD_DELAY": 0,
            "EXTRACT_WORKERS": 1,
            "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
        }
        data = {
            "project": "newswarc", "spider": "harbour_courier", "limit": "1",
            "setting": [f"{name}={value}" for name, value in settings.items()],
        }  # fmt: skip
        scheduled = httpx.post(f"{scrapyd}/schedule.json", data=data, timeout=60).json()
        assert scheduled["status"] == "ok", scheduled
        until(lambda: jobs(scrapyd)["finished"])
    log = (tmp_path / "scrapyd" / "logs" / "newswarc" / "harbour_courier" / f"{scheduled['jobid']}.log").read_text()
    assert "Traceback" not in log, log
    assert "harbour_courier is done" in log
    with Catalogue(store.catalogue_path) as catalogue:
        assert catalogue.counts()["articles"] == 1
    assert verify(store).ok


def jobs(url: str) -> dict[str, Any]:
    return dict(httpx.get(f"{url}/listjobs.json", params={"project": "newswarc"}, timeout=60).json())
