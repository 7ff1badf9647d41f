"""Which of our hosts a request names: Studio, or a notebook. A bucket or the API, if none.

`studio.DOMAIN` is Studio, `NAME.notebook.DOMAIN` a notebook instance, `NAME.app.DOMAIN` an app of Studio. Each is an
origin of its own to browsers, and has cookies of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

STUDIO = "studio"
_BELOW = ("notebook", "app")  # kinds whose hosts have names
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Place(NamedTuple):
    """What a host stands for; the `name` is empty for Studio, and for a host that can be nothing's."""

    kind: str
    name: str = ""


def read(host: str, domain: str) -> Place | None:
    """What a Host header names, below the domain of Studio and notebooks."""
    name = host.lower().partition(":")[0].rstrip(".")
    if not name.endswith(f".{domain}"):
        return None
    label, _, kind = name[: -len(domain) - 1].rpartition(".")
    if kind == STUDIO and not label:
        return Place(STUDIO)
    if kind in _BELOW and label:
        return Place(kind, label if _LABEL.fullmatch(label) else "")
    return None
