"""Re-runs: today's extractor over stored captures."""

from archive.rerun.candidates import Selection
from archive.rerun.change import Change
from archive.rerun.rerun import Accepted, Reread, Rerun
from archive.rerun.summary import Summary

__all__ = ["Accepted", "Change", "Reread", "Rerun", "Selection", "Summary"]
