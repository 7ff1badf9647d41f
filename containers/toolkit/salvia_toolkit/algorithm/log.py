"""The job's log: lines on standard output, each written at once."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Write one line; flushed, because its readers follow the log while the job runs."""
    _write(text)


def warn(text: str) -> None:
    """Write one line that somebody should act upon."""
    _write(f"WARNING: {text}")


def _write(line: str) -> None:
    # One call, so that lines of several threads do not mix, as print() would allow.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
