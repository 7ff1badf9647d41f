"""The job's log: lines on standard output, each written at once."""

from __future__ import annotations


def say(text: str) -> None:
    """Write one line; flushed, because its readers follow the log while the job runs."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Write one line that somebody should act upon."""
    print(f"WARNING: {text}", flush=True)
