"""Packages that a script's requirements.txt asks for, kept for later jobs of the same role.

The program builds them in its own sandbox, at `BUILT`. Then it asks for them to be kept: they are moved, at once and
whole, to a folder that the programs of this role alone see, and see read-only.
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

BUILT = ("tmp", "salvia-packages")  # below the instance's folder; for the program, below /
_DIGITS = set("0123456789abcdef")


class Overlays:
    """Those of one role and image: on the host below `host`, for the program below `inside`."""

    def __init__(self, told: Mapping[str, str], directory: str) -> None:
        self._host, self._inside = told["host"], told["inside"]
        self._built = os.path.join(directory, *BUILT)

    def answer(self, verb: str, name: str) -> tuple[str, dict[str, Any]]:
        """GET says where the overlay `name` is; PUT keeps what the program has built as that, unless there is one."""
        if len(name) != 64 or set(name) - _DIGITS or verb not in ("GET", "PUT"):
            return "400 Bad Request", {"message": "GET or PUT /overlays/NAME, where NAME is a SHA-256 in hexadecimal."}
        target = os.path.join(self._host, name)
        if verb == "PUT":
            try:
                if not _is_folder(self._built):
                    return "409 Conflict", {"message": f"Nothing is built at /{'/'.join(BUILT)}."}
                # What is found must be whole, also after a power cut.
                os.sync()
                os.rename(self._built, target)
            except OSError as error:
                if not _is_folder(target):
                    return "409 Conflict", {"message": f"It cannot be kept: {error.strerror}."}
        elif not _is_folder(target):
            return "404 Not Found", {"message": "It is not kept yet."}
        os.utime(target, follow_symlinks=False)  # when it was last used
        return "200 OK", {"path": f"{self._inside}/{name}"}


def _is_folder(path: str) -> bool:
    """A link that the program made is none, wherever it leads."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
