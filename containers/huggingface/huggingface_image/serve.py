"""`serve`: a pipeline of the model, or what the script's model_fn loads."""

from __future__ import annotations

import sys
from pathlib import Path

from salvia_toolkit.serving import framework
from salvia_toolkit.serving.handler import Handler

from . import hub


def load(directory: Path) -> Handler:
    """What the script makes of the model; in between, a pipeline and its call."""
    from salvia_toolkit.serving.script import Script

    from .pipelines import Pipelines

    return Script(hub.found() or directory, Pipelines())


def main() -> int:
    """Serve until SIGTERM, and return the exit code."""
    try:
        hub.bring()
    except hub.HubError as problem:
        print(f"ERROR: {problem}", file=sys.stderr, flush=True)
        return 1
    return framework.main(load, alone=True)


if __name__ == "__main__":
    sys.exit(main())
