"""What keeps a process that reads strangers' pages from everything else."""

from archive.sandbox.sandbox import confine, lacking

__all__ = ["confine", "lacking"]
