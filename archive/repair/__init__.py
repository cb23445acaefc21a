"""Mending what a disk or a transfer has damaged: every whole record is kept, and what is gone is told."""
