"""Inspection: judging WARC and WACZ files of anyone."""

from archive.inspection.inspection import inspect

__all__ = ["inspect"]
