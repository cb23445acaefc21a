"""`View`: a part at the bottom of the terminal that is drawn again and again, and a log that goes on above it."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from crawler.command import printable

__all__ = ["Above", "View"]


class View:
    """On standard error. As long as it is open, what is written to standard error, and to standard output if that is
    the same terminal, goes above it, line by line, without control characters.
    """

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        # No thread draws it: extraction workers are forked.
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, screen=False
        )
        self.above = Above(self._console)
        self._stack = ExitStack()

    @property
    def width(self) -> int:
        """Cells in a line."""
        return self._console.width

    def open(self) -> None:
        """Begin to show."""
        self._stack.enter_context(redirect_stderr(self.above))
        if sys.stdout.isatty():
            self._stack.enter_context(redirect_stdout(self.above))
        self._live.start()
        atexit.register(self.close)  # the cursor is hidden meanwhile

    def show(self, lines: Sequence[Text]) -> None:
        """Draw these lines in place of those before."""
        most = max(self._console.height - 2, 1)  # what is higher than the terminal would scroll
        shown = lines if len(lines) <= most else [*lines[: most - 1], Text(f"... {len(lines) - most + 1} lines more")]
        with contextlib.suppress(OSError):
            self._live.update(Group(*shown), refresh=True)

    def close(self) -> None:
        """Leave the last lines where they are. A second time does nothing."""
        atexit.unregister(self.close)
        self.above.finish()
        with contextlib.suppress(OSError):  # the terminal is gone
            self._live.stop()
        self._stack.close()


class Above(io.TextIOBase):
    """A stream whose lines appear above the view."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = ""
        self._process = os.getpid()

    def write(self, text: str) -> int:
        """Take text; a line is shown when it has ended."""
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            self._print("\n".join(lines))
        return len(text)

    def finish(self) -> None:
        """Show a line that has not ended."""
        if self._begun:
            self._print(self._begun)
            self._begun = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Nobody is to draw here."""
        return False

    def _print(self, text: str) -> None:
        text = printable(text.replace("\t", "    "))
        with contextlib.suppress(OSError):
            if os.getpid() == self._process:
                self._console.print(Text(text), soft_wrap=True)
            else:  # a worker knows nothing of what has been drawn since it was forked
                print(f"\r{text}", file=self._console.file, flush=True)
