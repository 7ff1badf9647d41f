"""`serve`: the model that the script's model_fn loads, or a TorchScript module."""

from __future__ import annotations

import sys
from pathlib import Path

from salvia_toolkit.serving import framework
from salvia_toolkit.serving.handler import Handler


def load(directory: Path) -> Handler:
    """What the script makes of the model; in between, tensors and the module's call."""
    from salvia_toolkit.serving.script import Script

    from .tensors import Tensors

    return Script(directory, Tensors())


if __name__ == "__main__":
    sys.exit(framework.main(load, alone=True))
