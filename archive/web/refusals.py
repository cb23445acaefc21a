"""`Refusal`: a request that can't be answered, with a status and a sentence for the person who asked."""

from __future__ import annotations

import math

from archive.errors import ArchiveError

__all__ = ["Busy", "Refusal", "TooLarge", "TooMany", "TooSlow", "Unfit", "Unknown", "Withheld"]


class Refusal(ArchiveError):
    """A request that can't be answered."""

    status = 400
    title = "This can't be answered"


class Unfit(Refusal):
    """A parameter that is missing or wrong."""

    title = "Something in the address is not right"

    def __init__(self, parameter: str, text: str, *, position: int | None = None) -> None:
        super().__init__(text)
        self.parameter = parameter
        self.position = position
        """Of the character that is to blame, from 0, where there is one."""


class Unknown(Refusal):
    """What was asked for is not in the archive."""

    status = 404
    title = "Not in this archive"


class Withheld(Refusal):
    """What the settings keep from being shown for what its site says (RIGHTS_NOT_SHOWN)."""

    status = 451
    title = "Not shown here"


class TooLarge(Refusal):
    """More was sent than anything here needs, or more is asked for than one answer holds."""

    status = 413
    title = "Too large"


class TooSlow(Refusal):
    """A request that doesn't come to its end."""

    status = 408
    title = "Too slow"


class TooMany(Refusal):
    """One client asks more than its share."""

    status = 429
    title = "Too many requests"

    def __init__(self, seconds: float, what: str = "requests") -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Too many {what}; please try again in {self.seconds} s.")


class Busy(Refusal):
    """Too many others ask for the same at once."""

    status = 503
    title = "Busy"
