"""`serve`: the SavedModels of the archive, with the handlers of its script, if it has one."""

from __future__ import annotations

import sys
from pathlib import Path

from salvia_toolkit.serving import framework, script
from salvia_toolkit.serving.handler import Handler

from . import threads


def load(directory: Path) -> Handler:
    """The models in a folder. What a script imports may lie beside it, in code/lib."""
    from .handlers import Handlers
    from .saved_models import SavedModels

    sys.path.insert(0, str(directory / "code" / "lib"))
    return Handlers(SavedModels(directory), script.loaded())


if __name__ == "__main__":
    threads.limit()
    sys.exit(framework.main(load, alone=True, parallel=True))
