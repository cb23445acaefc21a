"""Replay: what runs in pywb's process, in an environment where nothing of ours is installed.

Nothing here is imported by the rest of newswarc; `archive.serving.replay` starts it as a program.
"""
