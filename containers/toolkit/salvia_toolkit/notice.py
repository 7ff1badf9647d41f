"""What the platform wants to have said in the program's log."""

from __future__ import annotations

import os


def notice() -> None:
    """Say it once: which version runs, where another one was asked for."""
    if said := os.environ.pop("SALVIA_NOTICE", ""):
        print(said, flush=True)
