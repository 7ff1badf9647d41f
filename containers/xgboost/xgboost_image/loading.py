"""How a model is loaded: by the thread, or the process, that will have it. XGBoost is not imported before."""

from __future__ import annotations

from pathlib import Path

from salvia_toolkit.serving.handler import Handler

from .lean import lean


def boosters(directory: Path) -> Handler:
    """What training left."""
    lean()
    from .inference.handler import Boosters

    return Boosters(directory)


def script(directory: Path) -> Handler:
    """What the model's inference script makes of it."""
    from salvia_toolkit.serving.script import Script

    from .inference.script import Defaults

    return Script(directory, Defaults())
