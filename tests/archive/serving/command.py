"""`scrapy serve` as a user starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from archive.storage import Store
from tests.archive.serving.pywb import ROOT, pywb_python

__all__ = ["Served", "arguments", "serving"]


class Served:
    """A running `scrapy serve`."""

    def __init__(self, process: subprocess.Popen[str], said: str) -> None:
        self.process = process
        self.said = said
        """What it has printed, on standard error."""
        found = re.findall(r"(http://[\w.]+:\d+)/", said)
        assert found, said
        self.room, self.replay = found[0], found[-1]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send it a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


def arguments(store: Store, *options: str) -> list[str]:
    """The command, on any two ports, with pywb's environment of the tests."""
    environment = Path(pywb_python()).parent.parent
    command = [sys.executable, "-m", "scrapy", "serve", "--port", "0", "--replay-port", "0"]
    return [*command, "-s", f"ARCHIVE_STORE={store.root}", "-s", f"REPLAY_ENVIRONMENT={environment}", *options]


@contextmanager
def serving(store: Store, *options: str) -> Iterator[Served]:
    """Serve until the end of the block, which must not leave an error behind."""
    with subprocess.Popen(arguments(store, *options), cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "Ctrl-C" not in said and (line := process.stderr.readline()):
            said += line
        served = Served(process, said)

        def listen() -> None:
            for line in process.stderr or ():
                served.said += line

        listening = Thread(target=listen)
        listening.start()
        try:
            yield served
        finally:
            served.stop()
            listening.join()
    assert "Traceback" not in served.said, served.said
