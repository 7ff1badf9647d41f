"""`serve`: the model server."""

from __future__ import annotations

import os
import sys

from salvia_toolkit.serving.main import serve

from .lean import lean


def main() -> int:
    """Serve until SIGTERM, and return the exit code."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # see train.py
    lean()
    from .inference.handler import Boosters

    return serve(Boosters)


if __name__ == "__main__":
    sys.exit(main())
