"""What answers invocations: an image's own code, or a user's script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from .message import Request, Response


class Handler(Protocol):
    """A loaded model. One thread at a time calls it.

    `batches`: whether it gains from several requests at once; else it is given one at a time.
    """

    batches: bool

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each. What it raises is answered with 500, or with a Refused's own status."""


Loader = Callable[[Path], Handler]
"""Makes a handler of a folder with a model in it, in the thread or the process that will have it: a function of a
module, by whose name a worker finds it."""
