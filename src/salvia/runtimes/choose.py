"""Which runtime a job gets.

It follows from the image and the settings: what the catalogue knows runs as a process. What it does not know
is an image of somebody else's, which only a container runtime can run; until there is one, the catalogue's
own error, with the nearest names that it has, is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from .base import Runtime, UnsupportedError

T_co = TypeVar("T_co", covariant=True)


class Finder(Protocol[T_co]):
    """What is asked of a catalogue: the image of a name, or a ServiceError that helps."""

    def find(self, uri: str) -> T_co: ...


def choose(uri: str, catalogue: Finder[T_co], runtimes: Mapping[str, Runtime]) -> tuple[Runtime, T_co]:
    """The runtime for the image `uri`, and what the catalogue knows of that image.

    Raises ServiceError when nobody has the image, UnsupportedError when no runtime here can run it.
    """
    image = catalogue.find(uri)
    runtime = runtimes.get("process")
    if runtime is None:
        raise UnsupportedError(
            f"The image {uri} needs the process runtime, but this service runs with "
            f"{', '.join(sorted(runtimes)) or 'no runtime at all'}. Enable the process runtime."
        )
    return runtime, image
