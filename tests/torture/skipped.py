"""`Skipped`: a fault that can't be made on this machine."""

__all__ = ["Skipped"]


class Skipped(Exception):
    """The message is why."""
