"""`serve`: the estimator that the script's model_fn loads."""

from __future__ import annotations

import sys
from pathlib import Path

from salvia_toolkit.serving import framework
from salvia_toolkit.serving.handler import Handler


def load(directory: Path) -> Handler:
    """What the script makes of the model; in between, arrays and the estimator's `predict`."""
    from salvia_toolkit.serving.defaults import Arrays
    from salvia_toolkit.serving.script import Script

    return Script(directory, Arrays())


if __name__ == "__main__":
    sys.exit(framework.main(load))
