"""Kernels of a Jupyter server beside its own: one in the environment of each image that stands.

None is built for it: which images stand is looked up in their folders. The server lends them its own ipykernel, so that
theirs must be the same Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from salvia.images.builder import Builder, Environment

from .world import World

_LAUNCHER = Path("jupyterlab_image", "kernel.py")  # in the program of the server's image


def found(world: World, own: Environment) -> list[Environment]:
    """The environments, by the names of their images. Reads files."""
    if not (own.program / _LAUNCHER).exists():
        return []
    builder = Builder(world.settings.home / "images")
    built = [builder.built(image) for image in world.catalogue if image.name != own.image.name]
    return sorted((one for one in built if one is not None and one.home == own.home), key=lambda one: one.image.name)


def spec(kernel: Environment, own: Environment) -> dict[str, Any]:
    """What Jupyter is told of it. Source: jupyter_client, "Kernel specs"."""
    (library,) = (own.packages / "venv" / "lib").glob("python3*")
    return {
        "name": kernel.image.name,
        "display_name": f"Image {kernel.image.name}",
        "argv": [
            str(kernel.python),
            str(own.program / _LAUNCHER),
            str(library / "site-packages"),
            "-f",
            "{connection_file}",
        ],
        "env": kernel.variables,
    }
